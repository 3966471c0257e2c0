#include "streamkit/service/rtmp_server.hpp"

#include <array>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "blocking_client.hpp"
#include "cmaf/synthetic_stream.hpp"
#include "running_runtime.hpp"
#include "streamkit/crypto/system_random.hpp"
#include "streamkit/net/timer.hpp"
#include "streamkit/rtmp/chunk_writer.hpp"
#include "streamkit/rtmp/client_session.hpp"
#include "streamkit/rtmp/command.hpp"
#include "streamkit/service/errc.hpp"
#include "streamkit/service/rtmp_publisher.hpp"
#include "streamkit/service/runtime.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using test::BlockingClient;

namespace {

const std::array kTracks{cmaf::test::video_info(), cmaf::test::audio_info()};

/// A server on loopback that lets everybody publish and play, but for the key "secret".
struct Server {
    explicit Server(RtmpServerConfig config = {}, std::size_t threads = 1)
        : runtime{{.threads = threads}}, server(runtime, on_any_port(std::move(config))) {
        server.on_publish([this](PublishRequest& request) {
            if (request.key() == "secret") return request.reject("not for you");
            if (request.key() == "silence") return;  // no answer
            request.accept(hub.open(request.path()));
        });
        server.on_play([this](PlayRequest& request) {
            const auto stream = hub.find(request.path());
            if (!stream) return request.reject("not live");
            request.accept(stream->subscribe());
        });
        REQUIRE(server.start());
    }

    static RtmpServerConfig on_any_port(RtmpServerConfig config) {
        config.listen = "127.0.0.1:0";
        return config;
    }
    [[nodiscard]] std::string url(const std::string& path) const {
        return "rtmp://127.0.0.1:" + std::to_string(server.port()) + "/" + path;
    }

    net::Runtime runtime;
    live::Hub hub;
    RtmpServer server;
};

/// @param go  the packets follow when it is ready
net::Task<> publish(std::string url, std::vector<Packet> packets, std::shared_future<void> go) {
    auto publisher = co_await RtmpPublisher::connect(url);
    if (!publisher) co_return publisher.error();
    auto sent = co_await publisher->announce(kTracks);
    go.wait();
    for (auto& packet : packets) {
        if (!sent) co_return sent;
        auto event = MediaEvent{std::move(packet)};
        sent = co_await publisher->send(std::move(event));
    }
    if (!sent) co_return sent;
    auto closed = co_await publisher->close();
    co_return closed;
}

/// Publishes with an event loop of its own.
Result<void> publish_all(const std::string& url, std::vector<Packet> packets) {
    net::Runtime runtime;
    std::promise<void> go;
    go.set_value();
    return runtime.run(publish(url, std::move(packets), go.get_future().share()));
}

/// Plays on a plain socket until the stream ends.
struct Player {
    Player(std::uint16_t port, const std::string& url)
        : socket(port),
          session(rtmp::ClientConfig::for_url(url, rtmp::ClientRole::play).value(), random,
                  TimePoint{}) {}

    /// Takes in what comes until the session is closed, or `playing` if asked for.
    void run(bool until_playing = false) {
        while (!session.closed() && !(until_playing && playing))
            step();
        send();
    }
    void run_until_packets(std::size_t count) {
        while (!session.closed() && packets.size() < count)
            step();
    }
    void step() {
        send();
        const auto bytes = socket.read_some_bytes();
        if (bytes.empty()) return session.close();
        static_cast<void>(session.handle_input(as_bytes(bytes), TimePoint{}));
        while (auto event = session.poll_event())
            take(*event);
    }
    void send() {
        std::size_t sent = 0;
        for (const auto& slice : session.pending_output()) {
            socket.send(slice.view());
            sent += slice.size();
        }
        session.consume_output(sent);
    }
    /// Returns when the server has said that it pauses, or goes on.
    void pause(bool paused) {
        const rtmp::Command command{"pause", 0, amf::Null{}, {amf::Value{paused}, amf::Value{0.0}}};
        socket.send(rtmp::ChunkWriter{}.write(command.message(1)).value().view());
        step();
    }
    void take(const rtmp::ClientEvent& event) {
        if (std::holds_alternative<rtmp::Playing>(event)) playing = true;
        if (const auto* refusal = std::get_if<rtmp::Refused>(&event))
            refused = refusal->description;
        if (const auto* received = std::get_if<rtmp::StreamReceived>(&event)) {
            if (const auto* packet = std::get_if<Packet>(&received->event)) {
                packets.push_back(*packet);
            }
        }
    }

    crypto::SystemRandom random;
    BlockingClient socket;
    rtmp::ClientSession session;
    bool playing = false;
    std::string refused;
    std::vector<Packet> packets;
};

std::vector<Bytes> payloads(const std::vector<Packet>& packets, TrackId track) {
    std::vector<Bytes> out;
    for (const auto& packet : packets) {
        if (packet.track != track) continue;
        const auto view = packet.payload.view();
        out.emplace_back(view.begin(), view.end());
    }
    return out;
}

}  // namespace

TEST_CASE("what is published over RTMP arrives at the hub and at every player", "[service]") {
    for (const std::size_t threads : {1U, 2U}) {
        INFO(threads << " threads");
        Server server{{}, threads};
        const test::RunningRuntime running{server.runtime};
        const auto sent = cmaf::test::make_packets({}, 5);

        // The first packet starts the stream; the rest follows when all players are there.
        std::promise<void> players_are_there;
        std::thread publisher{[&] {
            net::Runtime own;
            const auto go = players_are_there.get_future().share();
            const auto result = own.run(publish(server.url("live/app"), sent, go));
            CHECK(result);
        }};
        while (!server.hub.find("live/app"))
            std::this_thread::yield();
        std::vector<std::unique_ptr<Player>> players;
        for (int i = 0; i < 10; ++i) {
            players.push_back(
                std::make_unique<Player>(server.server.port(), server.url("live/app")));
            players.back()->run(true);
            CHECK(players.back()->playing);
        }
        players_are_there.set_value();
        publisher.join();
        for (auto& player : players) {
            player->run();
            for (const TrackId track : {cmaf::test::kVideoTrack, cmaf::test::kAudioTrack}) {
                CHECK(payloads(player->packets, track) == payloads(sent, track));
            }
        }
        CHECK_FALSE(server.hub.find("live/app"));
    }
}

