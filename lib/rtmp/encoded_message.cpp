#include "streamkit/rtmp/encoded_message.hpp"

#include <algorithm>

#include "chunk_header.hpp"
#include "streamkit/base/assert.hpp"
#include "streamkit/base/byte_writer.hpp"

namespace streamkit::rtmp {
namespace {

ChunkStreamId chunk_stream_of(flv::TagType type) {
    switch (type) {
        case flv::TagType::audio:
            return ChunkStreamId::audio;
        case flv::TagType::video:
            return ChunkStreamId::video;
        case flv::TagType::script_data:
            break;
    }
    return ChunkStreamId::data;
}

}  // namespace

Result<EncodedMessage> EncodedMessage::make(const flv::TagBody& body, std::uint32_t chunk_size) {
    STREAMKIT_ASSERT(chunk_size > 0);
    const auto length = body.size();
    if (length > kMaxMessageBytes) return Error{Errc::message_too_large, "message length"};
    const auto id = chunk_stream_of(body.type);
    const auto timestamp = static_cast<std::uint32_t>(body.timestamp_ms);

    // First all headers, the FLV one included, go into one block; `own_ends` says where in it each
    // run of own bytes ends. Then the slices are cut.
    ByteWriter own{32 + body.header.size() + 5 * (length / chunk_size)};
    std::vector<std::size_t> own_ends;
    std::vector<std::size_t> payload_sizes;
    write_type_0_header(own, id, static_cast<MessageType>(body.type), timestamp, length,
                        kMessageStreamId);
    BytesView tag_header = body.header;
    std::size_t payload_left = body.payload.size();
    while (true) {
        auto chunk_left = std::size_t{chunk_size};
        const auto from_header = std::min(chunk_left, tag_header.size());
        own.bytes(tag_header.first(from_header));
        tag_header = tag_header.subspan(from_header);
        chunk_left -= from_header;
        if (const auto from_payload = std::min(chunk_left, payload_left); from_payload > 0) {
            own_ends.push_back(own.size());
            payload_sizes.push_back(from_payload);
            payload_left -= from_payload;
        }
        if (tag_header.empty() && payload_left == 0) break;
        write_type_3_header(own, id, timestamp);
    }

    EncodedMessage message;
    message.type_ = body.type;
    message.chunk_size_ = chunk_size;
    message.size_bytes_ = own.size() + body.payload.size();
    const auto block = SharedBuffer::take(own.take());
    message.slices_.reserve(std::max<std::size_t>(1, 2 * own_ends.size()));
    std::size_t own_begin = 0;
    std::size_t payload_begin = 0;
    for (std::size_t i = 0; i < own_ends.size(); ++i) {
        message.slices_.push_back(block.slice(own_begin, own_ends[i] - own_begin));
        message.slices_.push_back(body.payload.slice(payload_begin, payload_sizes[i]));
        own_begin = own_ends[i];
        payload_begin += payload_sizes[i];
    }
    if (message.slices_.empty()) message.slices_.push_back(block);
    return message;
}

SharedBuffer EncodedMessage::first_slice_for(std::uint32_t message_stream_id) const {
    const auto& first = slices_.front();
    if (message_stream_id == kMessageStreamId) return first;
    Bytes copy{first.view().begin(), first.view().end()};
    for (std::size_t i = 0; i < 4; ++i) {
        copy[kStreamIdOffset + i] = static_cast<std::uint8_t>(message_stream_id >> (8 * i));
    }
    return SharedBuffer::take(std::move(copy));
}

}  // namespace streamkit::rtmp
