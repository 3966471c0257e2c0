#include "frame.hpp"

#include <algorithm>
#include <limits>

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/utf8.hpp"
#include "streamkit/fec/reed_solomon.hpp"

namespace streamkit::rudp {
namespace {

constexpr std::uint8_t kStreamFin = 0x01;
constexpr std::uint8_t kStreamHasLength = 0x02;

constexpr std::uint8_t kAckEcnCounts = 0x01;
constexpr std::uint8_t kAckBufferLevel = 0x02;
constexpr std::uint8_t kAckMaxData = 0x04;
constexpr std::uint8_t kAckFlags = kAckEcnCounts | kAckBufferLevel | kAckMaxData;

// Reading. Each function reads the fields in their order, sees whether they were there, and then
// whether they make sense.

BytesView read_run(ByteReader& in) {
    const auto length = read_varint(in);
    return in.bytes(static_cast<std::size_t>(
        std::min<std::uint64_t>(length, std::numeric_limits<std::size_t>::max())));
}

Error truncated(const ByteReader& in, const char* frame) {
    return Error{Errc::truncated, frame, in.offset()};
}

Result<void> read_stream(ByteReader& in, std::uint8_t type, StreamFrame& frame) {
    frame.fin = (type & kStreamFin) != 0;
    frame.stream = read_varint(in);
    const auto offset_at = in.offset();
    frame.offset = read_varint(in);
    frame.data = (type & kStreamHasLength) != 0 ? read_run(in) : in.rest();
    if (!in.ok()) return truncated(in, "STREAM");
    if (frame.offset > kMaxVarint - frame.data.size())
        return Error{Errc::varint_out_of_range, "STREAM: Offset", offset_at};
    return {};
}

/// The ranges behind the first one, which go down from it.
Result<void> read_further_ranges(ByteReader& in, std::size_t count, AckFrame& frame) {
    for (std::size_t i = 0; i < count; ++i) {
        const auto at = in.offset();
        const auto gap = read_varint(in) + 1;
        const auto length_at = in.offset();
        const auto length = read_varint(in) + 1;
        if (!in.ok()) return truncated(in, "ACK: Range");
        const auto above = frame.ranges[frame.range_count - 1].first;
        if (gap >= above) return Error{Errc::invalid_ack_ranges, "ACK: Gap", at};
        const auto last = above - gap - 1;
        if (length - 1 > last)
            return Error{Errc::invalid_ack_ranges, "ACK: Range Length", length_at};
        frame.ranges[frame.range_count++] = {.first = last - (length - 1), .last = last};
    }
    return {};
}

Result<void> read_ack(ByteReader& in, AckFrame& frame) {
    const auto flags_at = in.offset();
    const auto flags = in.u8();
    const auto largest = read_varint(in);
    const auto delay_at = in.offset();
    frame.delay_us = read_varint(in);
    const auto count_at = in.offset();
    const auto further_ranges = read_varint(in);
    const auto length_at = in.offset();
    const auto first_length = read_varint(in);
    if (!in.ok()) return truncated(in, "ACK");
    if ((flags & ~kAckFlags) != 0) return Error{Errc::unknown_frame_type, "ACK: Flags", flags_at};
    if (frame.delay_us > kMaxMicroseconds)
        return Error{Errc::varint_out_of_range, "ACK: Delay", delay_at};
    if (further_ranges > kMaxAckRanges - 1)
        return Error{Errc::too_many_ack_ranges, "ACK: Range Count", count_at};
    if (first_length > largest)
        return Error{Errc::invalid_ack_ranges, "ACK: First Range", length_at};
    frame.ranges[0] = {.first = largest - first_length, .last = largest};
    frame.range_count = 1;
    STREAMKIT_TRY(read_further_ranges(in, static_cast<std::size_t>(further_ranges), frame));

    if ((flags & kAckEcnCounts) != 0) {
        auto& ecn = frame.ecn.emplace();
        ecn.ect0 = read_varint(in);
        ecn.ect1 = read_varint(in);
        ecn.ce = read_varint(in);
    }
    const auto level_at = in.offset();
    if ((flags & kAckBufferLevel) != 0) frame.buffer_level_ms = read_varint(in);
    if ((flags & kAckMaxData) != 0) frame.max_data = read_varint(in);
    if (!in.ok()) return truncated(in, "ACK");
    if (frame.buffer_level_ms.value_or(0) > kMaxMicroseconds / 1000)
        return Error{Errc::varint_out_of_range, "ACK: Buffer Level", level_at};
    return {};
}

Result<void> read_reset_stream(ByteReader& in, ResetStreamFrame& frame) {
    frame.stream = read_varint(in);
    frame.code = read_varint(in);
    frame.final_size = read_varint(in);
    if (!in.ok()) return truncated(in, "RESET_STREAM");
    return {};
}

Result<void> read_stop_sending(ByteReader& in, StopSendingFrame& frame) {
    frame.stream = read_varint(in);
    frame.code = read_varint(in);
    if (!in.ok()) return truncated(in, "STOP_SENDING");
    return {};
}

Result<void> read_max_data(ByteReader& in, MaxDataFrame& frame) {
    frame.maximum = read_varint(in);
    if (!in.ok()) return truncated(in, "MAX_DATA");
    return {};
}

Result<void> read_max_stream_data(ByteReader& in, MaxStreamDataFrame& frame) {
    frame.stream = read_varint(in);
    frame.maximum = read_varint(in);
    if (!in.ok()) return truncated(in, "MAX_STREAM_DATA");
    return {};
}

Result<void> read_max_streams(ByteReader& in, MaxStreamsFrame& frame) {
    const auto maximum_at = in.offset();
    frame.maximum = read_varint(in);
    if (!in.ok()) return truncated(in, "MAX_STREAMS");
    if (frame.maximum > kMaxStreamCount)
        return Error{Errc::varint_out_of_range, "MAX_STREAMS", maximum_at};
    return {};
}

Result<void> read_message(ByteReader& in, FrameType type, MessageFrame& frame) {
    frame.id = read_varint(in);
    frame.channel = in.u8();
    const auto times_at = in.offset();
    frame.sent_at_us = read_varint(in);
    frame.lifetime_us = read_varint(in);
    frame.total = read_varint(in);
    const auto offset_at = in.offset();
    frame.offset = read_varint(in);
    const auto length = read_varint(in);
    const auto position_at = in.offset();
    if (type == FrameType::message_in_block) {
        auto& position = frame.position.emplace();
        position.block = read_varint(in);
        position.index = in.u8();
    }
    frame.data = in.bytes(static_cast<std::size_t>(
        std::min<std::uint64_t>(length, std::numeric_limits<std::size_t>::max())));
    if (!in.ok()) return truncated(in, "MESSAGE");
    if (frame.sent_at_us > kMaxMicroseconds || frame.lifetime_us > kMaxMicroseconds)
        return Error{Errc::varint_out_of_range, "MESSAGE: Times", times_at};
    if (frame.offset > frame.total || length > frame.total - frame.offset)
        return Error{Errc::invalid_message, "MESSAGE: Offset", offset_at};
    if (length == 0 && frame.total > 0)
        return Error{Errc::invalid_message, "MESSAGE: Length", offset_at};
    if (frame.position && frame.position->index >= fec::kMaxSourceSymbols)
        return Error{Errc::invalid_fec, "MESSAGE: Index", position_at};
    return {};
}

Result<void> read_drop(ByteReader& in, DropFrame& frame) {
    frame.first = read_varint(in);
    const auto last_at = in.offset();
    frame.last = read_varint(in);
    if (!in.ok()) return truncated(in, "DROP");
    if (frame.last < frame.first) return Error{Errc::invalid_drop, "DROP: Last", last_at};
    return {};
}

Result<void> read_fec(ByteReader& in, FecFrame& frame) {
    frame.block = read_varint(in);
    const auto counts_at = in.offset();
    frame.source_symbols = in.u8();
    frame.repair_symbols = in.u8();
    frame.index = in.u8();
    const auto symbol_at = in.offset();
    frame.symbol = read_run(in);
    if (!in.ok()) return truncated(in, "FEC");
    if (frame.source_symbols == 0 || frame.source_symbols > fec::kMaxSourceSymbols)
        return Error{Errc::invalid_fec, "FEC: Source Symbols", counts_at};
    if (frame.repair_symbols == 0 || frame.repair_symbols > fec::kMaxRepairSymbols)
        return Error{Errc::invalid_fec, "FEC: Repair Symbols", counts_at + 1};
    if (frame.index >= frame.repair_symbols)
        return Error{Errc::invalid_fec, "FEC: Index", counts_at + 2};
    if (frame.symbol.empty()) return Error{Errc::invalid_fec, "FEC: Length", symbol_at};
    return {};
}

Result<void> read_fec_recovered(ByteReader& in, FecRecoveredFrame& frame) {
    frame.block = read_varint(in);
    frame.recovered = in.u32();
    if (!in.ok()) return truncated(in, "FEC_RECOVERED");
    return {};
}

Result<void> read_new_connection_id(ByteReader& in, NewConnectionIdFrame& frame) {
    frame.sequence = read_varint(in);
    const auto retire_at = in.offset();
    frame.retire_prior_to = read_varint(in);
    frame.id = in.u64();
    const auto token = in.bytes(frame.token.size());
    if (!in.ok()) return truncated(in, "NEW_CONNECTION_ID");
    std::copy(token.begin(), token.end(), frame.token.begin());
    if (frame.retire_prior_to > frame.sequence)
        return Error{Errc::varint_out_of_range, "NEW_CONNECTION_ID: Retire Prior To", retire_at};
    return {};
}

Result<void> read_retire_connection_id(ByteReader& in, RetireConnectionIdFrame& frame) {
    frame.sequence = read_varint(in);
    if (!in.ok()) return truncated(in, "RETIRE_CONNECTION_ID");
    return {};
}

Result<void> read_path_challenge(ByteReader& in, PathChallengeFrame& frame) {
    frame.data = in.u64();
    if (!in.ok()) return truncated(in, "PATH_CHALLENGE");
    return {};
}

Result<void> read_path_response(ByteReader& in, PathResponseFrame& frame) {
    frame.data = in.u64();
    if (!in.ok()) return truncated(in, "PATH_RESPONSE");
    return {};
}

Result<void> read_time(ByteReader& in, TimeFrame& frame) {
    const auto at = in.offset();
    frame.sent_us = read_varint(in);
    frame.echo_us = read_varint(in);
    frame.held_us = read_varint(in);
    if (!in.ok()) return truncated(in, "TIME");
    if (std::max({frame.sent_us, frame.echo_us, frame.held_us}) > kMaxMicroseconds)
        return Error{Errc::varint_out_of_range, "TIME", at};
    return {};
}

Result<void> read_ack_frequency(ByteReader& in, AckFrequencyFrame& frame) {
    frame.sequence = read_varint(in);
    const auto packets_at = in.offset();
    frame.packets = read_varint(in);
    const auto delay_at = in.offset();
    frame.max_delay_us = read_varint(in);
    if (!in.ok()) return truncated(in, "ACK_FREQUENCY");
    if (frame.packets == 0)
        return Error{Errc::varint_out_of_range, "ACK_FREQUENCY: Packets", packets_at};
    if (frame.max_delay_us > kMaxAckDelayMicroseconds)
        return Error{Errc::varint_out_of_range, "ACK_FREQUENCY: Max Delay", delay_at};
    return {};
}

Result<void> read_close(ByteReader& in, CloseFrame& frame) {
    frame.code = read_varint(in);
    const auto text_at = in.offset();
    const auto text = as_text(read_run(in));
    if (!in.ok()) return truncated(in, "CLOSE");
    if (text.size() > kMaxReasonBytes)
        return Error{Errc::varint_out_of_range, "CLOSE: Text Length", text_at};
    // Worth less than the CLOSE itself, which is obeyed in any case.
    frame.text = text.substr(0, valid_utf8_prefix(text));
    return {};
}

Result<void> read_body(ByteReader& in, std::uint8_t type, std::size_t type_at, Frame& frame) {
    switch (static_cast<FrameType>(type)) {
        case FrameType::ping:
            frame.emplace<PingFrame>();
            return {};
        case FrameType::ack:
            return read_ack(in, frame.emplace<AckFrame>());
        case FrameType::reset_stream:
            return read_reset_stream(in, frame.emplace<ResetStreamFrame>());
        case FrameType::stop_sending:
            return read_stop_sending(in, frame.emplace<StopSendingFrame>());
        case FrameType::max_data:
            return read_max_data(in, frame.emplace<MaxDataFrame>());
        case FrameType::max_stream_data:
            return read_max_stream_data(in, frame.emplace<MaxStreamDataFrame>());
        case FrameType::max_streams:
            return read_max_streams(in, frame.emplace<MaxStreamsFrame>());
        case FrameType::message:
        case FrameType::message_in_block:
            return read_message(in, static_cast<FrameType>(type), frame.emplace<MessageFrame>());
        case FrameType::drop:
            return read_drop(in, frame.emplace<DropFrame>());
        case FrameType::fec:
            return read_fec(in, frame.emplace<FecFrame>());
        case FrameType::fec_recovered:
            return read_fec_recovered(in, frame.emplace<FecRecoveredFrame>());
        case FrameType::new_connection_id:
            return read_new_connection_id(in, frame.emplace<NewConnectionIdFrame>());
        case FrameType::retire_connection_id:
            return read_retire_connection_id(in, frame.emplace<RetireConnectionIdFrame>());
        case FrameType::path_challenge:
            return read_path_challenge(in, frame.emplace<PathChallengeFrame>());
        case FrameType::path_response:
            return read_path_response(in, frame.emplace<PathResponseFrame>());
        case FrameType::handshake_done:
            frame.emplace<HandshakeDoneFrame>();
            return {};
        case FrameType::time:
            return read_time(in, frame.emplace<TimeFrame>());
        case FrameType::ack_frequency:
            return read_ack_frequency(in, frame.emplace<AckFrequencyFrame>());
        case FrameType::close:
            return read_close(in, frame.emplace<CloseFrame>());
        default:
            return Error{Errc::unknown_frame_type, "Type", type_at};
    }
}

// Writing. `Out` is a SpanWriter, or counts the bytes that one would get.

class ByteCounter {
public:
    void u8(std::uint8_t) noexcept { size_ += 1; }
    void u32(std::uint32_t) noexcept { size_ += 4; }
    void u64(std::uint64_t) noexcept { size_ += 8; }
    void varint(std::uint64_t v) noexcept { size_ += varint_size(v); }
    void bytes(BytesView v) noexcept { size_ += v.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    std::size_t size_ = 0;
};

template <class Out>
void put_type(Out& out, FrameType type) {
    out.u8(static_cast<std::uint8_t>(type));
}

template <class Out>
void put_run(Out& out, BytesView bytes) {
    out.varint(bytes.size());
    out.bytes(bytes);
}

template <class Out>
void put(Out& out, const PingFrame&) {
    put_type(out, FrameType::ping);
}

/// The fields around the further ranges.
template <class Out>
void put_ack_head(Out& out, const AckFrame& frame, std::size_t range_count) {
    STREAMKIT_ASSERT(range_count >= 1 && range_count <= kMaxAckRanges);
    put_type(out, FrameType::ack);
    out.u8(static_cast<std::uint8_t>((frame.ecn ? kAckEcnCounts : 0) |
                                     (frame.buffer_level_ms ? kAckBufferLevel : 0) |
                                     (frame.max_data ? kAckMaxData : 0)));
    const auto& first = frame.ranges[0];
    out.varint(first.last);
    out.varint(frame.delay_us);
    out.varint(range_count - 1);
    out.varint(first.last - first.first);
}

template <class Out>
void put_ack_range(Out& out, const AckRange& above, const AckRange& range) {
    STREAMKIT_ASSERT(range.last + 1 < above.first && range.first <= range.last);
    out.varint(above.first - range.last - 2);
    out.varint(range.last - range.first);
}

template <class Out>
void put_ack_tail(Out& out, const AckFrame& frame) {
    if (frame.ecn) {
        out.varint(frame.ecn->ect0);
        out.varint(frame.ecn->ect1);
        out.varint(frame.ecn->ce);
    }
    if (frame.buffer_level_ms) out.varint(*frame.buffer_level_ms);
    if (frame.max_data) out.varint(*frame.max_data);
}

template <class Out>
void put_ack(Out& out, const AckFrame& frame, std::size_t range_count) {
    put_ack_head(out, frame, range_count);
    for (std::size_t i = 1; i < range_count; ++i)
        put_ack_range(out, frame.ranges[i - 1], frame.ranges[i]);
    put_ack_tail(out, frame);
}

template <class Out>
void put(Out& out, const AckFrame& frame) {
    put_ack(out, frame, frame.range_count);
}

template <class Out>
void put(Out& out, const ResetStreamFrame& frame) {
    put_type(out, FrameType::reset_stream);
    out.varint(frame.stream);
    out.varint(frame.code);
    out.varint(frame.final_size);
}

template <class Out>
void put(Out& out, const StopSendingFrame& frame) {
    put_type(out, FrameType::stop_sending);
    out.varint(frame.stream);
    out.varint(frame.code);
}

template <class Out>
void put(Out& out, const MaxDataFrame& frame) {
    put_type(out, FrameType::max_data);
    out.varint(frame.maximum);
}

template <class Out>
void put(Out& out, const MaxStreamDataFrame& frame) {
    put_type(out, FrameType::max_stream_data);
    out.varint(frame.stream);
    out.varint(frame.maximum);
}

template <class Out>
void put(Out& out, const MaxStreamsFrame& frame) {
    put_type(out, FrameType::max_streams);
    out.varint(frame.maximum);
}

template <class Out>
void put_stream_header(Out& out, StreamId stream, std::uint64_t offset, std::size_t length,
                       bool fin) {
    out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(FrameType::stream) |
                                     kStreamHasLength | (fin ? kStreamFin : 0)));
    out.varint(stream);
    out.varint(offset);
    out.varint(length);
}

template <class Out>
void put(Out& out, const StreamFrame& frame) {
    put_stream_header(out, frame.stream, frame.offset, frame.data.size(), frame.fin);
    out.bytes(frame.data);
}

template <class Out>
void put_message_header(Out& out, const MessageFrame& frame) {
    put_type(out, frame.position ? FrameType::message_in_block : FrameType::message);
    out.varint(frame.id);
    out.u8(frame.channel);
    out.varint(frame.sent_at_us);
    out.varint(frame.lifetime_us);
    out.varint(frame.total);
    out.varint(frame.offset);
    out.varint(frame.data.size());
    if (frame.position) {
        out.varint(frame.position->block);
        out.u8(frame.position->index);
    }
}

template <class Out>
void put(Out& out, const MessageFrame& frame) {
    put_message_header(out, frame);
    out.bytes(frame.data);
}

template <class Out>
void put(Out& out, const DropFrame& frame) {
    put_type(out, FrameType::drop);
    out.varint(frame.first);
    out.varint(frame.last);
}

template <class Out>
void put(Out& out, const FecFrame& frame) {
    put_type(out, FrameType::fec);
    out.varint(frame.block);
    out.u8(frame.source_symbols);
    out.u8(frame.repair_symbols);
    out.u8(frame.index);
    put_run(out, frame.symbol);
}

template <class Out>
void put(Out& out, const FecRecoveredFrame& frame) {
    put_type(out, FrameType::fec_recovered);
    out.varint(frame.block);
    out.u32(frame.recovered);
}

template <class Out>
void put(Out& out, const NewConnectionIdFrame& frame) {
    put_type(out, FrameType::new_connection_id);
    out.varint(frame.sequence);
    out.varint(frame.retire_prior_to);
    out.u64(frame.id);
    out.bytes(frame.token);
}

template <class Out>
void put(Out& out, const RetireConnectionIdFrame& frame) {
    put_type(out, FrameType::retire_connection_id);
    out.varint(frame.sequence);
}

template <class Out>
void put(Out& out, const PathChallengeFrame& frame) {
    put_type(out, FrameType::path_challenge);
    out.u64(frame.data);
}

template <class Out>
void put(Out& out, const PathResponseFrame& frame) {
    put_type(out, FrameType::path_response);
    out.u64(frame.data);
}

template <class Out>
void put(Out& out, const HandshakeDoneFrame&) {
    put_type(out, FrameType::handshake_done);
}

template <class Out>
void put(Out& out, const TimeFrame& frame) {
    put_type(out, FrameType::time);
    out.varint(frame.sent_us);
    out.varint(frame.echo_us);
    out.varint(frame.held_us);
}

template <class Out>
void put(Out& out, const AckFrequencyFrame& frame) {
    put_type(out, FrameType::ack_frequency);
    out.varint(frame.sequence);
    out.varint(frame.packets);
    out.varint(frame.max_delay_us);
}

template <class Out>
void put(Out& out, const CloseFrame& frame) {
    STREAMKIT_ASSERT(frame.text.size() <= kMaxReasonBytes);
    put_type(out, FrameType::close);
    out.varint(frame.code);
    put_run(out, as_bytes(frame.text));
}

}  // namespace

