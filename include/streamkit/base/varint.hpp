#pragma once

// Numbers of one, two, four or eight bytes, as QUIC writes them. RFC 9000, section 16.

#include <cstddef>
#include <cstdint>

#include "streamkit/base/assert.hpp"
#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/byte_writer.hpp"

namespace streamkit {

inline constexpr std::uint64_t kMaxVarint = (std::uint64_t{1} << 62) - 1;

/// Bytes of the shortest form of `v`, which is at most `kMaxVarint`.
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

/// Appends the shortest form.
///
/// @param v  at most `kMaxVarint`
inline void write_varint(ByteWriter& out, std::uint64_t v) {
    STREAMKIT_ASSERT(v <= kMaxVarint);
    switch (varint_size(v)) {
        case 1:
            out.u8(static_cast<std::uint8_t>(v));
            break;
        case 2:
            out.u16(static_cast<std::uint16_t>(v | 0x4000));
            break;
        case 4:
            out.u32(static_cast<std::uint32_t>(v | 0x8000'0000));
            break;
        default:
            out.u64(v | 0xC000'0000'0000'0000);
            break;
    }
}

}  // namespace streamkit
