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
        return bytes_per_second(
            saturated(static_cast<double>(bytes) * 1e9 / static_cast<double>(time.count())));
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
        const auto time = static_cast<double>(bytes) * 1e9 / static_cast<double>(rate_);
        if (time >= static_cast<double>(Duration::max().count())) return Duration::max();
        return Duration{static_cast<std::int64_t>(time)};
    }
    /// How many bytes fit into so much time; none into a negative one.
    [[nodiscard]] constexpr std::uint64_t bytes_in(Duration time) const noexcept {
        if (is_infinite()) return rate_;
        return saturated(static_cast<double>(rate_) * static_cast<double>(time.count()) / 1e9);
    }
    [[nodiscard]] constexpr Bandwidth times(double gain) const noexcept {
        if (is_infinite()) return *this;
        return bytes_per_second(saturated(static_cast<double>(rate_) * gain));
    }

    friend constexpr auto operator<=>(Bandwidth, Bandwidth) noexcept = default;

private:
    /// Just under 2^64, so that what is only very much does not become "no limit".
    static constexpr std::uint64_t saturated(double value) noexcept {
        constexpr double kLimit = 18446744073709549568.0;  // 2^64 - 2048, the last double below
        if (!(value > 0)) return 0;
        return static_cast<std::uint64_t>(value < kLimit ? value : kLimit);
    }

    std::uint64_t rate_ = 0;
};

}  // namespace streamkit::congestion
