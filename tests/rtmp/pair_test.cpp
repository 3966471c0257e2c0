// Server and client core talk to each other in memory.

#include <vector>

#include "flv/samples.hpp"
#include "rtmp/scripted_client.hpp"
#include "streamkit/base/overloaded.hpp"
#include "streamkit/rtmp/client_session.hpp"
#include "streamkit/rtmp/server_session.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rtmp {
namespace {

using test::hex;
using test::take_output;
using namespace std::chrono_literals;

const auto kNow = TimePoint{} + 1h;

ClientConfig config_for(ClientRole role, HandshakeKind handshake = HandshakeKind::digest) {
    auto config = ClientConfig::for_url("rtmp://h:1935/live/key?token=1", role).value();
    config.handshake = handshake;
    return config;
}

/// A connection between a client and a server, cut into pieces of one size.
struct Pair {
    explicit Pair(ClientConfig config, std::size_t piece_bytes = SIZE_MAX)
        : client{std::move(config), client_random, kNow},
          server{{}, server_random, kNow},
          piece{piece_bytes} {}

    /// Until both have said everything.
    void exchange() {
        while (!client.pending_output().empty() || !server.pending_output().empty()) {
            test::in_pieces(take_output(client), piece, [&](BytesView bytes) {
                if (server_result) server_result = server.handle_input(bytes, kNow);
            });
            test::in_pieces(take_output(server), piece, [&](BytesView bytes) {
                if (client_result) client_result = client.handle_input(bytes, kNow);
            });
        }
    }
    template <class E>
    std::vector<E> server_events() {
        return take<E>(server);
    }
    template <class E>
    std::vector<E> client_events() {
        return take<E>(client);
    }

    SeededRandom client_random{1};
    SeededRandom server_random{2};
    ClientSession client;
    ServerSession server;
    std::size_t piece;
    Result<void> client_result;
    Result<void> server_result;

private:
    template <class E, class Session>
    static std::vector<E> take(Session& session) {
        std::vector<E> found;
        while (auto event = session.poll_event()) {
            if (auto* wanted = std::get_if<E>(&*event)) found.push_back(std::move(*wanted));
        }
        return found;
    }
};

std::vector<MediaEvent> clip() {
    Bytes large(200'000, 0x5a);
    large[3] = 1;
    return {Metadata{"onMetaData", {0, 1000}, test::shared(hex("08 00000000 0000 09"))},
            test::h264_track(),
            test::aac_track(),
            test::packet(1, 0, 80, true, large),
            test::packet(2, 5, 5, true, hex("2110")),
            test::packet(1, 40, 40, false, hex("00000001 41")),
            Metadata{"onTextData", {45, 1000}, test::shared(hex("05"))},
            test::packet(1, 0x1'0000'0000, 0x1'0000'0000, true, hex("00000001 65"))};
}

// Times beyond 32 bits wrap on the wire; without packets in between they cannot be told.
std::vector<MediaEvent> as_received(std::vector<MediaEvent> events) {
    auto& last = std::get<Packet>(events.back());
    last.dts.ticks = last.pts.ticks = 0;
    return events;
}

TEST_CASE("what a client publishes, the server receives", "[rtmp][pair]") {
    for (const auto handshake : {HandshakeKind::simple, HandshakeKind::digest}) {
        for (const std::size_t piece : {1UL, 7UL, 1460UL, SIZE_MAX}) {
            Pair pair{config_for(ClientRole::publish, handshake), piece};
            CHECK(pair.client.send(test::h264_track()).error().code == Errc::not_publishing);
            pair.exchange();
            const auto requests = pair.server_events<PublishRequested>();
            REQUIRE(requests.size() == 1);
            CHECK(requests[0].stream == StreamName{"live", "key", "token=1"});
            pair.server.accept(requests[0].id);
            pair.exchange();
            REQUIRE(pair.client_events<Publishing>().size() == 1);

            for (const auto& event : clip())
                REQUIRE(pair.client.send(event));
            pair.exchange();
            std::vector<MediaEvent> received;
            for (auto& media : pair.server_events<MediaReceived>()) {
                CHECK(media.id == requests[0].id);
                received.push_back(std::move(media.event));
            }
            CHECK(received == as_received(clip()));

            pair.client.close();
            CHECK(pair.client.closed());
            pair.exchange();
            CHECK(pair.server_events<PublishEnded>().size() == 1);
            CHECK(pair.server_result);
            CHECK(pair.client.send(clip()[3]).error().code == Errc::not_publishing);
        }
    }
}

TEST_CASE("what the server sends, a playing client receives", "[rtmp][pair]") {
    for (const std::size_t piece : {1UL, 1460UL, SIZE_MAX}) {
        Pair pair{config_for(ClientRole::play), piece};
        pair.exchange();
        const auto requests = pair.server_events<PlayRequested>();
        REQUIRE(requests.size() == 1);
        pair.server.accept(requests[0].id);
        flv::TagMuxer muxer;
        for (const auto& event : clip()) {
            const auto body = muxer.mux(event);
            REQUIRE(body);
            REQUIRE(*body);
            pair.server.send(requests[0].id, EncodedMessage::make(**body).value());
        }
        pair.exchange();
        std::vector<MediaEvent> received;
        bool playing = false;
        while (auto event = pair.client.poll_event()) {
            if (std::holds_alternative<Playing>(*event)) playing = true;
            if (auto* media = std::get_if<StreamReceived>(&*event)) {
                received.push_back(std::move(media->event));
            }
        }
        CHECK(playing);
        // |RtmpSampleAccess comes first, as script data of its own.
        REQUIRE(!received.empty());
        CHECK(std::get<Metadata>(received.front()).name == "|RtmpSampleAccess");
        received.erase(received.begin());
        CHECK(received == as_received(clip()));

        pair.server.end_play(requests[0].id, "the publisher has left");
        pair.exchange();
        const auto ended = pair.client_events<StreamEnded>();
        REQUIRE(ended.size() == 1);
        CHECK(ended[0].description == "the publisher has left");
        CHECK(pair.client.closed());
        CHECK(pair.client_result);
    }
}

TEST_CASE("a refused client learns code and description", "[rtmp][pair]") {
    Pair publisher{config_for(ClientRole::publish)};
    publisher.exchange();
    publisher.server.reject(publisher.server_events<PublishRequested>().at(0).id, "wrong key");
    publisher.exchange();
    auto refused = publisher.client_events<Refused>();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].code == "NetStream.Publish.BadName");
    CHECK(refused[0].description == "wrong key");
    CHECK(publisher.client_result.error().code == Errc::refused);
    CHECK(publisher.client.closed());

    auto config = config_for(ClientRole::play);
    config.app = "../live";
    Pair player{config};
    player.exchange();
    refused = player.client_events<Refused>();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].code == "NetConnection.Connect.InvalidApp");
    CHECK(player.server_result.error().code == Errc::stream_name_dot_segment);
}

TEST_CASE("a publisher whose stream is taken away learns why", "[rtmp][pair]") {
    Pair pair{config_for(ClientRole::publish)};
    pair.exchange();
    const auto id = pair.server_events<PublishRequested>().at(0).id;
    pair.server.accept(id);
    pair.exchange();
    pair.server.end_publish(id, "taken over");
    pair.exchange();
    const auto refused = pair.client_events<Refused>();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].description == "taken over");
}

}  // namespace
}  // namespace streamkit::rtmp
