#pragma once

// Numbers of one, two, four or eight bytes. RFC 9000, section 16.

#include <cstddef>
#include <cstdint>

#include "streamkit/base/byte_reader.hpp"

namespace streamkit::rudp {

inline constexpr std::uint64_t kMaxVarint = (std::uint64_t{1} << 62) - 1;

[[nodiscard]] constexpr std::size_t varint_size(std::uint64_t v) noexcept {
    if (v < 0x40) return 1;
    if (v < 0x4000) return 2;
    if (v < 0x4000'0000) return 4;
    return 8;
}

/// Sticky like the reader's own functions: 0 after a short read. Longer forms than needed are taken.
[[nodiscard]] constexpr std::uint64_t read_varint(ByteReader& in) noexcept {
    const std::uint64_t first = in.u8();
    std::uint64_t value = first & 0x3f;
    switch (first >> 6) {
        case 0:
            return value;
        case 1:
            value = value << 8 | in.u8();
            break;
        case 2:
            value = value << 24 | in.u24();
            break;
        default:
            value = value << 24 | in.u24();
            value = value << 32 | in.u32();
            break;
    }
    return in.ok() ? value : 0;
}

}  // namespace streamkit::rudp
