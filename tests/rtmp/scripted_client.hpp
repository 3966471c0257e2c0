#pragma once

// A client that says what a test wants it to say, and shows what a server session answers.

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "streamkit/base/random.hpp"
#include "streamkit/rtmp/chunk_reader.hpp"
#include "streamkit/rtmp/chunk_writer.hpp"
#include "streamkit/rtmp/command.hpp"
#include "streamkit/rtmp/handshake.hpp"
#include "streamkit/rtmp/server_session.hpp"

namespace streamkit::test {

/// The bytes that wait to be sent; they are sent now.
template <class Session>
Bytes take_output(Session& session) {
    Bytes bytes;
    for (const auto& slice : session.pending_output())
        bytes.insert(bytes.end(), slice.view().begin(), slice.view().end());
    session.consume_output(bytes.size());
    return bytes;
}

class ScriptedClient {
public:
    explicit ScriptedClient(rtmp::ServerConfig config = {})
        : session{std::move(config), server_random_, now} {}

    /// What the client does before anything else.
    void shake_hands() {
        rtmp::ClientHandshake handshake{rtmp::HandshakeKind::simple, client_random_};
        Bytes from_server;
        for (int i = 0; i < 2; ++i) {
            static_cast<void>(session.handle_input(handshake.take_output(), now));
            from_server = take_output(session);
            BytesView input = from_server;
            static_cast<void>(handshake.handle_input(input));
        }
        static_cast<void>(session.handle_input(handshake.take_output(), now));
    }
    void connect(amf::Object object = {{{"app", "live"}, {"tcUrl", "rtmp://h/live"}}}) {
        shake_hands();
        static_cast<void>(call("connect", std::move(object), {}));
    }
    /// connect and createStream; the message stream is 1.
    void create_stream() {
        connect();
        static_cast<void>(call("createStream", amf::Null{}, {}));
    }

    /// Sends a command with a transaction id of its own.
    Result<void> call(std::string name, amf::Value object, std::vector<amf::Value> arguments,
                      std::uint32_t stream_id = 0) {
        const rtmp::Command command{std::move(name), ++transaction, std::move(object),
                                    std::move(arguments)};
        return send(command.message(stream_id));
    }
    Result<void> publish(std::string name = "key") {
        return call("publish", amf::Null{}, {std::move(name), "live"}, 1);
    }
    Result<void> play(std::string name = "key") {
        return call("play", amf::Null{}, {std::move(name)}, 1);
    }
    Result<void> send(const rtmp::Message& message) {
        return session.handle_input(*writer_.write(message), now);
    }
    Result<void> media(rtmp::MessageType type, std::int64_t timestamp_ms, const Bytes& payload,
                       std::uint32_t stream_id = 1) {
        return send({type, stream_id, timestamp_ms, SharedBuffer::copy_of(payload)});
    }

    /// All messages that the server has sent since the last call.
    std::vector<rtmp::Message> received() {
        const auto bytes = take_output(session);
        BytesView input = bytes;
        std::vector<rtmp::Message> messages;
        while (true) {
            auto message = reader_.read(input);
            if (!message) throw std::runtime_error{message.error().message()};
            if (!*message) return messages;
            messages.push_back(**std::move(message));
        }
    }
    /// The commands among them.
    std::vector<rtmp::Command> received_commands() {
        std::vector<rtmp::Command> commands;
        for (const auto& message : received()) {
            if (message.type == rtmp::MessageType::command_amf0) {
                commands.push_back(rtmp::Command::read(message).value());
            }
        }
        return commands;
    }
    /// "_result", "onStatus NetStream.Publish.Start" and so on, in order.
    std::vector<std::string> received_answers() {
        std::vector<std::string> answers;
        for (const auto& command : received_commands()) {
            const auto* code = command.argument(0).find("code");
            answers.push_back(code ? command.name + " " + std::string{*code->as_string()}
                                   : command.name);
        }
        return answers;
    }

    template <class E>
    std::vector<E> events() {
        std::vector<E> found;
        while (auto event = session.poll_event()) {
            if (auto* wanted = std::get_if<E>(&*event)) found.push_back(std::move(*wanted));
        }
        return found;
    }
    /// The id of the only request of that kind.
    template <class E>
    rtmp::RequestId request() {
        const auto all = events<E>();
        return all.size() == 1 ? all.front().id : 0;
    }

    TimePoint now = TimePoint{} + std::chrono::hours{1};
    double transaction = 0;

private:
    SeededRandom client_random_{1};
    SeededRandom server_random_{2};
    rtmp::ChunkWriter writer_;
    rtmp::ChunkReader reader_;

public:
    rtmp::ServerSession session;
};

}  // namespace streamkit::test
