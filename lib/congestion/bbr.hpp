#pragma once

// BBR: a model of the path's rate and round trip decides what is sent.

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "cubic.hpp"
#include "streamkit/congestion/controller.hpp"
#include "window_limits.hpp"

namespace streamkit::congestion {

/// BBR version 3 with two changes: losses count only where they come with a queue, and beside a
/// neighbour who keeps the queue full it behaves like him.
///
/// bbr.cpp has the model, bbr_states.cpp what is done in each state, bbr_neighbour.cpp what is ours.
///
/// @see draft-ietf-ccwg-bbr; docs/decisions/0011
class Bbr final : public Controller {
public:
    Bbr(const ControllerConfig& config, RandomSource& random);

    void on_sent(TimePoint now, std::uint64_t packet_number, const DeliveryState& state) override;
    void on_lost(TimePoint now, const LostPacket& packet) override;
    void on_ack(const AckEvent& event) override;
    void on_spurious_loss(TimePoint now, const LostPacket& packet) override;
    void on_persistent_congestion(TimePoint now) override;
    void on_idle_restart(TimePoint now) override;
    void set_max_datagram_bytes(std::uint32_t bytes) override;

    [[nodiscard]] std::uint64_t window() const noexcept override { return cwnd_; }
    [[nodiscard]] Bandwidth pacing_rate() const noexcept override { return pacing_rate_; }
    [[nodiscard]] Bandwidth bandwidth() const noexcept override { return bw_; }
    [[nodiscard]] std::string_view phase() const noexcept override;

private:
    static constexpr std::uint64_t kInfinite = std::numeric_limits<std::uint64_t>::max();

    enum class State : std::uint8_t {
        startup,
        drain,
        probe_bw_down,
        probe_bw_cruise,
        probe_bw_refill,
        probe_bw_up,
        probe_rtt,
        coexist,  ///< ours: beside a neighbour who fills the queue
    };
    /// What the acknowledgements that come in now tell of: the packets of which part of a probe.
    enum class AckPhase : std::uint8_t {
        init,
        refilling,
        probe_starting,
        probe_feedback,
        probe_stopping,
    };

    // bbr.cpp: the model, at each acknowledgement.
    void update_latest_delivery_signals(const AckEvent& event);
    void advance_latest_delivery_signals(const AckEvent& event);
    void update_round(const AckEvent& event);
    void start_round();
    void update_congestion_signals(const AckEvent& event);
    void adapt_lower_bounds();
    void reset_congestion_signals();
    void reset_lower_bounds();
    void update_ack_aggregation(const AckEvent& event);
    void update_min_rtt(const AckEvent& event);
    void handle_inflight_too_high(TimePoint now, std::uint64_t inflight_at_loss, bool app_limited);
    [[nodiscard]] std::uint64_t inflight_at_loss(const LostPacket& packet,
                                                 std::uint64_t lost) const;
    [[nodiscard]] Bandwidth max_bw() const noexcept;
    void advance_max_bw_filter() noexcept;
    [[nodiscard]] std::uint64_t extra_acked() const noexcept;
    // bbr.cpp: control parameters.
    void set_pacing_rate(double gain);
    void set_cwnd(const AckEvent& event);
    void bound_cwnd_for_model();
    [[nodiscard]] std::uint64_t bdp(Bandwidth bw, double gain) const noexcept;
    [[nodiscard]] std::uint64_t inflight(Bandwidth bw, double gain) const noexcept;
    [[nodiscard]] std::uint64_t quantized(std::uint64_t bytes) const noexcept;
    [[nodiscard]] std::uint64_t inflight_with_headroom() const noexcept;
    [[nodiscard]] std::uint64_t probe_rtt_cwnd() const noexcept;

    // bbr_states.cpp
    void enter(State state);
    void check_full_bw_reached(const AckEvent& event);
    void reset_full_bw();
    void check_startup_done(const AckEvent& event);
    void check_drain_done(const AckEvent& event);
    void update_probe_bw_cycle_phase(const AckEvent& event);
    void start_probe_bw_down(TimePoint now);
    void start_probe_bw_cruise();
    void start_probe_bw_refill();
    void start_probe_bw_up(const AckEvent& event);
    [[nodiscard]] bool is_time_to_probe_bw(TimePoint now) const;
    [[nodiscard]] bool is_time_to_cruise(const AckEvent& event) const;
    [[nodiscard]] bool is_time_to_go_down(const AckEvent& event);
    void pick_probe_wait();
    void adapt_long_term_model(const AckEvent& event);
    void probe_inflight_hi_upward(const AckEvent& event);
    void raise_inflight_hi_slope();
    void check_probe_rtt(const AckEvent& event);
    void enter_probe_rtt();
    void handle_probe_rtt(const AckEvent& event);
    void exit_probe_rtt(TimePoint now);
    [[nodiscard]] bool is_in_probe_bw() const noexcept;
    [[nodiscard]] bool is_probing_bw() const noexcept;

