// A client whose address changes, and those who pretend that it did.

#include <set>

#include "pair.hpp"
#include "raw_peer.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp::test {
namespace {

const SocketAddress kElsewhere{IpAddress::v4(0x0a000077), 6000};

TEST_CASE("a transfer goes on when the client's address changes", "[rudp][migration]") {
    const auto seed = GENERATE(std::uint64_t{1}, 2, 3);
    Pair pair{Pair::default_server(), {}, seed};
    REQUIRE(pair.establish());
    const auto stream = pair.at_server().open_stream(StreamKind::one_way).value();
    const auto data = pattern(10'000'000);
    REQUIRE(pair.at_server().write(stream, SharedBuffer::copy_of(data)));
    REQUIRE(pair.at_server().finish(stream));
    pair.run_for(80ms);
    REQUIRE(pair.received[{false, stream}].size() > 0);
    REQUIRE(pair.received[{false, stream}].size() < data.size());
    pair.client_address = kElsewhere;
    REQUIRE(pair.run_until_true([&] { return pair.server_has<StreamDelivered>(); }, 20s));
    CHECK(pair.received[{false, stream}] == data);
    const auto* migrated = Pair::find<Migrated>(pair.server_events);
    REQUIRE(migrated != nullptr);
    CHECK(migrated->path.peer == kElsewhere);
    CHECK(pair.at_server().path().peer == kElsewhere);
    CHECK(pair.at_server().stats().migrations == 1);
    CHECK(!pair.client_has<Closed>());
}

TEST_CASE("an upload goes on as well, and several changes are followed", "[rudp][migration]") {
    Pair pair;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    const auto data = pattern(6'000'000);
    REQUIRE(client.write(stream, SharedBuffer::copy_of(data)));
    REQUIRE(client.finish(stream));
    for (std::uint16_t i = 0; i < 5; ++i) {
        pair.run_for(60ms);
        pair.client_address.port = static_cast<std::uint16_t>(7000 + i);
    }
    REQUIRE(pair.run_until_true([&] { return pair.client_has<StreamDelivered>(); }, 20s));
    CHECK(pair.received[{true, stream}] == data);
}

TEST_CASE("a new address starts with a new window and a new round trip", "[rudp][migration]") {
    Pair pair;
    REQUIRE(pair.establish());
    const auto stream = pair.at_server().open_stream(StreamKind::one_way).value();
    REQUIRE(pair.at_server().write(stream, SharedBuffer::copy_of(pattern(16'000'000))));
    pair.run_for(100ms);
    const auto before = pair.at_server().stats();
    pair.client_address = kElsewhere;
    REQUIRE(pair.run_until_true([&] { return pair.at_server().path().peer == kElsewhere; }));
    const auto after = pair.at_server().stats();
    CHECK(after.window < before.window);
    CHECK(after.datagram_bytes == 1200);
}

TEST_CASE("a new address gets three times what came from it until it answers",
          "[rudp][migration]") {
    RawPeer peer;
    peer.connect();
    const auto stream = peer.connection().open_stream(StreamKind::one_way).value();
    REQUIRE(peer.connection().write(stream, SharedBuffer::copy_of(pattern(1'000'000))));
    peer.run_for(5ms);
    peer.datagrams.clear();
    CHECK(peer.send_frames({PingFrame{}}, kElsewhere));
    const auto received = peer.packet({PingFrame{}}).size();  // as large as the one before
    peer.run_for(1s);
    std::size_t bytes = 0;
    for (const auto& [to, datagram] : peer.datagrams)
        if (to == kElsewhere) bytes += datagram.size();
    CHECK(bytes > 0);
    CHECK(bytes <= 3 * received);
    CHECK(!peer.has<Migrated>());
    REQUIRE(peer.frame<PathChallengeFrame>() != nullptr);
    peer.datagrams.clear();
    // The answer lifts the limit.
    CHECK(
        peer.send_frames({PathResponseFrame{peer.frame<PathChallengeFrame>()->data}}, kElsewhere));
    CHECK(peer.has<Migrated>());
    peer.run_for(1s);
    bytes = 0;
    for (const auto& [to, datagram] : peer.datagrams)
        bytes += datagram.size();
    CHECK(bytes > 5'000);
}

TEST_CASE("without an answer the server goes back to where the client was", "[rudp][migration]") {
    RawPeer peer;
    peer.connect();
    CHECK(peer.send_frames({PingFrame{}}, kElsewhere));
    CHECK(peer.connection().path().peer == kElsewhere);
    CHECK(peer.send_frames({PathResponseFrame{12345}}, kElsewhere));  // guessed
    peer.run_for(5s);
    REQUIRE(peer.closed() == nullptr);
    CHECK(peer.connection().path().peer == kClientAddress);
    CHECK(!peer.has<Migrated>());
}

TEST_CASE("the true client takes its connection back at once", "[rudp][migration]") {
    RawPeer peer;
    peer.connect();
    // Somebody else delivers a packet of the client faster than the network does.
    CHECK(peer.send_frames({PingFrame{}}, kElsewhere));
    CHECK(peer.connection().path().peer == kElsewhere);
    CHECK(peer.send_frames({PingFrame{}}));
    CHECK(peer.connection().path().peer == kClientAddress);
    peer.run_for(10s);
    CHECK(peer.closed() == nullptr);
}

TEST_CASE("an old packet from elsewhere moves nothing", "[rudp][migration]") {
    RawPeer peer;
    peer.connect();
    const auto late = peer.packet({PingFrame{}});
    CHECK(peer.send_frames({PingFrame{}}));
    CHECK(peer.send(late, kElsewhere));
    CHECK(peer.connection().path().peer == kClientAddress);
}

TEST_CASE("a challenge is answered where it came from", "[rudp][migration]") {
    RawPeer peer;
    peer.connect();
    peer.datagrams.clear();
    peer.frames.clear();
    CHECK(peer.send_frames({PathChallengeFrame{0x1234}}));
    peer.run_for(1ms);
    REQUIRE(peer.frame<PathResponseFrame>() != nullptr);
    CHECK(peer.frame<PathResponseFrame>()->data == 0x1234);
    // From an address that is not the connection's, in a packet that is not the newest.
    peer.frames.clear();
    peer.datagrams.clear();
    const auto late = peer.packet({PathChallengeFrame{0x5678}});
    CHECK(peer.send_frames({PingFrame{}}));
    CHECK(peer.send(late, kElsewhere));
    peer.run_for(1ms);
    REQUIRE(peer.frame<PathResponseFrame>() != nullptr);
    CHECK(peer.frame<PathResponseFrame>()->data == 0x5678);
    bool there = false;
    for (const auto& [to, datagram] : peer.datagrams) {
        there |= to == kElsewhere;
        if (to == kElsewhere) CHECK(datagram.size() <= late.size());
    }
    CHECK(there);
}

TEST_CASE("a server does not move", "[rudp][migration]") {
    Pair pair;
    REQUIRE(pair.establish());
    pair.edit = [](Pair::Datagram& d) {
        if (!d.to_server) d.from = kElsewhere;
    };
    const auto stream = pair.at_server().open_stream(StreamKind::one_way).value();
    REQUIRE(pair.at_server().write(stream, SharedBuffer::copy_of(pattern(100))));
    pair.run_for(100ms);
    CHECK(pair.received[{false, stream}].empty());
    CHECK(pair.at_client().path().peer == kServerAddress);
    CHECK(pair.at_client().stats().rejected_packets > 0);
}

TEST_CASE("a new address is served under a new id", "[rudp][migration]") {
    Pair pair;
    REQUIRE(pair.establish());
    pair.run_for(500ms);
    std::set<Bytes> ids;
    pair.edit = [&](Pair::Datagram& d) {
        if (!d.to_server) ids.insert({d.bytes.begin() + 1, d.bytes.begin() + 9});
    };
    const auto stream = pair.at_server().open_stream(StreamKind::one_way).value();
    REQUIRE(pair.at_server().write(stream, SharedBuffer::copy_of(pattern(1'000))));
    pair.run_for(500ms);
    CHECK(ids.size() == 1);
    pair.client_address = kElsewhere;
    const auto up = pair.at_client().open_stream(StreamKind::one_way).value();
    REQUIRE(pair.at_client().write(up, SharedBuffer::copy_of(pattern(1'000))));
    pair.run_for(500ms);
    CHECK(ids.size() == 2);
    CHECK(pair.server_has<Migrated>());
}

}  // namespace
}  // namespace streamkit::rudp::test
