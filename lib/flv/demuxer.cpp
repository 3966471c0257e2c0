#include "streamkit/flv/demuxer.hpp"

#include <algorithm>
#include <utility>

#include "file_format.hpp"
#include "streamkit/base/byte_reader.hpp"
#include "streamkit/flv/errc.hpp"
#include "streamkit/flv/tag.hpp"

namespace streamkit::flv {
namespace {

// FLV 10.1, E.4.1: the first byte of a tag
constexpr std::uint8_t kReservedBits = 0xc0;
constexpr std::uint8_t kFilter = 0x20;
constexpr std::uint8_t kTagTypeBits = 0x1f;

bool is_known_tag_type(std::uint8_t number) {
    switch (static_cast<TagType>(number)) {
        case TagType::audio:
        case TagType::video:
        case TagType::script_data:
            return true;
    }
    return false;
}

}  // namespace

Result<void> Demuxer::handle_input(BytesView bytes) {
    if (failed_) return *failed_;
    const auto result = take(bytes);
    if (!result) failed_ = result.error();
    return result;
}

Result<void> Demuxer::finish() {
    if (failed_) return *failed_;
    if (state_ == State::file_header) return Error{Errc::not_flv, "file header", offset_};
    stats_.ends_inside_tag = state_ == State::body || state_ == State::skip || !field_.empty();
    end_of_stream_ = true;
    return {};
}

std::optional<MediaEvent> Demuxer::poll_event() {
    if (auto event = tags_.poll_event()) return event;
    if (!end_of_stream_) return std::nullopt;
    end_of_stream_ = false;
    return EndOfStream{};
}

std::size_t Demuxer::held_bytes() const noexcept { return field_.size() + body_.size(); }

// Bytes of a part that is collected in `field_`.
std::size_t Demuxer::field_size() const noexcept {
    switch (state_) {
        case State::file_header:
            return kFileHeaderBytes;
        case State::tag_header:
            return kTagHeaderBytes;
        default:
            return kPreviousTagSizeBytes;
    }
}

Result<void> Demuxer::take(BytesView bytes) {
    while (!bytes.empty()) {
        std::size_t taken = 0;
        if (state_ == State::skip) {
            taken = std::min(skip_left_, bytes.size());
        } else if (state_ == State::body) {
            taken = std::min(body_.capacity() - body_.size(), bytes.size());
            body_.append(bytes.first(taken));
        } else {
            taken = std::min(field_size() - field_.size(), bytes.size());
            const auto piece = bytes.first(taken);
            field_.insert(field_.end(), piece.begin(), piece.end());
        }
        offset_ += taken;
        bytes = bytes.subspan(taken);

        if (state_ == State::skip) {
            skip(skip_left_ - taken);
        } else if (state_ != State::body && field_.size() == field_size()) {
            STREAMKIT_TRY(handle_field());
        }
        // Not an `else`: the body behind a tag header may be empty.
        if (state_ == State::body && body_.size() == body_.capacity()) STREAMKIT_TRY(handle_body());
    }
    return {};
}

Result<void> Demuxer::handle_field() {
    const auto field = std::exchange(field_, {});
    if (state_ == State::file_header) return handle_file_header(field);
    if (state_ == State::tag_header) return handle_tag_header(field);
    if (ByteReader{field}.u32() != previous_tag_size_) ++stats_.wrong_previous_tag_sizes;
    state_ = State::tag_header;
    return {};
}

// FLV 10.1, E.2
Result<void> Demuxer::handle_file_header(BytesView field) {
    ByteReader in{field};
    const auto signature = in.bytes(3);
    const auto version = in.u8();
    in.skip(1);  // TypeFlags, which many writers get wrong
    const auto data_offset = in.u32();
    if (as_text(signature) != "FLV") return Error{Errc::not_flv, "Signature"};
    if (version != kFileVersion) return Error{Errc::unsupported_version, "Version", 3};
    if (data_offset < kFileHeaderBytes || data_offset > config_.max_header_bytes) {
        return Error{Errc::bad_data_offset, "DataOffset", 5};
    }
    previous_tag_size_ = 0;  // PreviousTagSize0
    skip(data_offset - kFileHeaderBytes);
    return {};
}

// FLV 10.1, E.4.1
Result<void> Demuxer::handle_tag_header(BytesView field) {
    const auto tag_offset = offset_ - kTagHeaderBytes;
    ByteReader in{field};
    const auto flags = in.u8();
    const auto data_size = in.u24();
    const auto timestamp_low = in.u24();
    tag_timestamp_ms_ = std::uint32_t{in.u8()} << 24 | timestamp_low;  // TimestampExtended
    in.skip(3);                                                        // StreamID
    if ((flags & kReservedBits) != 0) return Error{Errc::reserved_bits_set, "TagType", tag_offset};
    if ((flags & kFilter) != 0) return Error{Errc::encrypted_tag, "Filter", tag_offset};
    if (data_size > config_.max_tag_bytes) {
        return Error{Errc::tag_too_large, "DataSize", tag_offset + 1};
    }
    previous_tag_size_ = static_cast<std::uint32_t>(kTagHeaderBytes + data_size);
    if (!is_known_tag_type(flags & kTagTypeBits)) {
        ++stats_.unknown_tag_types;
        skip(data_size);
        return {};
    }
    tag_type_ = static_cast<TagType>(flags & kTagTypeBits);
    body_ = BufferBuilder{data_size};
    state_ = State::body;
    return {};
}

Result<void> Demuxer::handle_body() {
    ++stats_.tags;
    state_ = State::previous_tag_size;
    return tags_.handle_tag(tag_type_, unwrap(tag_type_, tag_timestamp_ms_), body_.finish());
}

// Goes on with the PreviousTagSize behind `size` bytes, which are passed over.
void Demuxer::skip(std::size_t size) noexcept {
    skip_left_ = size;
    state_ = size == 0 ? State::previous_tag_size : State::skip;
}

// The 32 bits of a timestamp wrap after 49.7 days: each is taken as near to the last one as can be.
// Script data does not count: it stands at 0 in front of media that may begin anywhere.
std::int64_t Demuxer::unwrap(TagType type, std::uint32_t timestamp_ms) noexcept {
    if (!last_timestamp_ms_ && type == TagType::script_data) return timestamp_ms;
    const auto last = last_timestamp_ms_.value_or(timestamp_ms);
    const auto difference =
        static_cast<std::int32_t>(timestamp_ms - static_cast<std::uint32_t>(last));
    const auto unwrapped = last + difference;
    if (type != TagType::script_data) last_timestamp_ms_ = unwrapped;
    return unwrapped;
}

}  // namespace streamkit::flv
