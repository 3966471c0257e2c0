// What a hostile or confused client may send: each gets a clear error within a stated limit.

#include "flv/samples.hpp"
#include "rtmp/scripted_client.hpp"
#include "streamkit/rtmp/server_session.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rtmp {
namespace {

using test::concat;
using test::hex;
using test::ScriptedClient;

std::string last_description(ScriptedClient& client) {
    const auto commands = client.received_commands();
    if (commands.empty()) return {};
    const auto* description = commands.back().argument(0).find("description");
    return description ? std::string{*description->as_string()} : std::string{};
}

TEST_CASE("other protocols on the RTMP port are named, and nothing is answered", "[rtmp][bad]") {
    struct Case {
        const char* name;
        Bytes bytes;
        Errc errc;
    };
    const Case cases[] = {
        {"garbage", Bytes(5000, 0xAA), Errc::unsupported_version},
        {"HTTP", test::text("GET /live/key HTTP/1.1\r\nHost: h\r\n\r\n"), Errc::http_request},
        {"TLS", hex("16 03 01 02 00 01 00 01 fc 03 03"), Errc::tls_client_hello},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        ScriptedClient client;
        const auto result = client.session.handle_input(c.bytes, client.now);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == c.errc);
        CHECK(client.session.closed());
        CHECK(client.session.pending_output().empty());
    }
}

TEST_CASE("commands before connect are refused with a reason", "[rtmp][bad]") {
    for (const std::string name : {"publish", "createStream", "play", "releaseStream"}) {
        INFO(name);
        ScriptedClient client;
        client.shake_hands();
        const auto result = client.call(name, amf::Null{}, {"key"});
        REQUIRE_FALSE(result);
        CHECK(result.error().code == Errc::out_of_order);
        CHECK(result.error().code == Failure::protocol_violation);
        CHECK(client.session.closed());
        CHECK_THAT(last_description(client), test::ContainsSubstring("before connect"));
    }
}

TEST_CASE("commands out of order are refused with a reason", "[rtmp][bad]") {
    SECTION("a second connect") {
        ScriptedClient client;
        client.connect();
        CHECK(client.call("connect", amf::Object{}, {}).error().code == Errc::out_of_order);
    }
    SECTION("publish without createStream") {
        ScriptedClient client;
        client.connect();
        CHECK(client.publish().error().code == Errc::out_of_order);
        CHECK_THAT(last_description(client), test::ContainsSubstring("without createStream"));
    }
    SECTION("publish twice on one message stream") {
        ScriptedClient client;
        client.create_stream();
        REQUIRE(client.publish());
        CHECK(client.publish("other").error().code == Errc::out_of_order);
        CHECK(client.events<PublishEnded>().size() == 1);
    }
    SECTION("play on a published message stream") {
        ScriptedClient client;
        client.create_stream();
        REQUIRE(client.publish());
        CHECK(client.play().error().code == Errc::out_of_order);
    }
    SECTION("more message streams than the limit") {
        ScriptedClient client;
        client.connect();
        for (int i = 0; i < 8; ++i)
            REQUIRE(client.call("createStream", amf::Null{}, {}));
        CHECK(client.call("createStream", amf::Null{}, {}).error().code ==
              Errc::too_many_message_streams);
    }
}

TEST_CASE("harmful names are refused with a reason", "[rtmp][bad]") {
    using namespace std::string_literals;
    struct Case {
        const char* name;
        std::string stream;
        Errc errc;
    };
    const Case cases[] = {
        {"../", "../../etc/passwd", Errc::stream_name_dot_segment},
        {"NUL", "key\0.flv"s, Errc::stream_name_control_character},
        {"invalid UTF-8", "\xC3\x28", Errc::stream_name_not_utf8},
        {"empty", "", Errc::empty_stream_name},
        {"10 KB", std::string(10'000, 'k'), Errc::stream_name_too_long},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        ScriptedClient publisher;
        publisher.create_stream();
        const auto published = publisher.publish(c.stream);
        REQUIRE_FALSE(published);
        CHECK(published.error().code == c.errc);
        CHECK(publisher.session.closed());
        const auto answers = publisher.received_answers();
        CHECK(answers.back() == "onStatus NetStream.Publish.BadName");

        ScriptedClient player;
        player.create_stream();
        REQUIRE_FALSE(player.play(c.stream));
        CHECK(player.received_answers().back() == "onStatus NetStream.Play.Failed");
    }
    // 64 KB are over the limit for a whole command.
    ScriptedClient client;
    client.create_stream();
    CHECK(client.publish(std::string(65536, 'k')).error().code == Errc::message_too_large);
    CHECK(client.received_answers().back() == "onStatus NetConnection.Connect.Closed");

    ScriptedClient wrong_app;
    wrong_app.connect({{{"app", "../live"}}});
    CHECK(wrong_app.session.closed());
    CHECK(wrong_app.received_answers().back() == "_error NetConnection.Connect.InvalidApp");
}

TEST_CASE("quotes, XML and UTF-8 in names are fine", "[rtmp][bad]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.publish("\"<&>' \xF0\x9F\x8E\xA5"));
    CHECK(client.events<PublishRequested>().at(0).stream.name == "\"<&>' \xF0\x9F\x8E\xA5");
}

