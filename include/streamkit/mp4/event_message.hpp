#pragma once

// The event message box (emsg), ISO/IEC 23009-1, 5.10.3.3.

#include <cstdint>
#include <string>

#include "streamkit/base/byte_writer.hpp"
#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::mp4 {

inline constexpr std::uint32_t kUnknownEventDuration = 0xffffffff;

/// A timed event in front of a chunk.
struct EventMessage {
    std::uint8_t version = 1;             ///< 0 or 1
    std::string scheme_id_uri;            ///< without a zero character
    std::string value;                    ///< without a zero character
    std::uint32_t timescale = 1;          ///< the track's
    std::uint64_t presentation_time = 0;  ///< version 1: absolute; version 0: from the segment's
                                          ///< earliest presentation time, 32 bits
    std::uint32_t event_duration = kUnknownEventDuration;
    std::uint32_t id = 0;
    Bytes message_data;

    friend bool operator==(const EventMessage&, const EventMessage&) = default;
};

/// Writes the box.
///
/// @return `Errc::value_out_of_range` for a zero character in a text, a `timescale` of 0, or a
///         version 0 time above 32 bits; `Errc::unsupported_version`. Nothing is written then
Result<void> write_event_message(ByteWriter& out, const EventMessage& message);

/// Reads the payload of an emsg box.
///
/// @return `Errc::unsupported_version`, `Errc::truncated_box`, `Errc::unterminated_string`
Result<EventMessage> read_event_message(BytesView payload);

}  // namespace streamkit::mp4
