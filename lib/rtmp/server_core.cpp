#include "server_core.hpp"

#include <algorithm>
#include <utility>

#include "media_message.hpp"
#include "streamkit/amf/writer.hpp"
#include "streamkit/base/byte_writer.hpp"

namespace streamkit::rtmp {
namespace {

// Flash Player asks for leave to look into the samples; librtmp waits for this before it plays.
Message sample_access(std::uint32_t stream_id) {
    ByteWriter out{32};
    amf::write_value(out, "|RtmpSampleAccess");
    amf::write_value(out, true);  // audio
    amf::write_value(out, true);  // video
    return {.type = MessageType::data_amf0,
            .stream_id = stream_id,
            .payload = SharedBuffer::take(out.take())};
}

}  // namespace

ServerSession::Core::Core(ServerConfig config, RandomSource& random, TimePoint now)
    : config_(std::move(config)),
      connection_(ServerHandshake{random},
                  {.chunks = config_.chunks,
                   .handshake_timeout = config_.handshake_timeout,
                   .ping_after = config_.ping_after,
                   .idle_timeout = config_.idle_timeout},
                  now) {}

Result<void> ServerSession::Core::handle_input(BytesView input, TimePoint now) {
    while (!closed_) {
        const auto message = connection_.read(input, now);
        if (!message) return fail(message.error());
        if (!*message) return {};
        if (const auto handled = handle_message(**message); !handled) return fail(handled.error());
    }
    return {};
}

Result<void> ServerSession::Core::handle_timeout(TimePoint now) {
    if (closed_) return {};
    if (!eof_streams_.empty()) {
        if (!eof_at_) eof_at_ = now + config_.stream_eof_delay;
        if (now >= *eof_at_) send_stream_eofs();
    }
    if (const auto result = connection_.handle_timeout(now); !result) {
        told_why_ = true;  // nobody listens
        return fail(result.error());
    }
    return {};
}

std::optional<TimePoint> ServerSession::Core::next_timeout() const noexcept {
    if (closed_) return std::nullopt;
    // Long past: `end_play` knows no time, so `handle_timeout` has to be called at once.
    if (!eof_streams_.empty()) return eof_at_.value_or(TimePoint{});
    return connection_.next_timeout();
}

std::optional<ServerEvent> ServerSession::Core::poll_event() {
    if (events_.empty()) return std::nullopt;
    std::optional event{std::move(events_.front())};
    events_.pop_front();
    return event;
}

Result<void> ServerSession::Core::handle_message(const Message& message) {
    switch (message.type) {
        case MessageType::command_amf0:
        case MessageType::command_amf3:
            return handle_command(message);
        case MessageType::audio:
        case MessageType::video:
        case MessageType::data_amf0:
        case MessageType::data_amf3:
            return handle_media(message);
        case MessageType::aggregate:
            return handle_aggregate(message);
        case MessageType::user_control:
            return {};  // StreamBegin and SetBufferLength: nothing depends on them
        default:
            ++stats_.unknown_messages;
            return {};
    }
}

Result<void> ServerSession::Core::handle_media(const Message& message) {
    auto* stream = find_stream(message.stream_id);
    if (!stream || stream->use != Use::publishing) {
        ++stats_.messages_without_publisher;
        return {};
    }
    const auto type = tag_type_of(message.type);
    if (!type) {
        ++stats_.unknown_messages;
        return {};
    }
    auto body = *type == flv::TagType::script_data ? data_values(message) : message.payload;
    const auto result = stream->demuxer->handle_tag(*type, message.timestamp_ms, std::move(body));
    while (auto event = stream->demuxer->poll_event()) {
        events_.emplace_back(MediaReceived{stream->request, *std::move(event)});
    }
    if (!result) return refuse(stream->id, "NetStream.Failed", result.error());
    return {};
}

Result<void> ServerSession::Core::handle_aggregate(const Message& message) {
    AggregateReader parts{message};
    while (true) {
        const auto part = parts.next();
        if (!part) return part.error();
        if (!*part) return {};
        STREAMKIT_TRY(handle_media(**part));
    }
}

void ServerSession::Core::accept(RequestId id) {
    auto* stream = find_request(id);
    if (!stream) return;
    const auto stream_begin = UserControl{UserControl::Type::stream_begin, stream->id}.message();
    if (stream->use == Use::publish_requested) {
        stream->use = Use::publishing;
        stream->demuxer.emplace(config_.tags);
        const auto description = stream->name.path() + " is now published";
        connection_.send(stream_begin);
        connection_.send({.name = "onFCPublish",
                          .arguments = {status_info(StatusLevel::status, "NetStream.Publish.Start",
                                                    description)}});
        send_status(stream->id, StatusLevel::status, "NetStream.Publish.Start", description);
    } else if (stream->use == Use::play_requested) {
        stream->use = Use::playing;
        const auto path = stream->name.path();
        connection_.send(stream_begin);
        if (stream->reset) {
            send_status(stream->id, StatusLevel::status, "NetStream.Play.Reset",
                        "Playing and resetting " + path);
        }
        send_status(stream->id, StatusLevel::status, "NetStream.Play.Start",
                    "Started playing " + path);
        connection_.send(sample_access(stream->id));
    }
}

void ServerSession::Core::reject(RequestId id, std::string_view why) {
    auto* stream = find_request(id);
    if (!stream) return;
    send_status(stream->id, StatusLevel::error,
                stream->publishes() ? "NetStream.Publish.BadName" : "NetStream.Play.StreamNotFound",
                why);
    stream->use = Use::idle;
    close();
}

void ServerSession::Core::send(RequestId play, const EncodedMessage& message) {
    const auto* stream = find_request(play);
    if (!stream || stream->use != Use::playing || closed_) return;
    connection_.send(message, stream->id);
}

void ServerSession::Core::end_play(RequestId id, std::string_view why) {
    auto* stream = find_request(id);
    if (!stream || stream->publishes()) return;
    stream->use = Use::idle;
    send_status(stream->id, StatusLevel::status, "NetStream.Play.UnpublishNotify", why);
    send_status(stream->id, StatusLevel::status, "NetStream.Play.Stop", why);
    eof_streams_.push_back(stream->id);
}

void ServerSession::Core::send_stream_eofs() {
    for (const auto id : eof_streams_)
        connection_.send(UserControl{UserControl::Type::stream_eof, id}.message());
    eof_streams_.clear();
    eof_at_.reset();
}

void ServerSession::Core::end_publish(RequestId id, std::string_view why) {
    auto* stream = find_request(id);
    if (!stream || !stream->publishes()) return;
    stream->use = Use::idle;
    stream->demuxer.reset();
    send_status(stream->id, StatusLevel::error, "NetStream.Failed", why);
    close();
}

void ServerSession::Core::close() {
    if (closed_) return;
    send_stream_eofs();
    end_all();
    closed_ = true;
}

void ServerSession::Core::send_status(std::uint32_t stream_id, StatusLevel level,
                                      std::string_view code, std::string_view description) {
    connection_.send(on_status(level, code, description), stream_id);
}

Error ServerSession::Core::refuse(std::uint32_t stream_id, std::string_view code, Error error) {
    send_status(stream_id, StatusLevel::error, code, error.message());
    told_why_ = true;
    return error;
}

Error ServerSession::Core::fail(Error error) {
    if (!told_why_ && connection_.handshake_done()) {
        refuse(0, connected_ ? "NetConnection.Connect.Closed" : "NetConnection.Connect.Rejected",
               error);
    }
    close();
    return error;
}

ServerSession::Core::MessageStream* ServerSession::Core::find_stream(std::uint32_t id) noexcept {
    const auto found = std::ranges::find(streams_, id, &MessageStream::id);
    return found == streams_.end() ? nullptr : &*found;
}

ServerSession::Core::MessageStream* ServerSession::Core::find_request(RequestId id) noexcept {
    const auto found = std::ranges::find_if(streams_, [id](const MessageStream& stream) {
        return stream.use != Use::idle && stream.request == id;
    });
    return found == streams_.end() ? nullptr : &*found;
}

void ServerSession::Core::end_use(MessageStream& stream) {
    if (stream.use == Use::idle) return;
    if (stream.publishes()) {
        events_.emplace_back(PublishEnded{stream.request});
    } else {
        events_.emplace_back(PlayEnded{stream.request});
    }
    stream.use = Use::idle;
    stream.demuxer.reset();
}

void ServerSession::Core::end_all() {
    for (auto& stream : streams_)
        end_use(stream);
}

}  // namespace streamkit::rtmp
