#include "stream_set.hpp"

#include <algorithm>

#include "frame.hpp"

namespace streamkit::rudp {
namespace {

// Less room is not worth a STREAM frame: its header has up to 21 bytes.
constexpr std::size_t kMinStreamRoom = 32;

// Frames that a stream may want to send beside its data.
constexpr std::uint8_t kReset = 1;
constexpr std::uint8_t kStop = 2;
constexpr std::uint8_t kMaxData = 4;

constexpr bool is_one_way(StreamId id) { return (id & 2) != 0; }

}  // namespace

struct StreamSet::Stream {
    StreamId id = 0;
    std::optional<SendStream> send{};
    std::optional<ReceiveStream> receive{};
    ListHook<Stream> hook{};  // in its lane
    std::uint8_t priority = 128;
    std::uint8_t control = 0;
    bool readable_told = false;  // and the application has not come to the end of it yet
    bool end_told = false;
    bool discard = false;  // the application has no use for what comes
    bool delivered_told = false;
    bool reset_known = false;   // to the peer
    std::uint64_t refused = 0;  // bytes of the last `write` that had no room
    std::uint64_t counted = 0;  // bytes that count as consumed for the connection
    std::uint64_t reset_code = 0;
    std::uint64_t final_size = 0;
    std::uint64_t stop_code = 0;
};

StreamSet::StreamSet(const Config& config, EventQueue& events)
    : config_(config),
      events_(events),
      peer_max_streams_(config.peer_max_streams),
      max_streams_(config.max_peer_streams),
      peer_max_data_(config.peer_max_data),
      announced_(config.receive_window),
      most_allowed_(config.receive_window) {}

StreamSet::~StreamSet() = default;

// Finding and opening.

StreamSet::Stream* StreamSet::find(StreamId id) const noexcept {
    if (newest_ != nullptr && newest_->id == id) return newest_;
    const auto found = streams_.find(id);
    if (found == streams_.end()) return nullptr;
    newest_ = found->second.get();
    return newest_;
}

bool StreamSet::is_ours(StreamId id) const noexcept { return (id & 1) == (config_.client ? 0 : 1); }

bool StreamSet::was_opened(StreamId id) const noexcept { return id >> 2 < opened_[id & 3]; }

StreamSet::Stream& StreamSet::make(StreamId id) {
    auto stream = std::make_unique<Stream>();
    stream->id = id;
    if (!is_one_way(id) || is_ours(id)) stream->send.emplace(config_.peer_max_stream_data);
    if (!is_one_way(id) || !is_ours(id)) stream->receive.emplace(config_.stream_receive_window);
    return *streams_.emplace(id, std::move(stream)).first->second;
}

Result<StreamId> StreamSet::open(StreamKind kind) {
    const StreamId bits = (config_.client ? 0u : 1u) | (kind == StreamKind::one_way ? 2u : 0u);
    const auto other = bits ^ 2;
    if (opened_[bits] + opened_[other] >= peer_max_streams_)
        return Error{Errc::stream_limit, "open_stream"};
    const StreamId id = opened_[bits]++ << 2 | bits;
    make(id);
    return id;
}

Result<StreamSet::Stream*> StreamSet::of_frame(StreamId id) {
    if (was_opened(id)) return find(id);
    if (is_ours(id)) return Error{Errc::stream_state, "stream that was never opened"};
    // RFC 9000, 3.2: those with lower numbers of the same kind are opened with it.
    const auto bits = id & 3;
    const auto count = (id >> 2) + 1;
    if (count + opened_[bits ^ 2] > max_streams_) return Error{Errc::stream_limit, "stream id"};
    while (opened_[bits] < count) {
        const StreamId opened = opened_[bits]++ << 2 | bits;
        make(opened);
        events_.push(StreamOpened{config_.link, opened});
    }
    return find(id);
}

// The application's side.

Result<StreamSet::Stream*> StreamSet::to_write(StreamId id) const {
    Stream* stream = find(id);
    if (stream == nullptr) return Error{Errc::no_such_stream, "stream"};
    if (!stream->send) return Error{Errc::stream_state, "the peer's one-way stream"};
    if (stream->send->state() != SendStream::State::open)
        return Error{Errc::stream_finished, "stream"};
    return stream;
}

std::uint64_t StreamSet::writable(StreamId id) const {
    const auto stream = to_write(id);
    if (!stream) return 0;
    return config_.send_buffer - std::min(config_.send_buffer, buffered_);
}

Result<void> StreamSet::write(StreamId id, SharedBuffer bytes) {
    const auto found = to_write(id);
    if (!found) return found.error();
    Stream& stream = **found;
    const auto size = bytes.size();
    if (size > config_.send_buffer - std::min(config_.send_buffer, buffered_)) {
        if (stream.refused == 0) ++refused_;
        stream.refused = size;
        return Error{Errc::send_buffer_full, "write"};
    }
    STREAMKIT_TRY(stream.send->write(std::move(bytes)));
    buffered_ += size;
    activate(stream);
    return {};
}

Result<void> StreamSet::finish(StreamId id) {
    const auto found = to_write(id);
    if (!found) return found.error();
    STREAMKIT_TRY((*found)->send->finish());
    expect_no_write(**found);
    activate(**found);
    return {};
}

Result<void> StreamSet::reset(StreamId id, std::uint64_t code) {
    Stream* stream = find(id);
    if (stream == nullptr) return Error{Errc::no_such_stream, "stream"};
    if (!stream->send) return Error{Errc::stream_state, "the peer's one-way stream"};
    if (stream->send->state() == SendStream::State::open ||
        stream->send->state() == SendStream::State::finished)
        start_reset(*stream, std::min(code, kMaxVarint));
    return {};
}

Result<void> StreamSet::stop(StreamId id, std::uint64_t code) {
    Stream* stream = find(id);
    if (stream == nullptr) return Error{Errc::no_such_stream, "stream"};
    if (!stream->receive) return Error{Errc::stream_state, "our one-way stream"};
    if (stream->discard) return {};
    stream->discard = true;
    if (!stream->receive->is_complete()) {
        stream->stop_code = std::min(code, kMaxVarint);
        ask_for(*stream, kStop);
    }
    after_receive(*stream);
    return {};
}

Result<void> StreamSet::set_priority(StreamId id, std::uint8_t priority) {
    Stream* stream = find(id);
    if (stream == nullptr) return Error{Errc::no_such_stream, "stream"};
    const bool active = stream->hook.linked;
    deactivate(*stream);
    stream->priority = priority;
    if (active) activate(*stream);
    return {};
}

BytesView StreamSet::readable(StreamId id) const {
    const Stream* stream = find(id);
    if (stream == nullptr || !stream->receive || stream->discard) return {};
    return stream->receive->readable();
}

void StreamSet::consume(StreamId id, std::size_t n) {
    Stream* stream = find(id);
    if (stream == nullptr || !stream->receive || stream->discard) return;
    auto& receive = *stream->receive;
    while (n > 0) {
        const auto run = std::min(n, receive.readable().size());
        if (run == 0) break;
        receive.consume(run);
        n -= run;
    }
    count_consumed(*stream, receive.consumed());
    if (!receive.is_complete() && receive.should_send_max_data()) ask_for(*stream, kMaxData);
    if (receive.readable().empty()) stream->readable_told = false;
    if (receive.at_end()) {
        stream->end_told = true;
        remove_if_done(*stream);
    }
}

bool StreamSet::at_end(StreamId id) const {
    const Stream* stream = find(id);
    if (stream == nullptr) return was_opened(id);
    return stream->receive && stream->receive->at_end();
}

std::size_t StreamSet::held_bytes() const noexcept {
    auto total = static_cast<std::size_t>(buffered_);
    for (const auto& [id, stream] : streams_)
        if (stream->receive) total += stream->receive->held_bytes();
    return total;
}

// Frames in.

Result<void> StreamSet::receive(const StreamFrame& frame) {
    const auto found = of_frame(frame.stream);
    if (!found) return found.error();
    if (*found == nullptr) return {};  // of a stream that has ended
    Stream& stream = **found;
    if (!stream.receive) return Error{Errc::stream_state, "STREAM on our one-way stream"};
    const auto highest = stream.receive->highest();
    const auto end = frame.offset + frame.data.size();
    if (end > highest && received_ + (end - highest) > most_allowed_)
        return Error{Errc::flow_control, "STREAM behind MAX_DATA"};
    const auto grown = stream.receive->receive(frame);
    if (!grown) return grown.error();
    received_ += *grown;
    after_receive(stream);
    return {};
}

Result<void> StreamSet::receive(const ResetStreamFrame& frame) {
    const auto found = of_frame(frame.stream);
    if (!found) return found.error();
    if (*found == nullptr) return {};
    Stream& stream = **found;
    if (!stream.receive) return Error{Errc::stream_state, "RESET_STREAM on our one-way stream"};
    const auto highest = stream.receive->highest();
    if (frame.final_size > highest && received_ + (frame.final_size - highest) > most_allowed_)
        return Error{Errc::flow_control, "RESET_STREAM behind MAX_DATA"};
    const auto grown = stream.receive->reset(frame);
    if (!grown) return grown.error();
    received_ += *grown;
    if (!stream.receive->reset_code()) {  // RFC 9000, 3.2: everything is there already
        after_receive(stream);
        return {};
    }
    count_consumed(stream, stream.receive->highest());
    if (!stream.discard) events_.push(StreamReset{config_.link, stream.id, frame.code});
    stream.discard = true;
    stream.end_told = true;
    remove_if_done(stream);
    return {};
}

Result<void> StreamSet::receive(const StopSendingFrame& frame) {
    const auto found = of_frame(frame.stream);
    if (!found) return found.error();
    if (*found == nullptr) return {};
    Stream& stream = **found;
    if (!stream.send) return Error{Errc::stream_state, "STOP_SENDING on the peer's one-way stream"};
    const auto state = stream.send->state();
    if (state != SendStream::State::open && state != SendStream::State::finished) return {};
    events_.push(StreamStopped{config_.link, stream.id, frame.code});
    start_reset(stream, frame.code);
    return {};
}

Result<void> StreamSet::receive(const MaxStreamDataFrame& frame) {
    const auto found = of_frame(frame.stream);
    if (!found) return found.error();
    if (*found == nullptr) return {};
    Stream& stream = **found;
    if (!stream.send)
        return Error{Errc::stream_state, "MAX_STREAM_DATA on the peer's one-way stream"};
    stream.send->set_max_data(frame.maximum);
    activate(stream);
    return {};
}

void StreamSet::receive_max_data(std::uint64_t maximum) {
    if (maximum <= peer_max_data_) return;
    peer_max_data_ = maximum;
    if (!starved_) return;
    starved_ = false;
    for (const auto& [id, stream] : streams_)
        activate(*stream);
}

void StreamSet::receive_max_streams(std::uint64_t maximum) {
    peer_max_streams_ = std::max(peer_max_streams_, maximum);
}

void StreamSet::after_receive(Stream& stream) {
    auto& receive = *stream.receive;
    if (stream.discard) {
        while (!receive.readable().empty())
            receive.consume(receive.readable().size());
        count_consumed(stream, receive.highest());
        if (!receive.is_complete() && receive.should_send_max_data()) ask_for(stream, kMaxData);
        if (receive.is_complete()) stream.end_told = true;
        return remove_if_done(stream);
    }
    if (stream.readable_told || stream.end_told) return;
    if (receive.readable().empty() && !receive.at_end()) return;
    stream.readable_told = true;
    stream.end_told = receive.at_end();
    const auto id = stream.id;
    if (stream.end_told) remove_if_done(stream);
    events_.push(StreamReadable{config_.link, id});
}

void StreamSet::count_consumed(Stream& stream, std::uint64_t up_to) {
    if (up_to <= stream.counted) return;
    consumed_ += up_to - stream.counted;
    stream.counted = up_to;
    if (max_data() - announced_ >= config_.receive_window / 2) send_max_data_ = true;
}

void StreamSet::start_reset(Stream& stream, std::uint64_t code) {
    const auto before = stream.send->buffered();
    stream.reset_code = code;
    stream.final_size = stream.send->reset();
    buffered_ -= before - stream.send->buffered();
    expect_no_write(stream);
    deactivate(stream);
    ask_for(stream, kReset);
    tell_writable();
}

void StreamSet::remove_if_done(Stream& stream) {
    if (stream.receive && !stream.end_told) return;
    if (stream.send) {
        const auto state = stream.send->state();
        if (state != SendStream::State::delivered &&
            !(state == SendStream::State::reset && stream.reset_known))
            return;
    }
    deactivate(stream);
    if (!is_ours(stream.id)) {
        ++peer_streams_ended_;
        const auto allowed = peer_streams_ended_ + config_.max_peer_streams;
        const std::uint64_t step = std::max(1u, config_.max_peer_streams / 4);
        if (allowed - max_streams_ >= step) send_max_streams_ = true;
    }
    newest_ = nullptr;
    streams_.erase(stream.id);
}

// Frames out.

void StreamSet::ask_for(Stream& stream, std::uint8_t control) {
    if (stream.control == 0) control_.push_back(stream.id);
    stream.control |= control;
}

bool StreamSet::has_control() const noexcept {
    return send_max_data_ || send_max_streams_ || !control_.empty();
}

std::optional<SentControl> StreamSet::next_control(SpanWriter& out) {
    const auto write = [&](const Frame& frame) {
        if (frame_bytes(frame) > out.remaining()) return false;
        write_frame(out, frame);
        return true;
    };
    if (send_max_data_) {
        if (!write(MaxDataFrame{max_data()})) return std::nullopt;
        send_max_data_ = false;
        announced_ = max_data();
        most_allowed_ = std::max(most_allowed_, announced_);
        return SentControl{FrameType::max_data, 0, announced_};
    }
    if (send_max_streams_) {
        const auto allowed = peer_streams_ended_ + config_.max_peer_streams;
        if (!write(MaxStreamsFrame{allowed})) return std::nullopt;
        send_max_streams_ = false;
        max_streams_ = allowed;
        return SentControl{FrameType::max_streams, 0, allowed};
    }
    while (!control_.empty()) {
        Stream* stream = find(control_.back());
        if (stream == nullptr || stream->control == 0) {
            if (stream != nullptr) stream->control = 0;
            control_.pop_back();
            continue;
        }
        if ((stream->control & kReset) != 0) {
            if (!write(ResetStreamFrame{stream->id, stream->reset_code, stream->final_size}))
                return std::nullopt;
            stream->control &= static_cast<std::uint8_t>(~kReset);
            return SentControl{FrameType::reset_stream, stream->id, 0};
        }
        if ((stream->control & kStop) != 0) {
            if (!write(StopSendingFrame{stream->id, stream->stop_code})) return std::nullopt;
            stream->control &= static_cast<std::uint8_t>(~kStop);
            return SentControl{FrameType::stop_sending, stream->id, 0};
        }
        const auto maximum = stream->receive->max_data();
        if (!write(MaxStreamDataFrame{stream->id, maximum})) return std::nullopt;
        stream->receive->on_max_data_sent();
        stream->control &= static_cast<std::uint8_t>(~kMaxData);
        return SentControl{FrameType::max_stream_data, stream->id, maximum};
    }
    return std::nullopt;
}

StreamSet::Lane& StreamSet::lane(std::uint8_t priority) {
    const auto at = std::find_if(lanes_.begin(), lanes_.end(),
                                 [&](const Lane& l) { return l.priority >= priority; });
    if (at != lanes_.end() && at->priority == priority) return *at;
    return *lanes_.insert(at, Lane{priority});
}

bool StreamSet::lanes_are_empty() const noexcept {
    return std::all_of(lanes_.begin(), lanes_.end(),
                       [](const Lane& l) { return l.streams.empty(); });
}

void StreamSet::activate(Stream& stream) {
    if (stream.hook.linked || !stream.send) return;
    if (!stream.send->has_something_to_send(credit())) {
        if (credit() == 0) starved_ = true;
        return;
    }
    lane(stream.priority).streams.push_back(stream);
}

void StreamSet::deactivate(Stream& stream) {
    if (stream.hook.linked) lane(stream.priority).streams.remove(stream);
}

std::optional<std::uint8_t> StreamSet::best_priority() const noexcept {
    for (const auto& lane : lanes_)
        if (!lane.streams.empty()) return lane.priority;
    return std::nullopt;
}

std::optional<StreamSet::SentData> StreamSet::next_data(SpanWriter& out) {
    if (out.remaining() < kMinStreamRoom) return std::nullopt;
    for (auto& lane : lanes_) {
        while (Stream* stream = lane.streams.front()) {
            auto& send = *stream->send;
            const auto room = out.remaining();
            const auto header = stream_header_bytes(stream->id, send.sent_end(), room);
            const auto chunk = send.next_chunk(room - header, credit());
            if (!chunk) {
                if (credit() == 0) starved_ = true;
                lane.streams.remove(*stream);
                continue;
            }
            write_stream_header(out, stream->id, chunk->offset, chunk->length, chunk->fin);
            send.copy(*chunk, out);
            data_sent_ += chunk->new_bytes;
            lane.streams.rotate();
            return SentData{{stream->id, chunk->offset, chunk->length, chunk->fin},
                            chunk->new_bytes};
        }
    }
    return std::nullopt;
}

void StreamSet::on_acked(const SentStream& frame) {
    Stream* stream = find(frame.stream);
    if (stream == nullptr || !stream->send) return;
    const auto before = stream->send->buffered();
    stream->send->on_acked(frame.offset, frame.length, frame.fin);
    buffered_ -= before - stream->send->buffered();
    if (refused_ > 0) tell_writable();
    if (stream->send->state() == SendStream::State::delivered && !stream->delivered_told) {
        stream->delivered_told = true;
        events_.push(StreamDelivered{config_.link, stream->id});
        remove_if_done(*stream);
    }
}

void StreamSet::on_lost(const SentStream& frame) {
    Stream* stream = find(frame.stream);
    if (stream == nullptr || !stream->send) return;
    stream->send->on_lost(frame.offset, frame.length, frame.fin);
    activate(*stream);
}

void StreamSet::on_acked(const SentControl& frame) {
    if (frame.type != FrameType::reset_stream) return;
    Stream* stream = find(frame.id);
    if (stream == nullptr) return;
    stream->reset_known = true;
    remove_if_done(*stream);
}

void StreamSet::on_lost(const SentControl& frame) {
    if (frame.type == FrameType::max_data) {
        if (frame.value == announced_) send_max_data_ = true;
        return;
    }
    if (frame.type == FrameType::max_streams) {
        if (frame.value == max_streams_) send_max_streams_ = true;
        return;
    }
    Stream* stream = find(frame.id);
    if (stream == nullptr) return;
    if (frame.type == FrameType::reset_stream && !stream->reset_known) ask_for(*stream, kReset);
    const bool wants_more = stream->receive && !stream->receive->is_complete();
    if (frame.type == FrameType::stop_sending && wants_more) ask_for(*stream, kStop);
    if (frame.type == FrameType::max_stream_data && wants_more) ask_for(*stream, kMaxData);
}

std::uint64_t StreamSet::allow_max_data() noexcept {
    most_allowed_ = std::max(most_allowed_, max_data());
    return most_allowed_;
}

void StreamSet::expect_no_write(Stream& stream) noexcept {
    if (stream.refused != 0) --refused_;
    stream.refused = 0;
}

void StreamSet::tell_writable() {
    if (refused_ == 0) return;
    const auto room = config_.send_buffer - std::min(config_.send_buffer, buffered_);
    for (const auto& [id, stream] : streams_) {
        if (stream->refused == 0) continue;
        // Half of the buffer is worth telling even where the refused write needs more.
        if (room < std::min(stream->refused, config_.send_buffer / 2)) continue;
        stream->refused = 0;
        --refused_;
        events_.push(StreamWritable{config_.link, id});
    }
}

}  // namespace streamkit::rudp
