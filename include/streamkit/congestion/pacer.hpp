#pragma once

// Spreads packets over time, in bursts of at most a millisecond.

#include <cstdint>

#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"

namespace streamkit::congestion {

/// A leaky bucket: says how many bytes may leave now, and when more may.
///
/// It lets a whole burst go at once, so that it can be handed to the system in one call, and then
/// nothing until the burst would have left at the pacing rate. A caller that wakes late is owed the
/// time it lost, within limits, and gets it back by bursts at up to twice the rate.
class Pacer {
public:
    /// Bursts last no longer than this at the pacing rate (but are never less than two packets).
    static constexpr Duration kMaxBurst = std::chrono::milliseconds{1};
    /// No more lateness than this is made up for.
    static constexpr Duration kMaxCredit = std::chrono::milliseconds{4};

    /// Holds from now on, for the burst that is under way too.
    void set_rate(Bandwidth rate) noexcept { rate_ = rate; }
    [[nodiscard]] Bandwidth rate() const noexcept { return rate_; }
    void set_max_datagram_bytes(std::uint32_t bytes) noexcept { max_datagram_bytes_ = bytes; }

    /// Bytes that may leave now; 0: wait until `next_send_time()`.
    [[nodiscard]] std::uint64_t budget(TimePoint now) const noexcept;
    void on_sent(TimePoint now, std::uint64_t bytes) noexcept;
    /// When a burst may leave; in the past if one may leave at once.
    [[nodiscard]] TimePoint next_send_time() const noexcept;

private:
    [[nodiscard]] std::uint64_t burst_bytes() const noexcept;

    Bandwidth rate_ = Bandwidth::infinite();
    std::uint32_t max_datagram_bytes_ = 1200;
    TimePoint burst_start_{};       // when the last burst began
    std::uint64_t burst_sent_ = 0;  // bytes of it so far
    Duration credit_{};             // how much earlier the burst should have left
};

}  // namespace streamkit::congestion
