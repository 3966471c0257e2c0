#pragma once

// Spreads packets over time, in bursts of at most a millisecond.

#include <cstdint>

#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"

namespace streamkit::congestion {

/// A leaky bucket: says how many bytes may leave now, and when more may.
class Pacer {
public:
    /// Bursts last no longer than this at the pacing rate (but are never less than two packets).
    static constexpr Duration kMaxBurst = std::chrono::milliseconds{1};

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
    TimePoint next_{};  // when the bytes sent so far have left at the pacing rate
};

}  // namespace streamkit::congestion