Result<const Frame*> FrameReader::next() {
    if (failed_) return nullptr;
    std::size_t type_at = 0;
    std::uint8_t type = 0;
    do {
        if (in_.at_end()) return nullptr;
        type_at = in_.offset();
        type = in_.u8();
    } while (type == static_cast<std::uint8_t>(FrameType::padding));

    // Most packets hold nothing else.
    constexpr std::uint8_t kStreamBits = kStreamFin | kStreamHasLength;
    const bool is_stream = (type & ~kStreamBits) == static_cast<std::uint8_t>(FrameType::stream);
    const auto read = is_stream ? read_stream(in_, type, frame_.emplace<StreamFrame>())
                                : read_body(in_, type, type_at, frame_);
    if (!read) {
        failed_ = true;
        return read.error();
    }
    return &frame_;
}

std::size_t stream_header_bytes(StreamId stream, std::uint64_t offset,
                                std::size_t length) noexcept {
    ByteCounter out;
    put_stream_header(out, stream, offset, length, false);
    return out.size();
}

std::size_t message_header_bytes(const MessageFrame& frame) noexcept {
    ByteCounter out;
    put_message_header(out, frame);
    return out.size();
}

std::size_t frame_bytes(const Frame& frame) noexcept {
    ByteCounter out;
    std::visit([&out](const auto& f) { put(out, f); }, frame);
    return out.size();
}

void write_frame(SpanWriter& out, const Frame& frame) {
    std::visit([&out](const auto& f) { put(out, f); }, frame);
}

void write_stream_header(SpanWriter& out, StreamId stream, std::uint64_t offset, std::size_t length,
                         bool fin) {
    put_stream_header(out, stream, offset, length, fin);
}

void write_ack(SpanWriter& out, const AckFrame& frame, std::size_t room) {
    ByteCounter used;
    put_ack(used, frame, 1);
    std::size_t count = 1;
    for (; count < frame.range_count; ++count) {
        put_ack_range(used, frame.ranges[count - 1], frame.ranges[count]);
        if (used.size() > room) break;
    }
    put_ack(out, frame, count);
}

bool is_ack_eliciting(const Frame& frame) noexcept {
    return !std::holds_alternative<AckFrame>(frame) && !std::holds_alternative<CloseFrame>(frame);
}

}  // namespace streamkit::rudp
