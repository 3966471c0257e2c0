#pragma once

// Media time: a number of ticks of a stated length.

#include <compare>
#include <cstdint>

#include "streamkit/base/assert.hpp"

namespace streamkit {

namespace detail {
__extension__ using Int128 = __int128;  // ticks of one timescale times another timescale
}

/// `ticks * from -> to`, rounded to the nearest tick (halves away from zero).
[[nodiscard]] constexpr std::int64_t rescale(std::int64_t ticks, std::uint32_t from,
                                             std::uint32_t to) noexcept {
    STREAMKIT_ASSERT(from != 0);
    if (from == to) return ticks;
    const detail::Int128 scaled = static_cast<detail::Int128>(ticks) * to;
    const detail::Int128 half = from / 2;
    return static_cast<std::int64_t>((scaled >= 0 ? scaled + half : scaled - half) / from);
}

/// A point or a length in media time: `ticks / timescale` seconds.
struct Timestamp {
    std::int64_t ticks = 0;
    std::uint32_t timescale = 1;  ///< ticks per second, never 0

    /// The same time in other ticks, rounded to the nearest.
    [[nodiscard]] constexpr Timestamp in(std::uint32_t other_timescale) const noexcept {
        return {rescale(ticks, timescale, other_timescale), other_timescale};
    }
    [[nodiscard]] constexpr double seconds() const noexcept {
        return static_cast<double>(ticks) / timescale;
    }

    /// Compares the times, exactly, whatever the timescales.
    friend constexpr std::strong_ordering operator<=>(const Timestamp& a,
                                                      const Timestamp& b) noexcept {
        const auto left = static_cast<detail::Int128>(a.ticks) * b.timescale;
        const auto right = static_cast<detail::Int128>(b.ticks) * a.timescale;
        if (left < right) return std::strong_ordering::less;
        if (left > right) return std::strong_ordering::greater;
        return std::strong_ordering::equal;
    }
    friend constexpr bool operator==(const Timestamp& a, const Timestamp& b) noexcept {
        return (a <=> b) == 0;
    }
};

}  // namespace streamkit
