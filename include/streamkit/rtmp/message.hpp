#pragma once

// RTMP messages, and those that control the protocol itself.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/rtmp/errc.hpp"

namespace streamkit::rtmp {

/// RTMP 1.0, 5.4, 6.2 and 7.1.
enum class MessageType : std::uint8_t {
    set_chunk_size = 1,
    abort = 2,
    acknowledgement = 3,
    user_control = 4,
    window_acknowledgement_size = 5,
    set_peer_bandwidth = 6,
    audio = 8,
    video = 9,
    data_amf3 = 15,
    shared_object_amf3 = 16,
    command_amf3 = 17,
    data_amf0 = 18,
    shared_object_amf0 = 19,
    command_amf0 = 20,
    aggregate = 22,
};

/// One message, out of or into the chunk stream.
struct Message {
    MessageType type = MessageType::command_amf0;
    std::uint32_t stream_id = 0;    ///< message stream; 0 is the connection itself
    std::int64_t timestamp_ms = 0;  ///< unwrapped to 64 bits where it was received
    SharedBuffer payload;

    friend bool operator==(const Message&, const Message&) = default;
};

/// The four-byte number that Acknowledgement and Window Acknowledgement Size consist of.
///
/// @return `Errc::truncated_message`
/// @see RTMP 1.0, sections 5.4.3 and 5.4.4
Result<std::uint32_t> read_number(const Message& message);
/// A message of that type that consists of one number: Set Chunk Size, Abort, Acknowledgement,
/// Window Acknowledgement Size.
Message number_message(MessageType type, std::uint32_t number);

/// RTMP 1.0, 5.4.5.
struct SetPeerBandwidth {
    enum class LimitType : std::uint8_t { hard = 0, soft = 1, dynamic = 2 };

    std::uint32_t window_bytes = 0;
    LimitType limit = LimitType::hard;

    /// @return `Errc::truncated_message`; an unknown limit type reads as dynamic
    static Result<SetPeerBandwidth> read(const Message& message);
    [[nodiscard]] Message message() const;
};

/// RTMP 1.0, 7.1.7.
struct UserControl {
    enum class Type : std::uint16_t {
        stream_begin = 0,
        stream_eof = 1,
        stream_dry = 2,
        set_buffer_length = 3,
        stream_is_recorded = 4,
        ping_request = 6,
        ping_response = 7,
    };

    Type type = Type::stream_begin;
    std::uint32_t number = 0;            ///< message stream id, or the time stamp of a ping in ms
    std::uint32_t buffer_length_ms = 0;  ///< set_buffer_length only

    /// @return `Errc::truncated_message`; nothing for an event of another type
    static Result<std::optional<UserControl>> read(const Message& message);
    [[nodiscard]] Message message() const;
};

/// Takes an aggregate message apart; the payloads are slices of its payload.
///
/// @see RTMP 1.0, section 7.1.6
class AggregateReader {
public:
    explicit AggregateReader(Message aggregate) : aggregate_(std::move(aggregate)) {}

    /// The next part, with a time of its own: the aggregate's time is that of its first part.
    ///
    /// @return nothing at the end; `Errc::malformed_aggregate` if a part is longer than the rest
    Result<std::optional<Message>> next();

private:
    Message aggregate_;
    std::size_t offset_ = 0;
    std::optional<std::uint32_t> first_timestamp_;
};

}  // namespace streamkit::rtmp
