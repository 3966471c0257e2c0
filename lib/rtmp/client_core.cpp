#include "client_core.hpp"

#include <utility>

#include "connect_info.hpp"
#include "media_message.hpp"
#include "streamkit/amf/writer.hpp"
#include "streamkit/base/byte_writer.hpp"

namespace streamkit::rtmp {
namespace {

// What encoders and players say they are; some servers turn others away.
constexpr std::string_view kEncoderVersion = "FMLE/3.0 (compatible; streamkit)";
constexpr std::string_view kPlayerVersion = "LNX 9,0,124,2";

// RTMP 1.0, 7.2.1.1: audioCodecs, videoCodecs, videoFunction.
constexpr double kAllAudioCodecs = 0x0FFF;
constexpr double kAllVideoCodecs = 0x00FF;
constexpr double kClientSeeks = 1;
constexpr double kPlayLiveOrRecorded = -2;  // 7.2.2.1: start

ConnectionConfig connection_config(const ClientConfig& config) {
    ConnectionConfig result;
    result.chunks = config.chunks;
    if (config.role == ClientRole::play) result.idle_timeout = config.idle_timeout;
    return result;
}

std::string text_property(const amf::Value& object, std::string_view name) {
    const auto* value = object.find(name);
    return std::string{value ? value->as_string().value_or("") : ""};
}

// "@setDataFrame" in front of onMetaData tells the server to give it to later players as well.
SharedBuffer set_data_frame(const Bytes& name_header, const SharedBuffer& values) {
    ByteWriter out{name_header.size() + values.size() + 16};
    amf::write_value(out, "@setDataFrame");
    out.bytes(name_header);
    out.bytes(values);
    return SharedBuffer::take(out.take());
}

}  // namespace

ClientSession::Core::Core(ClientConfig config, RandomSource& random, TimePoint now)
    : config_(std::move(config)),
      begin_(now),
      connection_(ClientHandshake{config_.handshake, random}, connection_config(config_), now),
      demuxer_(config_.demuxer),
      muxer_(config_.muxer) {}

Result<void> ClientSession::Core::handle_input(BytesView input, TimePoint now) {
    while (state_ != State::closed) {
        const auto message = connection_.read(input, now);
        if (!message) {
            state_ = State::closed;
            return message.error();
        }
        if (state_ == State::handshake && connection_.handshake_done()) send_connect();
        if (!*message) return {};
        if (const auto handled = handle_message(**message); !handled) {
            state_ = State::closed;
            return handled.error();
        }
    }
    return {};
}

Result<void> ClientSession::Core::handle_timeout(TimePoint now) {
    if (state_ == State::closed) return {};
    if (state_ != State::running) {
        if (now < begin_ + config_.setup_timeout) return {};
        state_ = State::closed;
        return Error{Errc::setup_timeout, "session"};
    }
    auto result = connection_.handle_timeout(now);
    if (!result) state_ = State::closed;
    return result;
}

std::optional<TimePoint> ClientSession::Core::next_timeout() const noexcept {
    if (state_ == State::closed) return std::nullopt;
    if (state_ != State::running) return begin_ + config_.setup_timeout;
    return connection_.next_timeout();
}

std::optional<ClientEvent> ClientSession::Core::poll_event() {
    if (events_.empty()) return std::nullopt;
    std::optional event{std::move(events_.front())};
    events_.pop_front();
    return event;
}

// 7.2.1.1
void ClientSession::Core::send_connect() {
    state_ = State::connecting;
    const bool publishes = config_.role == ClientRole::publish;
    const auto version = !config_.flash_ver.empty() ? std::string_view{config_.flash_ver}
                         : publishes                ? kEncoderVersion
                                                    : kPlayerVersion;
    amf::Object object{{{"app", config_.app}, {"flashVer", version}, {"tcUrl", config_.tc_url}}};
    if (publishes) {
        object.properties.push_back({"type", "nonprivate"});
    } else {
        object.properties.push_back({"fpad", false});
        object.properties.push_back({"capabilities", 15});
        object.properties.push_back({"audioCodecs", kAllAudioCodecs});
        object.properties.push_back({"videoCodecs", kAllVideoCodecs});
        object.properties.push_back({"videoFunction", kClientSeeks});
    }
    add_client_capabilities(object);
    connection_.set_chunk_size(config_.chunk_size);
    connect_transaction_ = ++last_transaction_;
    connection_.send(
        {.name = "connect", .transaction_id = connect_transaction_, .object = std::move(object)});
}

// FMLE announces the name before it creates the stream; servers of content networks rely on it.
void ClientSession::Core::send_create_stream() {
    state_ = State::creating;
    connection_.set_window(config_.window_bytes);
    if (config_.role == ClientRole::publish) {
        call("releaseStream", {config_.stream_name});
        call("FCPublish", {config_.stream_name});
    }
    create_transaction_ = call("createStream", {});
}

void ClientSession::Core::send_publish() {
    state_ = State::starting;
    call("publish", {config_.stream_name, "live"}, stream_id_);
}

void ClientSession::Core::send_play() {
    state_ = State::starting;
    const auto buffer_ms = static_cast<std::uint32_t>(config_.buffer_length.count());
    const UserControl buffer{UserControl::Type::set_buffer_length, stream_id_, buffer_ms};
    connection_.send(buffer.message());
    call("play", {config_.stream_name, kPlayLiveOrRecorded}, stream_id_);
}

double ClientSession::Core::call(std::string_view name, std::vector<amf::Value> arguments,
                                 std::uint32_t stream_id) {
    connection_.send({.name = std::string{name},
                      .transaction_id = ++last_transaction_,
                      .arguments = std::move(arguments)},
                     stream_id);
    return last_transaction_;
}

Result<void> ClientSession::Core::handle_message(const Message& message) {
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
        default:
            // StreamEOF says less than the onStatus that follows it: it also ends a pause or a part.
            return {};
    }
}

