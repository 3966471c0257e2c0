#pragma once

// Less than best effort: takes what others leave.

#include <cstdint>
#include <optional>
#include <string_view>

#include "streamkit/congestion/controller.hpp"
#include "window_limits.hpp"

namespace streamkit::congestion {

/// LEDBAT by round-trip times: it holds the queue at a small target and so gives way to everyone
/// who makes a longer one.
///
/// @see RFC 6817, and draft-irtf-iccrg-ledbat-plus-plus for the slow start, the multiplicative
///      decrease and the periodic slowdowns; where this differs, the body says so
class Background final : public Controller {
public:
    explicit Background(const ControllerConfig& config);

    void on_sent(TimePoint now, std::uint64_t packet_number, const DeliveryState& state) override;
    void on_lost(TimePoint now, const LostPacket& packet) override;
    void on_ack(const AckEvent& event) override;
    void on_spurious_loss(TimePoint now, const LostPacket& packet) override;
    void on_persistent_congestion(TimePoint now) override;
    void on_idle_restart(TimePoint now) override;
    void set_max_datagram_bytes(std::uint32_t bytes) override;

    [[nodiscard]] std::uint64_t window() const noexcept override { return cwnd_; }
    [[nodiscard]] Bandwidth pacing_rate() const noexcept override;
    [[nodiscard]] std::string_view phase() const noexcept override;

private:
    enum class State : std::uint8_t {
        slow_start,
        steady,
        slowdown,  ///< almost nothing is sent, so that our own queue drains
        recovery,  ///< back by slow start to the window of before
    };

    [[nodiscard]] Duration target() const noexcept;
    [[nodiscard]] Duration queue_delay() const noexcept;
    void update_delay(const AckEvent& event);
    void enter_steady(TimePoint now);
    void start_slowdown(TimePoint now);
    void decrease(TimePoint now);
    void grow_by_slow_start(const AckEvent& event);
    void steer(const AckEvent& event);
    void set_window(double bytes);

    WindowLimits limits_;
    State state_ = State::slow_start;
    std::uint64_t cwnd_;
    double window_;  // cwnd with its fraction
    std::uint64_t ssthresh_;
    Duration smoothed_rtt_{};

    Duration base_rtt_ = Duration::max();  // least of this and the last slowdown
    Duration current_base_ = Duration::max();
    Duration filtered_rtt_ = Duration::max();  // least of the last few samples
    Duration bucket_rtt_ = Duration::max();
    Duration last_bucket_rtt_ = Duration::max();
    Duration last_rtt_{};
    Duration jitter_{};  // between samples that follow each other
    int bucket_samples_ = 0;
    TimePoint bucket_start_{};

    std::optional<TimePoint> next_slowdown_;
    TimePoint slowdown_start_{};
    TimePoint steady_since_{};
    std::optional<TimePoint> last_yield_;  // to a queue that is not ours
    TimePoint slowdown_until_{};
    std::optional<TimePoint> recovery_start_;  // the last decrease for a loss
    std::uint64_t before_loss_ = 0;
    std::uint64_t episode_losses_ = 0;
};

}  // namespace streamkit::congestion
