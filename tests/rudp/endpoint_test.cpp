#include "streamkit/rudp/endpoint.hpp"

#include <set>

#include "deadline_heap.hpp"
#include "incoming.hpp"
#include "intrusive_list.hpp"
#include "pair.hpp"
#include "streamkit/rudp/trace.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp::test {
namespace {

struct Item {
    int name = 0;
    ListHook<Item> hook{};
    Deadline deadline{};
};

TEST_CASE("the heap gives the earliest deadline, however they move", "[rudp][endpoint]") {
    SeededRandom random{5};
    std::vector<Item> items(50);
    std::map<Item*, TimePoint> expected;
    DeadlineHeap<Item> heap;
    for (int i = 0; i < 5'000; ++i) {
        auto& item = items[random.below(items.size())];
        if (random.below(4) == 0) {
            heap.set(item, std::nullopt);
            expected.erase(&item);
        } else {
            const auto time = kStart + std::chrono::milliseconds{random.below(1000)};
            heap.set(item, time);
            expected[&item] = time;
        }
        if (expected.empty()) {
            CHECK(heap.first() == nullptr);
            continue;
        }
        auto first = TimePoint::max();
        for (const auto& [key, time] : expected)
            first = std::min(first, time);
        REQUIRE(heap.first() != nullptr);
        CHECK(heap.first()->deadline.time == first);
    }
}

TEST_CASE("a list whose links are in its items", "[rudp][endpoint]") {
    Item a{1};
    Item b{2};
    Item c{3};
    IntrusiveList<Item> list;
    list.push_back(a);
    list.push_back(b);
    list.push_back(a);  // is in it already
    list.push_back(c);
    CHECK(list.front() == &a);
    list.rotate();
    CHECK(list.front() == &b);
    list.remove(c);
    list.remove(c);
    list.rotate();
    CHECK(list.front() == &a);
    list.remove(a);
    CHECK(list.front() == &b);
    list.rotate();
    CHECK(list.front() == &b);
    list.remove(b);
    CHECK(list.empty());
}

TEST_CASE("networks are told apart by /24 and /56", "[rudp][endpoint]") {
    CHECK(prefix_of(IpAddress::v4(0x01020304)) == prefix_of(IpAddress::v4(0x010203ff)));
    CHECK(prefix_of(IpAddress::v4(0x01020304)) != prefix_of(IpAddress::v4(0x01020404)));
    IpAddress a;
    a.bytes = {0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4};
    auto b = a;
    b.bytes[7] = 5;
    CHECK(prefix_of(a) == prefix_of(b));
    b.bytes[6] = 9;
    CHECK(prefix_of(a) != prefix_of(b));
    HalfOpenCount count{3, 2};
    count.add(a);
    CHECK(count.may_add(a));
    count.add(a);
    CHECK(!count.may_add(a));
    CHECK(count.may_add(b));
    count.add(b);
    CHECK(!count.may_add(IpAddress::v4(1)));
    count.remove(a);
    CHECK(count.may_add(a));
    CHECK(count.total() == 2);
}

TEST_CASE("the shard of a datagram is the first byte of its id", "[rudp][endpoint]") {
    CHECK(shard_of(streamkit::test::hex("40 07000000000000 01 00000000")) == 0x07);
    CHECK(shard_of(streamkit::test::hex("7f ff000000000000 01 00000000")) == 0xff);
    CHECK(!shard_of(streamkit::test::hex("40 070000000000 01 00000000")));  // too short
    CHECK(!shard_of(streamkit::test::hex("81 07000000000000 01 00000000")));
    CHECK(!shard_of({}));
}

TEST_CASE("ids that an endpoint gives out name its shard", "[rudp][endpoint]") {
    auto setup = Pair::default_server();
    setup.shard = 0x5a;
    EndpointConfig client;
    client.shard = 0x33;
    Pair pair{setup, client};
    std::set<std::uint8_t> to_server;
    std::set<std::uint8_t> to_client;
    pair.edit = [&](Pair::Datagram& d) {
        if (const auto shard = shard_of(d.bytes))
            (d.to_server ? to_server : to_client).insert(*shard);
    };
    REQUIRE(pair.establish());
    pair.run_for(1s);
    CHECK(to_server == std::set<std::uint8_t>{0x5a});
    CHECK(to_client == std::set<std::uint8_t>{0x33});
}

TEST_CASE("many connections share an endpoint, and take turns", "[rudp][endpoint]") {
    constexpr std::size_t kConnections = 200;
    auto setup = Pair::default_server();
    setup.cookie_threshold = 1'000;
    setup.max_half_open = 1'000;
    setup.max_half_open_per_prefix = 1'000;
    Pair pair{setup};
    std::set<LinkId> links;
    for (std::size_t i = 0; i < kConnections; ++i)
        links.insert(pair.connect());
    CHECK(links.size() == kConnections);
    REQUIRE(pair.run_until_true(
        [&] { return Pair::count<Connected>(pair.server_events) == kConnections; }));
    CHECK(pair.server.stats().connections == kConnections);
    CHECK(pair.server.stats().half_open == 0);
    pair.run_for(3s);

    std::map<LinkId, StreamId> streams;
    for (const auto link : links) {
        auto& connection = *pair.client.find(link);
        streams[link] = connection.open_stream(StreamKind::one_way).value();
        REQUIRE(connection.write(streams[link], SharedBuffer::copy_of(pattern(20'000))));
    }
    // Each leaves something before one leaves something twice.
    std::set<Bytes> seen;
    while (const auto out = pair.client.poll_transmit(pair.now)) {
        if (!seen.insert({out->bytes.begin() + 1, out->bytes.begin() + 9}).second) break;
        if (seen.size() == kConnections) break;
    }
    CHECK(seen.size() == kConnections);
}

TEST_CASE("bursts are packets of one size but for the last, and bounded", "[rudp][endpoint]") {
    Pair pair;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(15'000'000))));
    std::size_t most = 0;
    for (int i = 0; i < 300; ++i) {
        pair.run_for(1ms);
        while (const auto out = pair.client.poll_transmit(pair.now)) {
            REQUIRE(out->segment_size > 0);
            REQUIRE(out->bytes.size() <= 65'507);
            const auto count = (out->bytes.size() + out->segment_size - 1) / out->segment_size;
            REQUIRE(count <= 64);
            most = std::max(most, count);
        }
        pair.run_for(500us);
    }
    CHECK(!pair.client_has<Closed>());
}

TEST_CASE("an endpoint that has nothing to do has no timeout", "[rudp][endpoint]") {
    SeededRandom random{1};
    Endpoint endpoint{Pair::default_server(), random};
    CHECK(!endpoint.next_timeout());
    CHECK(!endpoint.poll_transmit(kStart));
    CHECK(!endpoint.poll_event());
    endpoint.handle_timeout(kStart);
    CHECK(endpoint.find(1) == nullptr);
    CHECK(endpoint.accept(1, kStart).error().code == Errc::no_such_link);
    CHECK(endpoint.reject(1, {}, kStart).error().code == Errc::no_such_link);
    CHECK(endpoint.close(1, 0, "", kStart).error().code == Errc::no_such_link);
}

TEST_CASE("close takes the application's codes only", "[rudp][endpoint]") {
    Pair pair;
    REQUIRE(pair.establish());
    CHECK(pair.client.close(pair.client_link, 5, "", pair.now).error().code ==
          Errc::invalid_parameter);
    CHECK(pair.client.close(pair.client_link, 0, std::string(257, 'x'), pair.now).error().code ==
          Errc::invalid_parameter);
    CHECK(pair.client.close(pair.client_link, 0x100, std::string(256, 'x'), pair.now));
}

TEST_CASE("what was read can be read until the end was told", "[rudp][endpoint]") {
    Pair pair;
    pair.auto_read = false;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(100))));
    pair.run_for(100ms);
    REQUIRE(pair.server.close(pair.server_link, 0, "", pair.now));
    auto* server = pair.server.find(pair.server_link);
    REQUIRE(server != nullptr);
    CHECK(!server->connected());
    CHECK(server->readable(stream).size() == 100);
    CHECK(server->write(stream, SharedBuffer::copy_of(pattern(1))).error().code ==
          Errc::not_connected);
    CHECK(server->send({}, pair.now).error().code == Errc::not_connected);
    pair.step();
    CHECK(pair.server.find(pair.server_link) == nullptr);
}

