#include "streamkit/rtmp/chunk_reader.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "chunk_header.hpp"
#include "streamkit/base/byte_reader.hpp"

namespace streamkit::rtmp {
namespace {

bool carries_media(MessageType type) {
    switch (type) {
        case MessageType::audio:
        case MessageType::video:
        case MessageType::data_amf0:
        case MessageType::data_amf3:
        case MessageType::aggregate:
            return true;
        default:
            return false;
    }
}

}  // namespace

Result<std::optional<Message>> ChunkReader::read(BytesView& input) {
    while (true) {
        const bool rereads = has_reread();
        BytesView source =
            rereads ? BytesView{reread_}.subspan(reread_begin_, reread_end_ - reread_begin_)
                    : input;
        if (source.empty()) return std::optional<Message>{};

        const auto before = source.size();
        Result<std::optional<Message>> message = std::optional<Message>{};
        if (current_ == kNone) {
            const auto complete = read_header(source);
            if (!complete) return complete.error();
        }
        // Bytes that the header put back come before what is left of `source`.
        if (current_ != kNone && has_reread() == rereads) message = read_payload(source);

        const auto taken = before - source.size();
        if (rereads) {  // counted when they were taken from the input
            reread_begin_ = static_cast<std::uint8_t>(reread_begin_ + taken);
        } else {
            bytes_read_ += taken;
            input = source;
        }
        if (!message || *message) return message;
    }
}

// Gives true once the header is complete; then `current_` says whose payload follows.
Result<bool> ChunkReader::read_header(BytesView& source) {
    // Basic header, 5.3.1.1: ids 2 to 63 in one byte, 64 to 319 in two, 64 to 65599 in three.
    if (!fill_header(source, 1)) return false;
    const auto format = static_cast<std::uint8_t>(header_[0] >> 6);
    const auto short_id = header_[0] & 0x3FU;
    const std::size_t basic_size = short_id == 0 ? 2 : short_id == 1 ? 3 : 1;
    if (!fill_header(source, basic_size)) return false;
    std::uint32_t id = short_id;
    if (basic_size > 1) id = 64U + header_[1];
    if (basic_size > 2) id += 256U * header_[2];

    // Message header, 5.3.1.2: each type leaves out more.
    constexpr std::array<std::size_t, 4> kMessageHeaderBytes = {11, 7, 3, 0};
    const auto fixed_size = basic_size + kMessageHeaderBytes[format];
    if (!fill_header(source, fixed_size)) return false;
    ByteReader fields{std::span{header_}.subspan(basic_size)};
    const auto timestamp_field = format < 3 ? fields.u24() : 0;

    const auto index = find_or_add(id, format);
    if (!index) return index.error();
    auto& stream = streams_[*index];
    if (stream.in_message && format != 3) return error(Errc::unfinished_message, "chunk type");

    // Extended time stamp, 5.3.1.3.
    if (format < 3) {
        const bool extended = timestamp_field == kExtendedTimestampMark;
        if (extended && !fill_header(source, fixed_size + 4)) return false;
        stream.extended = extended;
        stream.timestamp_field = timestamp_field;
        if (format < 2) {
            stream.length = fields.u24();
            stream.type = fields.u8();
        }
        if (format == 0) stream.stream_id = fields.u32le();
        if (extended) {
            stream.timestamp_field = ByteReader{std::span{header_}.subspan(fixed_size)}.u32();
        }
    } else if (stream.extended &&
               !read_extended_on_type_3(source, basic_size, stream.timestamp_field)) {
        return false;
    }

    if (!stream.in_message) {
        // 5.3.1.2.4: a type 3 chunk that begins a message adds the last delta once more, which
        // after a type 0 chunk is that chunk's time.
        if (format == 0) {
            stream.timestamp = stream.timestamp_field;
        } else {
            stream.timestamp += stream.timestamp_field;
        }
        STREAMKIT_TRY(begin_message(stream));
    }
    header_size_ = 0;
    current_ = *index;
    chunk_left_ = std::min<std::size_t>(chunk_size_, stream.length - stream.payload.size());
    return true;
}

// Gives true once it is clear where the header ends.
bool ChunkReader::read_extended_on_type_3(BytesView& source, std::size_t at,
                                          std::uint32_t expected) {
    if (extended_on_type_3_ == ExtendedOnType3::repeated) return fill_header(source, at + 4);
    if (extended_on_type_3_ == ExtendedOnType3::left_out) return true;
    while (header_size_ < at + 4) {
        if (source.empty()) return false;
        const auto shift = 8 * (3 - (header_size_ - at));
        if (source.front() != static_cast<std::uint8_t>(expected >> shift)) {
            extended_on_type_3_ = ExtendedOnType3::left_out;
            const auto taken = std::span{header_}.subspan(at, header_size_ - at);
            std::ranges::copy(taken, reread_.begin());
            reread_begin_ = 0;
            reread_end_ = static_cast<std::uint8_t>(taken.size());
            return true;
        }
        fill_header(source, header_size_ + 1);
    }
    extended_on_type_3_ = ExtendedOnType3::repeated;
    return true;
}

bool ChunkReader::fill_header(BytesView& source, std::size_t size) {
    if (header_size_ >= size) return true;
    const auto n = std::min(size - header_size_, source.size());
    std::copy_n(source.begin(), n, header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
    header_size_ += n;
    source = source.subspan(n);
    return header_size_ == size;
}

Result<std::size_t> ChunkReader::find_or_add(std::uint32_t id, std::uint8_t format) {
    const auto found = std::ranges::find(streams_, id, &ChunkStream::id);
    if (found != streams_.end()) return static_cast<std::size_t>(found - streams_.begin());
    // librtmp begins chunk stream 2 with a chunk of type 1 when it answers a ping, so that is
    // accepted: the delta counts from 0, the message stream is 0.
    if (format > 1) return error(Errc::missing_chunk_header, "chunk type");
    if (streams_.size() >= limits_.max_chunk_streams) {
        return error(Errc::too_many_chunk_streams, "chunk stream id");
    }
    streams_.emplace_back().id = id;
    return streams_.size() - 1;
}

Result<void> ChunkReader::begin_message(ChunkStream& stream) {
    const auto limit = carries_media(static_cast<MessageType>(stream.type))
                           ? limits_.max_message_bytes
                           : limits_.max_command_bytes;
    if (stream.length > limit) return error(Errc::message_too_large, "message length");
    if (stream.length > limits_.max_held_bytes - held_bytes_) {
        return error(Errc::too_many_held_bytes, "message length");
    }
    stream.in_message = true;
    stream.payload = BufferBuilder{stream.length};
    held_bytes_ += stream.length;
    return {};
}

Result<std::optional<Message>> ChunkReader::read_payload(BytesView& source) {
    auto& stream = streams_[current_];
    const auto n = std::min(chunk_left_, source.size());
    stream.payload.append(source.first(n));
    source = source.subspan(n);
    chunk_left_ -= n;
    if (chunk_left_ > 0) return std::optional<Message>{};
    current_ = kNone;
    if (stream.payload.size() < stream.length) return std::optional<Message>{};
    return finish_message(stream);
}

Result<std::optional<Message>> ChunkReader::finish_message(ChunkStream& stream) {
    stream.in_message = false;
    held_bytes_ -= stream.length;
    Message message;
    message.type = static_cast<MessageType>(stream.type);
    message.stream_id = stream.stream_id;
    message.timestamp_ms = unwrap(stream.timestamp, message.type);
    message.payload = stream.payload.finish();

    if (message.type == MessageType::set_chunk_size) {
        const auto size = read_number(message);
        if (!size) return error(Errc::truncated_message, "Set Chunk Size");
        // 5.4.1: the highest bit must be 0, and a chunk has at least one byte.
        if (*size == 0 || *size > 0x7FFFFFFF) {
            return error(Errc::chunk_size_out_of_range, "Set Chunk Size");
        }
        chunk_size_ = *size;
        return std::optional<Message>{};
    }
    if (message.type == MessageType::abort) {
        const auto id = read_number(message);
        if (!id) return error(Errc::truncated_message, "Abort Message");
        STREAMKIT_TRY(handle_abort(*id));
        return std::optional<Message>{};
    }
    return std::optional{std::move(message)};
}

// 5.4.2. The chunk stream keeps its header fields: chunks of type 1 to 3 may follow.
Result<void> ChunkReader::handle_abort(std::uint32_t id) {
    const auto found = std::ranges::find(streams_, id, &ChunkStream::id);
    if (found == streams_.end() || !found->in_message) return {};
    found->in_message = false;
    found->payload = BufferBuilder{};
    held_bytes_ -= found->length;
    return {};
}

// 32 bits wrap after 49.7 days. Other messages carry any time, often 0, so they do not move the
// clock.
std::int64_t ChunkReader::unwrap(std::uint32_t timestamp, MessageType type) {
    const auto last = last_timestamp_.value_or(timestamp);
    const auto unwrapped =
        last + static_cast<std::int32_t>(timestamp - static_cast<std::uint32_t>(last));
    if (type == MessageType::audio || type == MessageType::video) last_timestamp_ = unwrapped;
    return unwrapped;
}

Error ChunkReader::error(Errc errc, const char* what) const noexcept {
    return {errc, what, bytes_read_};
}

}  // namespace streamkit::rtmp