TEST_CASE("AMF as an attack ends the connection", "[rtmp][bad]") {
    const auto command = [](const Bytes& object) {
        return concat({hex("02 0007 636f6e6e656374 00 3ff0000000000000"), object});
    };
    Bytes deep;
    for (int i = 0; i < 10'000; ++i) {
        const auto level = hex("03 0001 61");
        deep.insert(deep.end(), level.begin(), level.end());
    }
    struct Case {
        const char* name;
        Bytes object;
        amf::Errc errc;
    };
    const Case cases[] = {
        {"10 000 levels", deep, amf::Errc::too_deep},
        {"a string longer than the message", hex("02 0fff 61"), amf::Errc::truncated},
        {"a strict array of 2^32 - 1", hex("0a ffffffff"), amf::Errc::too_many_values},
        {"a reference to nothing", hex("07 0001"), amf::Errc::invalid_reference},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        ScriptedClient client;
        client.shake_hands();
        const auto result = client.media(MessageType::command_amf0, 0, command(c.object), 0);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == c.errc);
        CHECK(client.session.closed());
        CHECK(client.received_answers().back() == "onStatus NetConnection.Connect.Rejected");
    }
}

TEST_CASE("chunk sizes of 0 and 2^31 end the connection with a reason", "[rtmp][bad]") {
    for (const std::uint32_t size : {0U, 0x80000000U}) {
        ScriptedClient client;
        client.create_stream();
        REQUIRE(client.publish());
        const auto result = client.send(number_message(MessageType::set_chunk_size, size));
        REQUIRE_FALSE(result);
        CHECK(result.error().code == Errc::chunk_size_out_of_range);
        CHECK_THAT(last_description(client), test::ContainsSubstring("chunk size"));
        CHECK(client.events<PublishEnded>().size() == 1);
    }
}

TEST_CASE("messages that never complete hold no more than the limit", "[rtmp][bad]") {
    ScriptedClient client;
    client.connect();
    client.received();
    Result<void> result;
    std::size_t most = 0;
    for (std::uint8_t id = 3; result && id < 63; ++id) {
        // a video message of 1 MB, of which one chunk comes
        const Bytes begin{id, 0, 0, 0, 0x10, 0, 0, 9, 1, 0, 0, 0};
        result = client.session.handle_input(concat({begin, Bytes(128, 0)}), client.now);
        if (result) most = std::max(most, client.session.held_bytes());
    }
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::too_many_held_bytes);
    CHECK(most <= ChunkLimits{}.max_held_bytes);
}

TEST_CASE("a session fed with each prefix of a conversation stays sane", "[rtmp][bad]") {
    // The same bytes that a client sends from C0 to the first frame.
    Bytes conversation = hex("03 00000000 00000000");
    conversation.resize(1 + 2 * kHandshakeBytes, 0x11);
    ChunkWriter writer;
    const auto add = [&](const Message& message) {
        const auto chunks = writer.write(message).value();
        conversation.insert(conversation.end(), chunks.view().begin(), chunks.view().end());
    };
    add(Command{"connect", 1, amf::Object{{{"app", "live"}}}, {}}.message());
    add(Command{"createStream", 2, amf::Null{}, {}}.message());
    add(Command{"publish", 3, amf::Null{}, {"key", "live"}}.message(1));
    const auto publish_end = conversation.size();
    add({MessageType::video, 1, 0,
         SharedBuffer::copy_of(concat({hex("17 00 000000"), test::kAvcConfig}))});
    const auto config_end = conversation.size();
    add({MessageType::video, 1, 0, SharedBuffer::copy_of(hex("17 01 000000 00000001 65"))});

    const auto accept_all = [](ServerSession& session) {
        std::size_t media = 0;
        while (auto event = session.poll_event()) {
            if (const auto* publish = std::get_if<PublishRequested>(&*event)) {
                session.accept(publish->id);
            }
            if (std::holds_alternative<MediaReceived>(*event)) ++media;
        }
        return media;
    };
    const auto now = TimePoint{} + std::chrono::hours{1};
    const auto chunks_begin = 1 + 2 * kHandshakeBytes;
    for (std::size_t at = chunks_begin - 2; at <= conversation.size(); ++at) {
        SeededRandom random{1};
        ServerSession session{{}, random, now};
        const BytesView whole = conversation;
        REQUIRE(session.handle_input(whole.first(at), now));
        std::size_t media = accept_all(session);
        REQUIRE(session.handle_input(whole.subspan(at), now));
        media += accept_all(session);
        // The publisher is accepted at the cut, or at the end if it had not asked before.
        const auto too_early = session.stats().messages_without_publisher;
        if (at < publish_end) CHECK(too_early == 2);
        if (at >= publish_end && at < config_end) CHECK(media == 2);
        if (at >= config_end) CHECK(too_early >= 1);
    }
}

}  // namespace
}  // namespace streamkit::rtmp