TEST_CASE("a size that the interface does not take is not tried again", "[rudp][endpoint]") {
    Pair pair;
    REQUIRE(pair.establish());
    pair.client.handle_too_large({kClientAddress, kServerAddress}, 1473, pair.now);
    std::size_t largest = 0;
    pair.edit = [&](Pair::Datagram& d) {
        if (d.to_server) largest = std::max(largest, d.bytes.size());
    };
    const auto stream = pair.at_client().open_stream(StreamKind::one_way).value();
    REQUIRE(pair.at_client().write(stream, SharedBuffer::copy_of(pattern(1'000'000))));
    pair.run_for(3s);
    CHECK(largest <= 1472);
    CHECK(pair.at_client().stats().datagram_bytes <= 1472);
    CHECK(pair.at_client().stats().datagram_bytes >= 1452);
}

TEST_CASE("one endpoint is client and server at once", "[rudp][endpoint]") {
    Pair pair{Pair::default_server(), Pair::default_server()};
    REQUIRE(pair.establish());
    ClientConfig config;
    config.local = kServerAddress;
    const auto back = pair.server.connect(kClientAddress, config, pair.now);
    REQUIRE(back);
    pair.on_event = [&](bool at_server, const Event& event) {
        const auto* incoming = std::get_if<Incoming>(&event);
        if (!at_server && incoming != nullptr) CHECK(pair.client.accept(incoming->link, pair.now));
    };
    pair.run_for(1s);
    CHECK(Pair::count<Connected>(pair.server_events) == 2);
    CHECK(Pair::count<Connected>(pair.client_events) == 2);
    CHECK(pair.server.find(*back)->connected());
}

TEST_CASE("everything that happens is traced", "[rudp][endpoint]") {
    TraceRing ring{100'000};
    auto setup = Pair::default_server();
    setup.trace = &ring;
    Pair pair{setup};
    REQUIRE(pair.establish());
    const auto stream = pair.at_server().open_stream(StreamKind::one_way).value();
    REQUIRE(pair.at_server().write(stream, SharedBuffer::copy_of(pattern(500'000))));
    pair.run_for(2s);
    REQUIRE(pair.server.close(pair.server_link, 0, "", pair.now));
    const auto log = ring.to_json_seq("test");
    for (const auto* name :
         {"packet_sent", "packet_received", "metrics_updated", "mtu_updated", "state"}) {
        CAPTURE(name);
        CHECK(log.find(name) != std::string::npos);
    }
}

}  // namespace
}  // namespace streamkit::rudp::test
