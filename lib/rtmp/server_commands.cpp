// The commands of a client. RTMP 1.0, 7.2, and what FMLE and Flash Player send beyond it.

#include <cmath>
#include <string>
#include <utility>

#include "connect_info.hpp"
#include "server_core.hpp"

namespace streamkit::rtmp {
namespace {

std::uint32_t stream_id_of(const amf::Value& value) {
    const auto number = value.as_number().value_or(0);
    return number >= 1 && number <= 0xFFFFFFFF ? static_cast<std::uint32_t>(number) : 0;
}

// What a client counts in milliseconds: a number that fits, or 0.
std::int64_t milliseconds_of(const amf::Value& value) {
    const auto number = value.as_number().value_or(0);
    return std::abs(number) < 1e15 ? static_cast<std::int64_t>(number) : 0;
}

PublishType publish_type_of(const amf::Value& value) {
    const auto text = value.as_string().value_or("live");
    return text == "record"   ? PublishType::record
           : text == "append" ? PublishType::append
                              : PublishType::live;
}

// -2 and -1 have a meaning of their own; FFmpeg sends them in milliseconds.
double start_of(const amf::Value& value) {
    const auto start = value.as_number().value_or(-2);
    return start <= -1000 ? start / 1000 : start;
}

// play's reset is a boolean; Flash Player also sends numbers, where 2 and 3 mean "keep".
bool reset_of(const amf::Value& value) {
    if (const auto number = value.as_number()) return *number == 1;
    return value.as_bool().value_or(true);
}

}  // namespace

ServerSession::Core::Handler ServerSession::Core::find_handler(std::string_view name) noexcept {
    struct Entry {
        std::string_view name;
        Handler handler;
    };
    static constexpr Entry kHandlers[] = {
        {"connect", &Core::handle_connect},
        {"releaseStream", &Core::handle_release_stream},
        {"FCPublish", &Core::handle_fc_publish},
        {"FCUnpublish", &Core::handle_fc_unpublish},
        {"FCSubscribe", &Core::handle_fc_subscribe},
        {"createStream", &Core::handle_create_stream},
        {"deleteStream", &Core::handle_delete_stream},
        {"closeStream", &Core::handle_close_stream},
        {"publish", &Core::handle_publish},
        {"play", &Core::handle_play},
        {"play2", &Core::handle_play2},
        {"pause", &Core::handle_pause},
        {"pauseRaw", &Core::handle_pause},
        {"seek", &Core::handle_seek},
        {"getStreamLength", &Core::handle_get_stream_length},
        {"_checkbw", &Core::handle_check_bandwidth},
        {"receiveAudio", &Core::handle_silently},
        {"receiveVideo", &Core::handle_silently},
        {"_result", &Core::handle_silently},
        {"_error", &Core::handle_silently},
    };
    for (const auto& entry : kHandlers) {
        if (entry.name == name) return entry.handler;
    }
    return nullptr;
}

Result<void> ServerSession::Core::handle_command(const Message& message) {
    const auto command = Command::read(message, config_.commands);
    if (!command) return command.error();
    if (!connected_ && command->name != "connect") {
        return Error{Errc::out_of_order, "a command before connect"};
    }
    if (const auto handler = find_handler(command->name)) {
        return (this->*handler)(*command, message.stream_id);
    }
    ++stats_.unknown_commands;
    if (command->transaction_id != 0) {
        reply_error(*command, "NetConnection.Call.Failed", "unknown command " + command->name);
    }
    return {};
}

// 7.2.1.1. Everything goes out at once: in pieces, delayed acknowledgements of TCP cost 40 ms each.
Result<void> ServerSession::Core::handle_connect(const Command& command, std::uint32_t) {
    if (connected_) return Error{Errc::out_of_order, "a second connect"};
    auto connected = read_connect(command, config_.names);
    if (!connected) {
        reply_error(command, "NetConnection.Connect.InvalidApp", connected.error().message());
        told_why_ = true;
        return connected.error();
    }
    connected_ = true;
    app_ = connected->app;
    connection_.set_window(config_.window_bytes);
    connection_.send(
        SetPeerBandwidth{config_.window_bytes, SetPeerBandwidth::LimitType::dynamic}.message());
    connection_.set_chunk_size(config_.chunk_size);
    connection_.send(UserControl{UserControl::Type::stream_begin, 0}.message());
    connection_.send(connect_result(command));
    events_.emplace_back(*std::move(connected));
    return {};
}

Result<void> ServerSession::Core::handle_release_stream(const Command& command, std::uint32_t) {
    reply(command);
    return {};
}

// onFCPublish follows when the publish itself is accepted.
Result<void> ServerSession::Core::handle_fc_publish(const Command& command, std::uint32_t) {
    reply(command);
    return {};
}

Result<void> ServerSession::Core::handle_fc_unpublish(const Command& command, std::uint32_t) {
    reply(command);
    connection_.send({.name = "onFCUnpublish",
                      .arguments = {status_info(StatusLevel::status, "NetStream.Unpublish.Success",
                                                "Stop publishing")}});
    return {};
}

// Players of some content networks wait for the answer before they play.
Result<void> ServerSession::Core::handle_fc_subscribe(const Command& command, std::uint32_t) {
    reply(command);
    connection_.send(
        {.name = "onFCSubscribe",
         .arguments = {status_info(StatusLevel::status, "NetStream.Play.Start", "Subscribed")}});
    return {};
}

// 7.2.1.3
Result<void> ServerSession::Core::handle_create_stream(const Command& command, std::uint32_t) {
    if (streams_.size() >= config_.max_message_streams) {
        return Error{Errc::too_many_message_streams, "createStream"};
    }
    std::uint32_t id = EncodedMessage::kMessageStreamId;
    while (find_stream(id))
        ++id;
    streams_.emplace_back().id = id;
    reply(command, id);
    return {};
}

// 7.2.2.3
Result<void> ServerSession::Core::handle_delete_stream(const Command& command, std::uint32_t) {
    const auto id = stream_id_of(command.argument(0));
    if (auto* stream = find_stream(id)) {
        STREAMKIT_TRY(handle_close_stream(command, id));
        streams_.erase(streams_.begin() + (stream - streams_.data()));
    }
    return {};
}

Result<void> ServerSession::Core::handle_close_stream(const Command&, std::uint32_t stream_id) {
    auto* stream = find_stream(stream_id);
    if (!stream || stream->use == Use::idle) return {};
    if (stream->publishes()) {
        send_status(stream_id, StatusLevel::status, "NetStream.Unpublish.Success",
                    stream->name.path() + " is now unpublished");
    } else {
        send_status(stream_id, StatusLevel::status, "NetStream.Play.Stop",
                    "Stopped playing " + stream->name.path());
    }
    end_use(*stream);
    return {};
}

// 7.2.2.6
Result<void> ServerSession::Core::handle_publish(const Command& command, std::uint32_t stream_id) {
    auto* stream = find_stream(stream_id);
    if (!stream) return Error{Errc::out_of_order, "publish without createStream"};
    // ActionScript's publish(false) stops.
    if (command.argument(0).as_bool() == false) return handle_close_stream(command, stream_id);
    if (stream->use != Use::idle) return Error{Errc::out_of_order, "publish on a stream in use"};
    auto name =
        StreamName::parse(app_, command.argument(0).as_string().value_or(""), config_.names);
    if (!name) return refuse(stream_id, "NetStream.Publish.BadName", name.error());
    stream->use = Use::publish_requested;
    stream->request = ++last_request_;
    stream->name = *name;
    events_.emplace_back(
        PublishRequested{stream->request, *std::move(name), publish_type_of(command.argument(1))});
    return {};
}

// 7.2.2.1
Result<void> ServerSession::Core::handle_play(const Command& command, std::uint32_t stream_id) {
    auto* stream = find_stream(stream_id);
    if (!stream) return Error{Errc::out_of_order, "play without createStream"};
    PlayRequested request;
    request.start_s = start_of(command.argument(1));
    request.duration_s = command.argument(2).as_number().value_or(-1);
    request.reset = reset_of(command.argument(3));
    return request_play(*stream, command.argument(0).as_string().value_or(""), std::move(request));
}

// 7.2.2.2: goes over to another stream, usually of another bit rate.
Result<void> ServerSession::Core::handle_play2(const Command& command, std::uint32_t stream_id) {
    auto* stream = find_stream(stream_id);
    if (!stream) return Error{Errc::out_of_order, "play2 without createStream"};
    const auto* name = command.argument(0).find("streamName");
    PlayRequested request;
    request.reset = false;
    return request_play(*stream, name ? name->as_string().value_or("") : "", std::move(request));
}

Result<void> ServerSession::Core::request_play(MessageStream& stream, std::string_view name,
                                               PlayRequested request) {
    if (stream.publishes()) return Error{Errc::out_of_order, "play on a stream in use"};
    auto parsed = StreamName::parse(app_, name, config_.names);
    if (!parsed) return refuse(stream.id, "NetStream.Play.Failed", parsed.error());
    end_use(stream);  // what played there before
    send_stream_eofs();
    stream.use = Use::play_requested;
    stream.request = ++last_request_;
    stream.reset = request.reset;
    stream.name = *parsed;
    request.id = stream.request;
    request.stream = *std::move(parsed);
    events_.emplace_back(std::move(request));
    return {};
}

// 7.2.2.8
Result<void> ServerSession::Core::handle_pause(const Command& command, std::uint32_t stream_id) {
    const auto* stream = find_stream(stream_id);
    if (!stream || stream->use != Use::playing) return {};
    const bool paused = command.argument(0).as_bool().value_or(true);
    const auto position_ms = milliseconds_of(command.argument(1));
    send_status(stream_id, StatusLevel::status,
                paused ? "NetStream.Pause.Notify" : "NetStream.Unpause.Notify",
                (paused ? "Pausing " : "Unpausing ") + stream->name.path());
    events_.emplace_back(PauseRequested{stream->request, paused, position_ms});
    return {};
}

// 7.2.2.7
Result<void> ServerSession::Core::handle_seek(const Command&, std::uint32_t stream_id) {
    const auto* stream = find_stream(stream_id);
    if (!stream || stream->use != Use::playing) return {};
    send_status(stream_id, StatusLevel::error, "NetStream.Seek.Failed",
                "A live stream cannot seek");
    return {};
}

// Not in RTMP 1.0; librtmp asks when it is to play a recording. 0: not a recording.
Result<void> ServerSession::Core::handle_get_stream_length(const Command& command, std::uint32_t) {
    reply(command, 0);
    return {};
}

// Not in RTMP 1.0; encoders measure the time to the answer.
Result<void> ServerSession::Core::handle_check_bandwidth(const Command& command, std::uint32_t) {
    reply(command, 0);
    return {};
}

Result<void> ServerSession::Core::handle_silently(const Command&, std::uint32_t) { return {}; }

void ServerSession::Core::reply(const Command& call, amf::Value result) {
    if (call.transaction_id == 0) return;
    connection_.send({.name = "_result",
                      .transaction_id = call.transaction_id,
                      .arguments = {std::move(result)}});
}

void ServerSession::Core::reply_error(const Command& call, std::string_view code,
                                      std::string_view description) {
    connection_.send({.name = "_error",
                      .transaction_id = call.transaction_id,
                      .arguments = {status_info(StatusLevel::error, code, description)}});
}

}  // namespace streamkit::rtmp
