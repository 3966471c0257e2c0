#include "streamkit/rtmp/chunk_writer.hpp"

#include <algorithm>

#include "chunk_header.hpp"
#include "streamkit/base/byte_writer.hpp"

namespace streamkit::rtmp {
namespace {

ChunkStreamId chunk_stream_of(MessageType type) {
    switch (type) {
        case MessageType::set_chunk_size:
        case MessageType::abort:
        case MessageType::acknowledgement:
        case MessageType::user_control:
        case MessageType::window_acknowledgement_size:
        case MessageType::set_peer_bandwidth:
            return ChunkStreamId::control;
        case MessageType::audio:
            return ChunkStreamId::audio;
        case MessageType::video:
        case MessageType::aggregate:
            return ChunkStreamId::video;
        case MessageType::data_amf0:
        case MessageType::data_amf3:
            return ChunkStreamId::data;
        default:
            return ChunkStreamId::command;
    }
}

}  // namespace

Result<SharedBuffer> ChunkWriter::set_chunk_size(std::uint32_t size) {
    if (size == 0 || size > 0x7FFFFFFF) {
        return Error{Errc::chunk_size_out_of_range, "chunk size"};
    }
    auto announcement = write(number_message(MessageType::set_chunk_size, size));
    chunk_size_ = size;
    return announcement;
}

Result<SharedBuffer> ChunkWriter::write(const Message& message) const {
    BytesView rest = message.payload;
    if (rest.size() > kMaxMessageBytes) return Error{Errc::message_too_large, "message length"};
    const auto id = chunk_stream_of(message.type);
    const auto timestamp = static_cast<std::uint32_t>(message.timestamp_ms);
    ByteWriter out{rest.size() + 16};
    write_type_0_header(out, id, message.type, timestamp, rest.size(), message.stream_id);
    while (true) {
        const auto n = std::min<std::size_t>(chunk_size_, rest.size());
        out.bytes(rest.first(n));
        rest = rest.subspan(n);
        if (rest.empty()) return SharedBuffer::take(out.take());
        write_type_3_header(out, id, timestamp);
    }
}

}  // namespace streamkit::rtmp
