#pragma once

// Chunk headers as we write them: type 0 for the first chunk of each message, type 3 for the others,
// so that no message depends on one before it.

#include <cstddef>
#include <cstdint>

#include "streamkit/base/byte_writer.hpp"
#include "streamkit/rtmp/message.hpp"

namespace streamkit::rtmp {

/// RTMP 1.0, 5.3.1.3: in the 24-bit field, the time stamp stands in 32 bits behind the header.
inline constexpr std::uint32_t kExtendedTimestampMark = 0xFFFFFF;
/// A message length has 24 bits: RTMP 1.0, 5.3.1.2.1.
inline constexpr std::size_t kMaxMessageBytes = 0xFFFFFF;

/// Chunk stream ids that we use; one byte each. RTMP 1.0, 5.3.1.1 reserves 2 for protocol control.
enum class ChunkStreamId : std::uint8_t {
    control = 2,
    command = 3,
    audio = 4,
    data = 5,
    video = 6
};

/// Where in a type 0 header the message stream id stands, in four bytes, little-endian.
inline constexpr std::size_t kStreamIdOffset = 1 + 3 + 3 + 1;

inline void write_type_0_header(ByteWriter& out, ChunkStreamId id, MessageType type,
                                std::uint32_t timestamp, std::size_t length,
                                std::uint32_t stream_id) {
    const bool extended = timestamp >= kExtendedTimestampMark;
    out.u8(static_cast<std::uint8_t>(id));
    out.u24(extended ? kExtendedTimestampMark : timestamp);
    out.u24(static_cast<std::uint32_t>(length));
    out.u8(static_cast<std::uint8_t>(type));
    out.u32le(stream_id);
    if (extended) out.u32(timestamp);
}

inline void write_type_3_header(ByteWriter& out, ChunkStreamId id, std::uint32_t timestamp) {
    out.u8(static_cast<std::uint8_t>(0xC0 | static_cast<std::uint8_t>(id)));
    if (timestamp >= kExtendedTimestampMark) out.u32(timestamp);
}

}  // namespace streamkit::rtmp