    // bbr_neighbour.cpp
    void update_queue_signal(const AckEvent& event);
    [[nodiscard]] bool has_queue() const noexcept;
    void note_clear_delivery(std::uint64_t acked, std::uint64_t lost) noexcept;
    [[nodiscard]] double clear_loss() const noexcept;
    [[nodiscard]] bool is_inflight_too_high(std::uint64_t lost,
                                            std::uint64_t in_flight) const noexcept;
    void update_neighbour(const AckEvent& event);
    void cruise_round(const AckEvent& event, bool clear, Bandwidth rate);
    void take_share();
    void enter_coexist(TimePoint now);
    void coexist_round(const AckEvent& event, bool clear);

    WindowLimits limits_;
    RandomSource& random_;

    State state_ = State::startup;
    double pacing_gain_;
    double cwnd_gain_;
    std::uint64_t cwnd_;
    std::uint64_t prior_cwnd_ = 0;  // before ProbeRTT
    Bandwidth pacing_rate_;
    Duration smoothed_rtt_{};
    bool cwnd_limited_ = false;  // in this round

    // Rounds.
    std::uint64_t delivered_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t next_round_delivered_ = 0;
    bool round_start_ = false;

    // The path: rate.
    std::array<Bandwidth, 2> bw_filter_{};  // max of the cycle at hand and of the one before
    Bandwidth bw_;                          // what we go by
    Bandwidth bw_lo_ = Bandwidth::infinite();
    Bandwidth bw_latest_;
    // The path: volume.
    std::uint64_t inflight_hi_ = kInfinite;
    std::uint64_t inflight_lo_ = kInfinite;
    std::uint64_t inflight_latest_ = 0;
    // The path: round trip.
    Duration min_rtt_ = Duration::max();
    TimePoint min_rtt_stamp_{};
    Duration probe_rtt_min_delay_ = Duration::max();
    TimePoint probe_rtt_min_stamp_{};
    Duration probe_rtt_interval_;
    bool probe_rtt_expired_ = false;
    std::optional<TimePoint> probe_rtt_done_stamp_;
    bool probe_rtt_round_done_ = false;
    bool idle_restart_ = false;

    // Losses of the round.
    std::uint64_t loss_round_delivered_ = 0;
    bool loss_round_start_ = false;
    bool loss_in_round_ = false;
    bool congested_in_round_ = false;  // losses that come with a queue, or marks
    std::uint64_t loss_events_ = 0;    // of the round: runs of consecutive packets
    std::uint64_t last_lost_number_ = 0;

    // Startup, and ProbeBW_UP.
    bool full_bw_reached_ = false;
    bool full_bw_now_ = false;
    Bandwidth full_bw_;
    int full_bw_count_ = 0;

    // ProbeBW.
    AckPhase ack_phase_ = AckPhase::init;
    bool bw_probe_samples_ = false;
    TimePoint cycle_stamp_{};
    Duration bw_probe_wait_{};
    std::uint64_t rounds_since_bw_probe_ = 0;
    int bw_probe_up_rounds_ = 0;
    std::uint64_t bw_probe_up_acks_ = 0;        // bytes
    std::uint64_t probe_up_count_ = kInfinite;  // bytes acknowledged for one more packet
    int down_rounds_ = 0;
    int up_rounds_ = 0;
    Duration up_rtt_ = Duration::max();  // at the start of ProbeBW_UP

    // Ack aggregation: the most that came beyond what the rate explains, over two spans of rounds.
    TimePoint extra_acked_start_{};
    std::uint64_t extra_acked_delivered_ = 0;
    std::array<std::uint64_t, 2> extra_acked_filter_{};
    int extra_acked_rounds_ = 0;

    // The queue, by the least round trip of the last few samples: jitter does not hide it.
    Duration recent_rtt_ = Duration::max();
    Duration bucket_rtt_ = Duration::max();
    Duration last_bucket_rtt_ = Duration::max();
    int bucket_samples_ = 0;
    TimePoint bucket_start_{};
    // The loss that does not depend on us: of packets while there is no queue and we do not probe.
    std::uint64_t clear_acked_ = 0;
    std::uint64_t clear_lost_ = 0;

    // Neighbours.
    Cubic cubic_;
    Duration round_rtt_ = Duration::max();  // least of the round
    std::uint64_t round_delivered_ = 0;     // at its start
    TimePoint round_time_{};
    int cruise_rounds_ = 0;
    int queue_rounds_ = 0;  // of them, the last ones that never saw the queue empty
    Bandwidth rate_at_queue_;
    std::uint64_t inflight_at_queue_ = 0;
    bool shared_ = false;  // we have given way to someone in this cycle
    std::optional<TimePoint> coexist_left_;

    // What the losses of a round changed, to be put back if they were none.
    struct Undo {
        State state = State::startup;
        Bandwidth bw_lo;
        std::uint64_t inflight_lo = 0;
        std::uint64_t inflight_hi = 0;
        std::uint64_t losses = 0;  // not proved spurious
    };
    std::optional<Undo> undo_;
};

}  // namespace streamkit::congestion
