#include "streamkit/rtmp/message.hpp"

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/byte_writer.hpp"

namespace streamkit::rtmp {

Result<std::uint32_t> read_number(const Message& message) {
    ByteReader in{message.payload};
    const auto number = in.u32();
    if (!in.ok()) return Error{Errc::truncated_message, "protocol control message"};
    return number;
}

Message number_message(MessageType type, std::uint32_t number) {
    ByteWriter out{4};
    out.u32(number);
    return {.type = type, .payload = SharedBuffer::take(out.take())};
}

Result<SetPeerBandwidth> SetPeerBandwidth::read(const Message& message) {
    ByteReader in{message.payload};
    SetPeerBandwidth bandwidth;
    bandwidth.window_bytes = in.u32();
    const auto limit = in.u8();
    if (!in.ok()) return Error{Errc::truncated_message, "Set Peer Bandwidth"};
    bandwidth.limit = limit <= 2 ? static_cast<LimitType>(limit) : LimitType::dynamic;
    return bandwidth;
}

Message SetPeerBandwidth::message() const {
    ByteWriter out{5};
    out.u32(window_bytes);
    out.u8(static_cast<std::uint8_t>(limit));
    return {.type = MessageType::set_peer_bandwidth, .payload = SharedBuffer::take(out.take())};
}

Result<std::optional<UserControl>> UserControl::read(const Message& message) {
    ByteReader in{message.payload};
    UserControl event;
    event.type = static_cast<Type>(in.u16());
    switch (event.type) {
        case Type::stream_begin:
        case Type::stream_eof:
        case Type::stream_dry:
        case Type::stream_is_recorded:
        case Type::ping_request:
        case Type::ping_response:
            event.number = in.u32();
            break;
        case Type::set_buffer_length:
            event.number = in.u32();
            event.buffer_length_ms = in.u32();
            break;
        default:
            // Flash peers send SWF verification and buffer events (26, 27, 31, 32) here.
            if (!in.ok()) return Error{Errc::truncated_message, "User Control event type"};
            return std::optional<UserControl>{};
    }
    if (!in.ok()) return Error{Errc::truncated_message, "User Control event data"};
    return std::optional{event};
}

Message UserControl::message() const {
    ByteWriter out{10};
    out.u16(static_cast<std::uint16_t>(type));
    out.u32(number);
    if (type == Type::set_buffer_length) out.u32(buffer_length_ms);
    return {.type = MessageType::user_control, .payload = SharedBuffer::take(out.take())};
}

Result<std::optional<Message>> AggregateReader::next() {
    const auto rest = aggregate_.payload.slice(offset_);
    if (rest.empty()) return std::optional<Message>{};
    // Each part looks like an FLV tag: FLV 10.1, E.4.1.
    ByteReader in{rest};
    Message part;
    part.type = static_cast<MessageType>(in.u8());
    const auto size = in.u24();
    const auto timestamp_low = in.u24();
    const auto timestamp = std::uint32_t{in.u8()} << 24 | timestamp_low;
    in.skip(3);  // stream id: that of the aggregate overrides it
    const auto payload_offset = in.offset();
    in.skip(size);
    if (!in.ok()) return Error{Errc::malformed_aggregate, "aggregate part", offset_};
    part.payload = rest.slice(payload_offset, size);
    // The back pointer is the size of the part. Some peers leave the last one out.
    if (!in.at_end()) in.skip(4);
    if (!in.ok()) return Error{Errc::malformed_aggregate, "back pointer", offset_ + in.offset()};
    offset_ += in.offset();

    if (!first_timestamp_) first_timestamp_ = timestamp;
    part.stream_id = aggregate_.stream_id;
    part.timestamp_ms =
        aggregate_.timestamp_ms + static_cast<std::int32_t>(timestamp - *first_timestamp_);
    return std::optional{std::move(part)};
}

}  // namespace streamkit::rtmp
