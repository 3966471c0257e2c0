#include "streamkit/congestion/rtt.hpp"

#include <algorithm>

namespace streamkit::congestion {

void RttEstimator::add_sample(Duration rtt, Duration ack_delay) {
    rtt = std::max(rtt, Duration{1});
    latest_ = rtt;
    minimum_ = std::min(minimum_, rtt);
    if (!has_sample_) {
        has_sample_ = true;
        smoothed_ = rtt;
        variation_ = rtt / 2;
        return;
    }
    // RFC 9002, 5.3: the delay is the peer's word, so it never brings a sample below the minimum.
    const auto adjusted = rtt - ack_delay >= minimum_ ? rtt - ack_delay : rtt;
    const auto difference = smoothed_ > adjusted ? smoothed_ - adjusted : adjusted - smoothed_;
    variation_ = (3 * variation_ + difference) / 4;
    smoothed_ = (7 * smoothed_ + adjusted) / 8;
}

Duration RttEstimator::probe_timeout(Duration max_ack_delay) const noexcept {
    constexpr Duration kGranularity = std::chrono::milliseconds{1};  // RFC 9002, 6.1.2
    return smoothed_ + std::max(4 * variation_, kGranularity) + max_ack_delay;
}

}  // namespace streamkit::congestion
