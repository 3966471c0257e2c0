#pragma once

// Bytes per second, and what follows from it.

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

namespace streamkit::congestion {

using Duration = std::chrono::nanoseconds;

/// A rate in bytes per second. 0 is "none", `infinite()` is "no limit".
class Bandwidth {
public:
    constexpr Bandwidth() noexcept = default;
    [[nodiscard]] static constexpr Bandwidth bytes_per_second(std::uint64_t rate) noexcept {
        Bandwidth out;
        out.rate_ = rate;
        return out;
    }
    [[nodiscard]] static constexpr Bandwidth bits_per_second(std::uint64_t rate) noexcept {
        return bytes_per_second(rate / 8);
    }
    [[nodiscard]] static constexpr Bandwidth infinite() noexcept {
        return bytes_per_second(std::numeric_limits<std::uint64_t>::max());
    }
    /// `bytes` in `time`; infinite where no time passed.
    [[nodiscard]] static constexpr Bandwidth of(std::uint64_t bytes, Duration time) noexcept {
        if (time.count() <= 0) return infinite();
        return bytes_per_second(static_cast<std::uint64_t>(static_cast<double>(bytes) * 1e9 /
                                                           static_cast<double>(time.count())));
    }

    [[nodiscard]] constexpr std::uint64_t bytes_per_second() const noexcept { return rate_; }
    [[nodiscard]] constexpr std::uint64_t bits_per_second() const noexcept {
        return is_infinite() ? rate_ : rate_ * 8;
    }
    [[nodiscard]] constexpr bool is_infinite() const noexcept {
        return rate_ == std::numeric_limits<std::uint64_t>::max();
    }
    /// How long so many bytes take; `Duration::max()` at a rate of 0, 0 without a limit.
    [[nodiscard]] constexpr Duration time_for(std::uint64_t bytes) const noexcept {
        if (is_infinite()) return Duration::zero();
        if (rate_ == 0) return Duration::max();
        return Duration{static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 /
                                                  static_cast<double>(rate_))};
    }
    /// How many bytes fit into so much time.
    [[nodiscard]] constexpr std::uint64_t bytes_in(Duration time) const noexcept {
        if (is_infinite()) return rate_;
        return static_cast<std::uint64_t>(static_cast<double>(rate_) *
                                          static_cast<double>(time.count()) / 1e9);
    }
    [[nodiscard]] constexpr Bandwidth times(double gain) const noexcept {
        if (is_infinite()) return *this;
        return bytes_per_second(static_cast<std::uint64_t>(static_cast<double>(rate_) * gain));
    }

    friend constexpr auto operator<=>(Bandwidth, Bandwidth) noexcept = default;

private:
    std::uint64_t rate_ = 0;
};

}  // namespace streamkit::congestion
