#include "streamkit/rtmp/client_session.hpp"

#include "flv/samples.hpp"
#include "rtmp/scripted_client.hpp"
#include "streamkit/rtmp/chunk_writer.hpp"
#include "streamkit/rtmp/command.hpp"
#include "streamkit/rtmp/handshake.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rtmp {
namespace {

using test::hex;
using test::take_output;
using namespace std::chrono_literals;

/// A server that says what a test wants it to say.
struct ScriptedServer {
    explicit ScriptedServer(ClientRole role, std::string_view url = "rtmp://h/live/key?t=1")
        : client{ClientConfig::for_url(url, role).value(), client_random, now} {
        ServerHandshake handshake{server_random};
        auto from_client = take_output(client);
        BytesView input = from_client;
        REQUIRE(handshake.handle_input(input));
        REQUIRE(client.handle_input(handshake.take_output(), now));
        from_client = take_output(client);
        input = from_client;
        REQUIRE(handshake.handle_input(input));
        REQUIRE(handshake.done());
        read(input);
    }

    void read(BytesView input) {
        while (auto message = *reader.read(input))
            messages.push_back(*std::move(message));
    }
    /// The commands since the last call.
    std::vector<Command> commands() {
        const auto bytes = take_output(client);
        read(bytes);
        std::vector<Command> result;
        for (const auto& message : messages) {
            if (message.type == MessageType::command_amf0) {
                result.push_back(Command::read(message).value());
            }
        }
        messages.clear();
        return result;
    }
    Result<void> send(const Message& message) {
        return client.handle_input(*writer.write(message), now);
    }
    Result<void> result(double transaction, amf::Value value) {
        return send(Command{"_result", transaction, amf::Null{}, {std::move(value)}}.message());
    }
    Result<void> status(StatusLevel level, std::string_view code) {
        return send(on_status(level, code, "because").message(1));
    }
    /// connect, createStream and the answer to publish or play.
    void start(std::string_view code) {
        commands();
        REQUIRE(result(1, status_info(StatusLevel::status, "NetConnection.Connect.Success", "")));
        REQUIRE(result(commands().back().transaction_id, 1));
        commands();
        REQUIRE(status(StatusLevel::status, code));
    }

