#pragma once

// CUBIC with HyStart++: what most TCP does.

#include <cstdint>
#include <optional>
#include <string_view>

#include "hystart.hpp"
#include "streamkit/congestion/controller.hpp"
#include "window_limits.hpp"

namespace streamkit::congestion {

/// @see RFC 9438; RFC 9406 for slow start
class Cubic final : public Controller {
public:
    /// @param beta  what remains of the window after a loss; RFC 9438, 4.6: 0.7
    explicit Cubic(const ControllerConfig& config, double beta = 0.7);

    void on_sent(TimePoint now, std::uint64_t packet_number, const DeliveryState& state) override;
    void on_lost(TimePoint now, const LostPacket& packet) override;
    void on_ack(const AckEvent& event) override;
    void on_spurious_loss(TimePoint now, const LostPacket& packet) override;
    void on_persistent_congestion(TimePoint now) override;
    void on_idle_restart(TimePoint now) override;
    void set_max_datagram_bytes(std::uint32_t bytes) override;

    /// Goes on in congestion avoidance from a window that was found by other means.
    void resume(std::uint64_t window, std::uint64_t w_max) noexcept;

    [[nodiscard]] std::uint64_t window() const noexcept override { return cwnd_; }
    [[nodiscard]] Bandwidth pacing_rate() const noexcept override;
    [[nodiscard]] std::string_view phase() const noexcept override;

private:
    /// What a congestion event changes, to be put back if it was none.
    struct State {
        std::uint64_t cwnd = 0;
        std::uint64_t ssthresh = 0;
        double w_max = 0;
        double k = 0;
        double w_est = 0;
        std::optional<TimePoint> epoch_start;
    };

    [[nodiscard]] bool in_slow_start() const noexcept { return cwnd_ < ssthresh_; }
    [[nodiscard]] bool in_recovery(TimePoint sent_time) const noexcept {
        return recovery_start_ && sent_time <= *recovery_start_;
    }
    void on_congestion_event(TimePoint now, double beta);
    void slow_start(const AckEvent& event);
    void congestion_avoidance(const AckEvent& event);
    void start_epoch(TimePoint now);

    WindowLimits limits_;
    double beta_;
    std::uint64_t cwnd_;
    std::uint64_t ssthresh_;
    HystartPlusPlus hystart_;
    Duration smoothed_rtt_{};  // 0: none yet

    // RFC 9438, 4.1.2, in bytes where the RFC counts segments.
    double w_max_ = 0;                      // window before the last reduction
    double k_ = 0;                          // seconds to grow back to w_max
    double w_est_ = 0;                      // what Reno would have
    double cwnd_prior_ = 0;                 // at the last reduction
    std::uint64_t cwnd_epoch_ = 0;          // at the start of the epoch
    std::optional<TimePoint> epoch_start_;  // of congestion avoidance
    double growth_ = 0;                     // not yet added to the window, in bytes
    TimePoint last_ack_{};

    std::optional<TimePoint> recovery_start_;
    State before_{};                    // the last congestion event
    std::uint64_t episode_losses_ = 0;  // of that event, not proved spurious
    bool can_undo_ = false;
};

}  // namespace streamkit::congestion
