#pragma once

// When to leave slow start before it loses packets.

#include <cstdint>
#include <optional>

#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"

namespace streamkit::congestion {

/// HyStart++: leaves slow start when the round trip grows, by way of a slower "conservative slow
/// start" that is given up if the growth was a passing one.
///
/// @see RFC 9406, section 4.2
class HystartPlusPlus {
public:
    enum class Phase : std::uint8_t { slow_start, conservative, done };

    void restart() noexcept;
    /// An acknowledgement in slow start.
    ///
    /// @param largest_acked,largest_sent  packet numbers: they delimit the rounds
    void on_ack(std::uint64_t largest_acked, std::uint64_t largest_sent,
                std::optional<Duration> rtt) noexcept;
    [[nodiscard]] Phase phase() const noexcept { return phase_; }
    /// By how much of what was acknowledged the window grows: 1 / divisor.
    [[nodiscard]] std::uint64_t growth_divisor() const noexcept;

private:
    void end_round(std::uint64_t largest_sent) noexcept;

    Phase phase_ = Phase::slow_start;
    std::optional<std::uint64_t> window_end_;  // packet number that ends the round
    Duration last_round_min_rtt_ = Duration::max();
    Duration current_round_min_rtt_ = Duration::max();
    Duration baseline_min_rtt_ = Duration::max();  // at the entry of conservative slow start
    int rtt_sample_count_ = 0;
    int conservative_rounds_ = 0;
};

}  // namespace streamkit::congestion
