#include "handshake.hpp"

#include "pair.hpp"
#include "raw_peer.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp::test {
namespace {

TEST_CASE("a handshake takes one round trip", "[rudp][handshake]") {
    Pair pair;
    ClientConfig config;
    config.protocol = "streamkit-file/1";
    config.request = {1, 2, 3};
    pair.connect(config);
    CHECK(!pair.client.find(pair.client_link)->connected());
    CHECK(pair.client.find(pair.client_link)->open_stream(StreamKind::one_way).error().code ==
          Errc::not_connected);
    pair.run_for(10ms);
    const auto* incoming = Pair::find<Incoming>(pair.server_events);
    REQUIRE(incoming != nullptr);
    CHECK(incoming->protocol == "streamkit-file/1");
    CHECK(incoming->request == Bytes{1, 2, 3});
    CHECK(incoming->path.peer == kClientAddress);
    CHECK(!pair.server_has<Connected>());
    CHECK(!pair.at_server().connected());
    pair.run_for(10ms);
    const auto* connected = Pair::find<Connected>(pair.client_events);
    REQUIRE(connected != nullptr);
    CHECK(connected->server_key == pair.server.public_key());
    CHECK(pair.at_client().connected());
    pair.run_for(10ms);
    REQUIRE(pair.server_has<Connected>());
    CHECK(pair.at_server().connected());
    CHECK(pair.server.stats().half_open == 0);
    CHECK(pair.server.stats().connections == 1);
}

TEST_CASE("HELLO is 1200 bytes and is repeated, rarer each time", "[rudp][handshake]") {
    Pair pair;
    std::vector<std::chrono::nanoseconds> times;
    pair.drop = [&](const Pair::Datagram& d) {
        CHECK(d.bytes.size() == kMinHelloBytes);
        times.push_back(d.at - pair.delay - kStart);
        return true;
    };
    pair.connect();
    pair.run_for(20s);
    REQUIRE(times.size() >= 5);
    CHECK(times[0] == 0ns);
    CHECK(times[1] == 300ms);
    CHECK(times[2] == 900ms);
    CHECK(times[3] == 2'100ms);
    CHECK(times.size() < 9);
    REQUIRE(pair.client_has<Closed>());
    CHECK(Pair::find<Closed>(pair.client_events)->reason.error.code == Errc::handshake_timeout);
    CHECK(!pair.client.next_timeout());
}

TEST_CASE("the handshake gets through loss", "[rudp][handshake]") {
    const auto lost = GENERATE(range(0, 5));
    CAPTURE(lost);
    Pair pair;
    int n = 0;
    pair.drop = [&](const Pair::Datagram&) { return n++ == lost; };
    REQUIRE(pair.establish());
    CHECK(pair.now - kStart < 2s);
    CHECK(Pair::count<Incoming>(pair.server_events) == 1);
    CHECK(Pair::count<Connected>(pair.client_events) == 1);
}

TEST_CASE("half of all datagrams may get lost", "[rudp][handshake]") {
    const auto seed = GENERATE(range(1, 21));
    CAPTURE(seed);
    Pair pair{Pair::default_server(), {}, static_cast<std::uint64_t>(seed)};
    SeededRandom random{static_cast<std::uint64_t>(seed)};
    pair.drop = [&](const Pair::Datagram&) { return random.below(2) == 0; };
    pair.connect();
    pair.run_for(15s);
    // Either it stands at both sides, or the client knows that it does not.
    const bool stands = pair.client_has<Connected>() && !pair.client_has<Closed>();
    if (stands) {
        CHECK(pair.client.find(pair.client_link)->connected());
    } else {
        CHECK(pair.client_has<Closed>());
    }
}

TEST_CASE("a server under load asks for a cookie first", "[rudp][handshake]") {
    auto setup = Pair::default_server();
    setup.cookie_threshold = 0;
    Pair pair{setup};
    REQUIRE(pair.establish());
    CHECK(pair.server.stats().cookies_asked == 1);
    CHECK(pair.server.stats().wrong_cookies == 0);
    CHECK(pair.now - kStart <= 60ms);
}

TEST_CASE("a copy of a RETRY is passed over, and there is an end to others", "[rudp][handshake]") {
    SeededRandom random{1};
    Endpoint client{{}, random};
    ClientConfig config;
    REQUIRE(client.connect(kServerAddress, config, kStart));
    const auto cookie_of_next_hello = [&](TimePoint now) -> std::optional<Bytes> {
        const auto out = client.poll_transmit(now);
        if (!out) return std::nullopt;
        const auto header = read_packet(out->bytes);
        const auto& hello = std::get<HelloPacket>(*header);
        return Bytes{hello.cookie.begin(), hello.cookie.end()};
    };
    const auto first = client.poll_transmit(kStart);
    REQUIRE(first);
    const auto id = std::get<HelloPacket>(*read_packet(first->bytes)).source;
    const auto retry = [&](std::uint8_t byte) {
        const Bytes cookie(20, byte);
        Bytes out(100);
        SpanWriter writer{out};
        write_retry(writer, {id, cookie});
        out.resize(writer.size());
        return client.handle_datagram({{kClientAddress, kServerAddress}, Ecn::not_ect}, out,
                                      kStart);
    };
    CHECK(retry(1));
    CHECK(retry(1));
    CHECK(cookie_of_next_hello(kStart) == Bytes(20, 1));
    CHECK(!cookie_of_next_hello(kStart));
    // Another address, another cookie; but not for ever.
    for (std::uint8_t n = 2; n <= 10; ++n) {
        CHECK(retry(n));
        CHECK(cookie_of_next_hello(kStart).has_value() == (n <= ClientHandshake::kMaxRetries));
    }
    client.handle_timeout(kStart + 300ms);
    CHECK(cookie_of_next_hello(kStart + 300ms) == Bytes(20, ClientHandshake::kMaxRetries));
}

TEST_CASE("a rejection comes with its reason", "[rudp][handshake]") {
    Pair pair;
    pair.accept_all = false;
    pair.on_event = [&](bool, const Event& event) {
        if (const auto* incoming = std::get_if<Incoming>(&event))
            CHECK(pair.server.reject(
                incoming->link, {RejectReason::unauthorized, 1'500ms, "who are you?"}, pair.now));
    };
    int lost = 0;
    pair.drop = [&](const Pair::Datagram& d) { return !d.to_server && ++lost == 1; };
    pair.connect();
    pair.run_for(1s);
    const auto* rejected = Pair::find<Rejected>(pair.client_events);
    REQUIRE(rejected != nullptr);
    CHECK(rejected->reject.reason == RejectReason::unauthorized);
    CHECK(rejected->reject.retry_after == 1'500ms);
    CHECK(rejected->reject.text == "who are you?");
    CHECK(pair.client.find(pair.client_link) == nullptr);
    CHECK(pair.server.find(pair.server_link) == nullptr);
    CHECK(pair.server.accept(pair.server_link, pair.now).error().code == Errc::no_such_link);
    pair.run_for(5s);
    CHECK(pair.server.stats().half_open == 0);
    CHECK(!pair.server.next_timeout());
    CHECK(!pair.client.next_timeout());
}

TEST_CASE("who is not answered is rejected in time", "[rudp][handshake]") {
    Pair pair;
    pair.accept_all = false;
    pair.connect();
    pair.run_for(2'900ms);
    CHECK(!pair.client_has<Rejected>());
    pair.run_for(1s);
    REQUIRE(pair.client_has<Rejected>());
    CHECK(Pair::find<Rejected>(pair.client_events)->reject.reason == RejectReason::refused);
    CHECK(pair.server.accept(pair.server_link, pair.now).error().code == Errc::no_such_link);
}

TEST_CASE("a server with another key than the pinned one is refused, and told",
          "[rudp][handshake]") {
    Pair pair;
    ClientConfig config;
    config.server_key.emplace();
    config.server_key->fill(7);
    pair.connect(config);
    pair.run_for(1s);
    REQUIRE(pair.client_has<Closed>());
    CHECK(!pair.client_has<Connected>());
    CHECK(Pair::find<Closed>(pair.client_events)->reason.error.code == Errc::wrong_server_key);
    REQUIRE(pair.server_has<Closed>());
    const auto& reason = Pair::find<Closed>(pair.server_events)->reason;
    CHECK(reason.error.code == Errc::closed_by_peer);
    CHECK(reason.code == static_cast<std::uint64_t>(Errc::wrong_server_key));
}

TEST_CASE("the pinned key lets the right server in", "[rudp][handshake]") {
    Pair pair;
    ClientConfig config;
    config.server_key = pair.server.public_key();
    CHECK(pair.establish(config));
}

TEST_CASE("a shared secret has to be the same", "[rudp][handshake]") {
    auto setup = Pair::default_server();
    noise::Key key;
    key.writable()[0] = 1;
    setup.connection.pre_shared_key = key;
    ClientConfig config;
    SECTION("it is") {
        config.connection.pre_shared_key = key;
        Pair pair{setup};
        CHECK(pair.establish(config));
    }
    SECTION("it is not") {
        key.writable()[0] = 2;
        config.connection.pre_shared_key = key;
        Pair pair{setup};
        pair.connect(config);
        pair.run_for(20s);
        CHECK(!pair.client_has<Connected>());
        REQUIRE(pair.client_has<Closed>());
        CHECK(Pair::find<Closed>(pair.client_events)->reason.error.code == Errc::handshake_failed);
    }
    SECTION("the client has none") {
        Pair pair{setup};
        pair.connect(config);
        pair.run_for(20s);
        CHECK(!pair.client_has<Connected>());
        CHECK(!pair.server_has<Incoming>());
        CHECK(pair.client_has<Closed>());
    }
}

TEST_CASE("a HELLO of another version is told ours", "[rudp][handshake]") {
    RawPeer peer;
    auto hello = peer.hello();
    hello[4] = 0x77;  // the lowest byte of the version
    static_cast<void>(peer.send(hello));
    REQUIRE(peer.datagrams.size() == 1);
    const auto header = read_packet(peer.datagrams[0].second);
    REQUIRE(header);
    const auto* versions = std::get_if<VersionsPacket>(&*header);
    REQUIRE(versions != nullptr);
    CHECK(versions->destination == peer.id);
    CHECK(versions->includes_ours);
}

TEST_CASE("a list of other versions ends an attempt, one with ours does not", "[rudp][handshake]") {
    SeededRandom random{1};
    Endpoint client{{}, random};
    REQUIRE(client.connect(kServerAddress, {}, kStart));
    const auto first = client.poll_transmit(kStart);
    REQUIRE(first);
    const auto id = std::get<HelloPacket>(*read_packet(first->bytes)).source;
    Bytes list(100);
    SpanWriter out{list};
    write_versions(out, id);
    list.resize(out.size());
    const DatagramInfo from{{kClientAddress, kServerAddress}, Ecn::not_ect};
    CHECK(!client.handle_datagram(from, list, kStart));
    CHECK(!client.poll_event());
    list.back() ^= 0x40;
    CHECK(client.handle_datagram(from, list, kStart));
    const auto event = client.poll_event();
    REQUIRE(event);
    CHECK(std::get<Closed>(*event).reason.error.code == Errc::version_mismatch);
}

TEST_CASE("an endpoint without a key takes no connections", "[rudp][handshake]") {
    RawPeer peer{EndpointConfig{}};
    CHECK(peer.send(peer.hello()).error().code == Errc::no_identity);
    CHECK(!peer.server.public_key());
}

TEST_CASE("a client that is closed before the answer says so at once", "[rudp][handshake]") {
    Pair pair;
    pair.connect();
    REQUIRE(pair.client.close(pair.client_link, 0, "", pair.now));
    pair.step();
    REQUIRE(pair.client_has<Closed>());
    CHECK(Pair::find<Closed>(pair.client_events)->reason.error.code == Errc::closed_here);
    pair.run_for(10s);
    CHECK(!pair.client_has<Connected>());
    CHECK(pair.server.stats().connections == 0);
}

TEST_CASE("configurations out of their ranges are not taken", "[rudp][handshake]") {
    SeededRandom random{1};
    Endpoint client{{}, random};
    const auto expect_invalid = [&](const std::function<void(ClientConfig&)>& change) {
        ClientConfig config;
        change(config);
        const auto result = client.connect(kServerAddress, config, kStart);
        REQUIRE(!result);
        CHECK(result.error().code == Errc::invalid_parameter);
    };
    expect_invalid([](ClientConfig& c) { c.protocol = std::string(65, 'x'); });
    expect_invalid([](ClientConfig& c) { c.request = Bytes(257); });
    expect_invalid([](ClientConfig& c) { c.connection.receive_window = 1000; });
    expect_invalid([](ClientConfig& c) { c.connection.stream_receive_window = 2ull << 30; });
    expect_invalid([](ClientConfig& c) { c.connection.min_datagram_bytes = 1199; });
    expect_invalid([](ClientConfig& c) { c.connection.max_datagram_bytes = 65'508; });
    expect_invalid([](ClientConfig& c) { c.connection.max_ack_delay = 17s; });
    expect_invalid([](ClientConfig& c) { c.connection.first_packet_number = 1ull << 62; });
    CHECK(!client.poll_transmit(kStart));
    CHECK(!client.next_timeout());
}

}  // namespace
}  // namespace streamkit::rudp::test
