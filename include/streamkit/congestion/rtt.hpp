#pragma once

// Round-trip time: smoothed, its variation, and the least of late.

#include <optional>

#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"

namespace streamkit::congestion {

/// What RTT samples tell.
///
/// @see RFC 9002, section 5
class RttEstimator {
public:
    /// What is assumed before the first sample: RFC 9002, 6.2.2.
    static constexpr Duration kInitial = std::chrono::milliseconds{333};

    /// @param ack_delay  how long the peer says that it waited before it answered; taken off the
    ///                   sample unless that brings it below the minimum
    void add_sample(Duration rtt, Duration ack_delay);

    [[nodiscard]] bool has_sample() const noexcept { return has_sample_; }
    [[nodiscard]] Duration latest() const noexcept { return latest_; }
    [[nodiscard]] Duration smoothed() const noexcept { return smoothed_; }
    [[nodiscard]] Duration variation() const noexcept { return variation_; }
    /// Of all samples since the start (of the path), without any correction by ack delay.
    [[nodiscard]] Duration minimum() const noexcept { return minimum_; }
    /// How long to wait for an answer: `smoothed + max(4 * variation, 1 ms) + max_ack_delay`.
    /// @see RFC 9002, section 6.2.1
    [[nodiscard]] Duration probe_timeout(Duration max_ack_delay) const noexcept;

private:
    bool has_sample_ = false;
    Duration latest_{};
    Duration smoothed_ = kInitial;
    Duration variation_ = kInitial / 2;
    Duration minimum_ = Duration::max();
};

}  // namespace streamkit::congestion