    TimePoint now = TimePoint{} + 1h;
    SeededRandom client_random{1};
    SeededRandom server_random{2};
    ChunkReader reader;
    ChunkWriter writer;
    std::vector<Message> messages;
    ClientSession client;
};

TEST_CASE("a URL becomes application, tcUrl and stream name", "[rtmp][client]") {
    const auto config =
        ClientConfig::for_url("rtmp://example.org:1936/a/b/key?token=x/y", ClientRole::publish)
            .value();
    CHECK(config.app == "a/b");
    CHECK(config.tc_url == "rtmp://example.org:1936/a/b");
    CHECK(config.stream_name == "key?token=x/y");
    CHECK(ClientConfig::for_url("rtmp://[::1]/live/key", ClientRole::play).value().tc_url ==
          "rtmp://[::1]/live");
    for (const auto* url : {"http://h/live/key", "rtmp://h", "rtmp://h/live", "rtmp://h/live/"}) {
        INFO(url);
        CHECK(ClientConfig::for_url(url, ClientRole::play).error().code == Errc::invalid_url);
    }
    CHECK_FALSE(ClientConfig::for_url("live/key", ClientRole::play));
}

TEST_CASE("a publisher does what Flash Media Live Encoder does", "[rtmp][client]") {
    ScriptedServer server{ClientRole::publish};
    auto commands = server.commands();
    REQUIRE(commands.size() == 1);
    CHECK(commands[0].name == "connect");
    CHECK(commands[0].transaction_id == 1);
    CHECK(commands[0].object.find("app")->as_string() == "live");
    CHECK(commands[0].object.find("tcUrl")->as_string() == "rtmp://h/live");
    CHECK(commands[0].object.find("type")->as_string() == "nonprivate");
    CHECK(commands[0].object.find("fourCcList"));
    CHECK(server.reader.chunk_size() == kDefaultChunkSize);

    REQUIRE(
        server.result(1, status_info(StatusLevel::status, "NetConnection.Connect.Success", "")));
    commands = server.commands();
    REQUIRE(commands.size() == 3);
    CHECK(commands[0].name == "releaseStream");
    CHECK(commands[1].name == "FCPublish");
    CHECK(commands[1].argument(0).as_string() == "key?t=1");
    CHECK(commands[2].name == "createStream");

    // Many servers do not know releaseStream.
    REQUIRE(server.send(Command{"_error", commands[0].transaction_id, amf::Null{}, {}}.message()));
    REQUIRE(server.send(Command{"onBWDone", 0, amf::Null{}, {}}.message()));
    REQUIRE(server.result(commands[2].transaction_id, 7));
    REQUIRE(server.messages.empty());
    const auto bytes = take_output(server.client);
    server.read(bytes);
    REQUIRE(server.messages.size() == 1);
    CHECK(server.messages[0].stream_id == 7);
    CHECK(Command::read(server.messages[0]).value().argument(1).as_string() == "live");

    CHECK_FALSE(server.client.poll_event());
    REQUIRE(server.status(StatusLevel::status, "NetStream.Publish.Start"));
    const auto event = server.client.poll_event();
    REQUIRE(event);
    CHECK(std::holds_alternative<Publishing>(*event));

    server.messages.clear();
    REQUIRE(server.client.send(test::h264_track()));
    REQUIRE(server.client.send(EndOfStream{}));  // has no tag
    const auto media = take_output(server.client);
    server.read(media);
    REQUIRE(server.messages.size() == 1);
    CHECK(server.messages[0].stream_id == 7);
    server.messages.clear();

    server.client.close();
    commands = server.commands();
    REQUIRE(commands.size() == 2);
    CHECK(commands[0].name == "FCUnpublish");
    CHECK(commands[1].name == "deleteStream");
    CHECK(commands[1].argument(0).as_number() == 7);
}

TEST_CASE("a player says how much it buffers and plays", "[rtmp][client]") {
    ScriptedServer server{ClientRole::play};
    auto commands = server.commands();
    CHECK(commands.at(0).object.find("fpad")->as_bool() == false);
    REQUIRE(
        server.result(1, status_info(StatusLevel::status, "NetConnection.Connect.Success", "")));
    commands = server.commands();
    REQUIRE(commands.size() == 1);
    CHECK(commands[0].name == "createStream");
    REQUIRE(server.result(commands[0].transaction_id, 1));
    const auto bytes = take_output(server.client);
    server.read(bytes);
    REQUIRE(server.messages.size() == 2);
    const auto buffer = UserControl::read(server.messages[0]).value();
    CHECK(buffer->type == UserControl::Type::set_buffer_length);
    CHECK(buffer->number == 1);
    CHECK(buffer->buffer_length_ms == 1000);
    CHECK(Command::read(server.messages[1]).value().argument(0).as_string() == "key?t=1");

    REQUIRE(server.status(StatusLevel::status, "NetStream.Play.Reset"));
    CHECK_FALSE(server.client.poll_event());
    REQUIRE(server.status(StatusLevel::status, "NetStream.Play.Start"));
    REQUIRE(server.client.poll_event());
}

TEST_CASE("the ways in which a server says no", "[rtmp][client]") {
    struct Case {
        const char* name;
        Message message;
    };
    const auto info = status_info(StatusLevel::error, "Code", "why");
    const Case cases[] = {
        {"_error to connect", Command{"_error", 1, amf::Null{}, {info}}.message()},
        {"onStatus of level error", Command{"onStatus", 0, amf::Null{}, {info}}.message(1)},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        ScriptedServer server{ClientRole::publish};
        CHECK(server.send(c.message).error().code == Errc::refused);
        const auto event = server.client.poll_event();
        REQUIRE(event);
        const auto& refused = std::get<Refused>(*event);
        CHECK(refused.code == "Code");
        CHECK(refused.description == "why");
        CHECK(server.client.closed());
    }
    ScriptedServer server{ClientRole::publish};
    CHECK(server.send(Command{"close", 0, amf::Null{}, {}}.message()).error().code ==
          Errc::refused);
}

TEST_CASE("a server may ask to reconnect", "[rtmp][client]") {
    ScriptedServer server{ClientRole::publish};
    server.start("NetStream.Publish.Start");
    REQUIRE(server.client.poll_event());
    auto info = status_info(StatusLevel::status, "NetConnection.Connect.ReconnectRequest", "soon");
    info.properties.push_back({"tcUrl", "rtmp://other/live"});
    REQUIRE(server.send(Command{"onStatus", 0, amf::Null{}, {info}}.message()));
    const auto event = server.client.poll_event();
    REQUIRE(event);
    CHECK(std::get<ReconnectRequested>(*event).tc_url == "rtmp://other/live");
    CHECK_FALSE(server.client.closed());
}

TEST_CASE("a player sees the end however the server says it", "[rtmp][client]") {
    for (const auto* code :
         {"NetStream.Play.Stop", "NetStream.Play.UnpublishNotify", "NetStream.Play.Complete"}) {
        INFO(code);
        ScriptedServer server{ClientRole::play};
        server.start("NetStream.Play.Start");
        REQUIRE(server.client.poll_event());
        REQUIRE(server.status(StatusLevel::status, code));
        const auto event = server.client.poll_event();
        REQUIRE(event);
        CHECK(std::get<StreamEnded>(*event).description == "because");
        CHECK(server.client.closed());
    }
}

TEST_CASE("a server that takes too long is given up", "[rtmp][client][timeout]") {
    ScriptedServer server{ClientRole::publish};
    CHECK(server.client.next_timeout() == server.now + 10s);
    REQUIRE(server.client.handle_timeout(server.now + 9s));
    CHECK(server.client.handle_timeout(server.now + 10s).error().code == Errc::setup_timeout);
    CHECK(server.client.closed());
}

TEST_CASE("a silent server ends a player, not a publisher", "[rtmp][client][timeout]") {
    ScriptedServer player{ClientRole::play};
    player.start("NetStream.Play.Start");
    CHECK(player.client.next_timeout() == player.now + 60s);
    CHECK(player.client.handle_timeout(player.now + 60s).error().code == Errc::idle_timeout);

    ScriptedServer publisher{ClientRole::publish};
    publisher.start("NetStream.Publish.Start");
    CHECK_FALSE(publisher.client.next_timeout());
    CHECK(publisher.client.handle_timeout(publisher.now + 24h));
}

TEST_CASE("a createStream result that is no stream id is an error", "[rtmp][client]") {
    ScriptedServer server{ClientRole::play};
    server.commands();
    REQUIRE(
        server.result(1, status_info(StatusLevel::status, "NetConnection.Connect.Success", "")));
    const auto transaction = server.commands().at(0).transaction_id;
    CHECK(server.result(transaction, "one").error().code == Errc::malformed_command);
    CHECK(server.client.closed());
}

TEST_CASE("a server that speaks another protocol is refused", "[rtmp][client]") {
    SeededRandom random{1};
    const auto now = TimePoint{} + 1h;
    ClientSession client{ClientConfig::for_url("rtmp://h/live/key", ClientRole::play).value(),
                         random, now};
    CHECK(client.handle_input(test::text("SSH-2.0-OpenSSH"), now).error().code ==
          Errc::unsupported_version);
    CHECK(client.closed());
}

}  // namespace
}  // namespace streamkit::rtmp