Result<void> ClientSession::Core::handle_command(const Message& message) {
    const auto command = Command::read(message, config_.commands);
    if (!command) return command.error();
    if (command->name == "_result") return handle_result(*command);
    if (command->name == "onStatus") return handle_status(command->argument(0));
    if (command->name == "_error") {
        // releaseStream and FCPublish are unknown to many servers; nothing depends on them.
        const auto transaction = command->transaction_id;
        if (transaction == connect_transaction_ || transaction == create_transaction_) {
            return refused(command->argument(0));
        }
    } else if (command->name == "close") {
        return refused(amf::Undefined{});
    }
    return {};
}

Result<void> ClientSession::Core::handle_result(const Command& command) {
    if (state_ == State::connecting && command.transaction_id == connect_transaction_) {
        send_create_stream();
    } else if (state_ == State::creating && command.transaction_id == create_transaction_) {
        const auto id = command.argument(0).as_number().value_or(0);
        if (id < 1 || id > 0xFFFFFFFF) return Error{Errc::malformed_command, "createStream result"};
        stream_id_ = static_cast<std::uint32_t>(id);
        config_.role == ClientRole::publish ? send_publish() : send_play();
    }
    return {};
}

// 7.2.2: level, code and description say it all.
Result<void> ClientSession::Core::handle_status(const amf::Value& information) {
    const auto code = text_property(information, "code");
    if (text_property(information, "level") == "error") return refused(information);
    if (code == "NetConnection.Connect.ReconnectRequest") {
        events_.emplace_back(ReconnectRequested{text_property(information, "tcUrl"),
                                                text_property(information, "description")});
    } else if (state_ == State::starting && code == "NetStream.Publish.Start") {
        state_ = State::running;
        events_.emplace_back(Publishing{});
    } else if (state_ == State::starting && code == "NetStream.Play.Start") {
        state_ = State::running;
        events_.emplace_back(Playing{});
    } else if (code == "NetStream.Play.Stop" || code == "NetStream.Play.UnpublishNotify" ||
               code == "NetStream.Play.Complete") {
        handle_stream_end(text_property(information, "description"));
    } else if (code == "NetConnection.Connect.Closed" || code == "NetConnection.Connect.Rejected") {
        return refused(information);
    }
    return {};
}

Result<void> ClientSession::Core::handle_media(const Message& message) {
    const auto type = tag_type_of(message.type);
    if (!type || config_.role != ClientRole::play) return {};
    auto body = *type == flv::TagType::script_data ? data_values(message) : message.payload;
    auto result = demuxer_.handle_tag(*type, message.timestamp_ms, std::move(body));
    while (auto event = demuxer_.poll_event()) {
        events_.emplace_back(StreamReceived{*std::move(event)});
    }
    return result;
}

Result<void> ClientSession::Core::handle_aggregate(const Message& message) {
    AggregateReader parts{message};
    while (true) {
        auto part = parts.next();
        if (!part) return part.error();
        if (!*part) return {};
        STREAMKIT_TRY(handle_media(**part));
    }
}

Error ClientSession::Core::refused(const amf::Value& information) {
    events_.emplace_back(
        Refused{text_property(information, "code"), text_property(information, "description")});
    state_ = State::closed;
    return Error{Errc::refused, "server"};
}

void ClientSession::Core::handle_stream_end(std::string description) {
    if (state_ == State::closed) return;
    events_.emplace_back(StreamEnded{std::move(description)});
    state_ = State::closed;
}

Result<void> ClientSession::Core::send(const MediaEvent& event) {
    if (state_ != State::running || config_.role != ClientRole::publish) {
        return Error{Errc::not_publishing, "send"};
    }
    auto body = muxer_.mux(event);
    if (!body) return body.error();
    if (!*body) return {};
    auto& tag = **body;
    if (const auto* metadata = std::get_if<Metadata>(&event);
        metadata && metadata->name == "onMetaData") {
        tag.payload = set_data_frame(tag.header, tag.payload);
        tag.header.clear();
    }
    const auto message = EncodedMessage::make(tag, config_.chunk_size);
    if (!message) return message.error();
    connection_.send(*message, stream_id_);
    return {};
}

void ClientSession::Core::close() {
    if (state_ == State::starting || state_ == State::running) {
        if (config_.role == ClientRole::publish) call("FCUnpublish", {config_.stream_name});
        call("deleteStream", {stream_id_});
    }
    state_ = State::closed;
}

}  // namespace streamkit::rtmp