TEST_CASE("a refused publisher and a refused player learn why", "[service]") {
    Server server;
    const test::RunningRuntime running{server.runtime};
    for (const char* key : {"secret", "silence"}) {
        const auto refused = publish_all(server.url("live/" + std::string{key}), {});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ServiceErrc::refused_by_peer);
    }
    Player player{server.server.port(), server.url("live/nothing")};
    player.run();
    CHECK(player.refused == "not live");
}

TEST_CASE("the second publisher of a name is refused and the first goes on", "[service]") {
    Server server;
    const test::RunningRuntime running{server.runtime};
    const auto taken = server.hub.open("live/app").value();
    const auto second = publish_all(server.url("live/app"), {});
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ServiceErrc::refused_by_peer);
    CHECK(taken->is_live());
}

TEST_CASE("garbage, HTTP and TLS on the RTMP port are closed and disturb nobody", "[service]") {
    Server server;
    const test::RunningRuntime running{server.runtime};
    const auto stream = server.hub.open("live/app").value();
    for (const auto& info : kTracks)
        stream->write(info, net::now());
    Player player{server.server.port(), server.url("live/app")};
    player.run(true);

    const std::string garbage[] = {
        std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(500, 'x'),
        std::string(4000, '\0'),
        std::string(4000, '\xff'),
    };
    for (const auto& bytes : garbage) {
        BlockingClient client{server.server.port()};
        client.send(bytes);
        client.read_to_end();  // closed, or the test fails after its deadline
    }
    const auto sent = cmaf::test::make_packets({}, 1);
    for (const auto& packet : sent)
        stream->write(packet, net::now());
    stream->end(net::now());
    player.run();
    CHECK(payloads(player.packets, cmaf::test::kVideoTrack) ==
          payloads(sent, cmaf::test::kVideoTrack));
}

TEST_CASE("half a handshake and then silence is closed after a stated time", "[service]") {
    RtmpServerConfig config;
    config.session.handshake_timeout = std::chrono::milliseconds{50};
    Server server{config};
    const test::RunningRuntime running{server.runtime};
    BlockingClient client{server.server.port()};
    client.send("\x03" + std::string(700, 'x'));
    client.read_to_end();
}

TEST_CASE("a player that does not read holds up neither the publisher nor the others",
          "[service]") {
    RtmpServerConfig config;
    config.driver.send_buffer_bytes = 64 * 1024;
    Server server{config};
    const test::RunningRuntime running{server.runtime};
    const auto stream = server.hub.open("live/app").value();
    for (const auto& info : kTracks)
        stream->write(info, net::now());
    Player stalled{server.server.port(), server.url("live/app")};
    stalled.run(true);
    Player reader{server.server.port(), server.url("live/app")};
    reader.run(true);

    // 40 MB, far more than the stalled player's queue and buffers take; each picture is written
    // when the reader has the one before.
    std::vector<Packet> sent;
    for (int i = 0; i < 400; ++i) {
        auto packet = cmaf::test::video_packet(
            i * 33, i * 33, i % 30 == 0 ? cmaf::test::Picture::idr : cmaf::test::Picture::inter);
        packet.payload = SharedBuffer::take(Bytes(100'000, static_cast<std::uint8_t>(i)));
        sent.push_back(packet);
        stream->write(packet, net::now());
        reader.run_until_packets(sent.size());
        REQUIRE(reader.packets.size() == sent.size());
    }
    stream->end(net::now());
    reader.run();
    CHECK(payloads(reader.packets, cmaf::test::kVideoTrack) ==
          payloads(sent, cmaf::test::kVideoTrack));
    CHECK(stream->stats(net::now()).dropped_packets > 0);
}

TEST_CASE("a player that pauses goes on with a key frame", "[service]") {
    Server server;
    const test::RunningRuntime running{server.runtime};
    const auto stream = server.hub.open("live/app").value();
    for (const auto& info : kTracks)
        stream->write(info, net::now());
    Player player{server.server.port(), server.url("live/app")};
    player.run(true);
    const auto write = [&](std::int64_t ms, cmaf::test::Picture picture) {
        stream->write(cmaf::test::video_packet(ms, ms, picture), net::now());
    };
    write(0, cmaf::test::Picture::idr);
    player.run_until_packets(1);

    player.pause(true);
    write(33, cmaf::test::Picture::inter);
    player.pause(false);
    write(67, cmaf::test::Picture::inter);
    write(100, cmaf::test::Picture::idr);
    write(133, cmaf::test::Picture::inter);
    stream->end(net::now());
    player.run();
    REQUIRE(player.packets.size() == 3);
    CHECK(player.packets[1].dts.ticks == 100);
    CHECK(player.packets[2].dts.ticks == 133);
}

TEST_CASE("a stopping RTMP server ends streams and tells players", "[service]") {
    Server server;
    test::RunningRuntime running{server.runtime};
    const auto stream = server.hub.open("live/app").value();
    for (const auto& info : kTracks)
        stream->write(info, net::now());
    Player player{server.server.port(), server.url("live/app")};
    player.run(true);
    std::thread stopper{[&] { running.stop(); }};
    player.run();
    CHECK(player.session.closed());
    stopper.join();
}
