#include "hystart.hpp"

#include <algorithm>
#include <chrono>

namespace streamkit::congestion {

namespace {

using namespace std::chrono_literals;

// RFC 9406, 4.3. L is infinite, as we always pace.
constexpr Duration kMinRttThreshold = 4ms;
constexpr Duration kMaxRttThreshold = 16ms;
constexpr int kMinRttDivisor = 8;
constexpr int kRttSamples = 8;
constexpr std::uint64_t kConservativeGrowthDivisor = 4;
constexpr int kConservativeRounds = 5;

}  // namespace

void HystartPlusPlus::restart() noexcept { *this = HystartPlusPlus{}; }

std::uint64_t HystartPlusPlus::growth_divisor() const noexcept {
    return phase_ == Phase::conservative ? kConservativeGrowthDivisor : 1;
}

void HystartPlusPlus::on_ack(std::uint64_t largest_acked, std::uint64_t largest_sent,
                             std::optional<Duration> rtt) noexcept {
    if (phase_ == Phase::done) return;
    if (!window_end_) window_end_ = largest_sent;
    if (rtt) {
        current_round_min_rtt_ = std::min(current_round_min_rtt_, *rtt);
        ++rtt_sample_count_;
    }
    const auto enough =
        rtt_sample_count_ >= kRttSamples && current_round_min_rtt_ != Duration::max();
    if (phase_ == Phase::slow_start && enough && last_round_min_rtt_ != Duration::max()) {
        const auto threshold =
            std::clamp(last_round_min_rtt_ / kMinRttDivisor, kMinRttThreshold, kMaxRttThreshold);
        if (current_round_min_rtt_ >= last_round_min_rtt_ + threshold) {
            baseline_min_rtt_ = current_round_min_rtt_;
            phase_ = Phase::conservative;
            conservative_rounds_ = 0;
        }
    } else if (phase_ == Phase::conservative && enough &&
               current_round_min_rtt_ < baseline_min_rtt_) {
        // The round trip shrank again: slow start was left too early.
        baseline_min_rtt_ = Duration::max();
        phase_ = Phase::slow_start;
    }
    if (largest_acked >= *window_end_) end_round(largest_sent);
}

void HystartPlusPlus::end_round(std::uint64_t largest_sent) noexcept {
    window_end_ = largest_sent;
    last_round_min_rtt_ = current_round_min_rtt_;
    current_round_min_rtt_ = Duration::max();
    rtt_sample_count_ = 0;
    // A part of the round in which conservative slow start began counts as a round.
    if (phase_ == Phase::conservative && ++conservative_rounds_ >= kConservativeRounds)
        phase_ = Phase::done;
}

}  // namespace streamkit::congestion
