#include "streamkit/rudp/connection.hpp"

#include "pair.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp::test {
namespace {

// Loses every datagram with this chance, from a seed.
std::function<bool(const Pair::Datagram&)> random_loss(double chance, std::uint64_t seed) {
    return [random = SeededRandom{seed}, chance](const Pair::Datagram&) mutable {
        return static_cast<double>(random.below(1'000'000)) < chance * 1e6;
    };
}

TEST_CASE("a connection carries a stream from end to end", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    const auto data = pattern(3'000'000);
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::both_ways).value();
    REQUIRE(client.write(stream, SharedBuffer::copy_of(data)));
    REQUIRE(client.finish(stream));
    REQUIRE(pair.run_until_true([&] { return pair.client_has<StreamDelivered>(); }));
    CHECK(pair.received[{true, stream}] == data);
    CHECK(pair.at_server().at_end(stream));
    CHECK(Pair::count<StreamOpened>(pair.server_events) == 1);
    const auto stats = client.stats();
    CHECK(stats.packets_lost == 0);
    CHECK(stats.stream_bytes_sent == data.size());
    CHECK(stats.stream_bytes_resent == 0);
    CHECK(pair.at_server().stats().stream_bytes_received == data.size());
    CHECK(stats.minimum_rtt == 20ms);
    CHECK(stats.datagram_bytes > 8000);  // found on the way
}

TEST_CASE("streams come through loss both ways", "[rudp][connection]") {
    const auto seed = GENERATE(std::uint64_t{1}, 2, 3, 4, 5);
    CAPTURE(seed);
    const auto algorithm = GENERATE(congestion::Algorithm::bbr, congestion::Algorithm::cubic,
                                    congestion::Algorithm::background);
    auto server = Pair::default_server();
    server.connection.congestion = algorithm;
    Pair pair{server, {}, seed};
    pair.drop = random_loss(0.05, seed);
    ClientConfig config;
    config.connection.congestion = algorithm;
    REQUIRE(pair.establish(config));
    const auto up = pattern(400'000, 1);
    const auto down = pattern(400'000, 2);
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::both_ways).value();
    REQUIRE(client.write(stream, SharedBuffer::copy_of(up)));
    REQUIRE(client.finish(stream));
    pair.on_event = [&](bool at_server, const Event& event) {
        const auto* opened = std::get_if<StreamOpened>(&event);
        if (!at_server || opened == nullptr) return;
        REQUIRE(pair.at_server().write(opened->stream, SharedBuffer::copy_of(down)));
        REQUIRE(pair.at_server().finish(opened->stream));
    };
    REQUIRE(pair.run_until_true(
        [&] { return pair.client_has<StreamDelivered>() && pair.server_has<StreamDelivered>(); },
        120s));
    CHECK(pair.received[{true, stream}] == up);
    CHECK(pair.received[{false, stream}] == down);
    CHECK(client.stats().packets_lost > 0);
    pair.drop = {};
    pair.run_for(2s);
    CHECK(client.stats().in_flight == 0);
}

TEST_CASE("the server may speak first, right after accept", "[rudp][connection]") {
    const auto seed = GENERATE(std::uint64_t{1}, 2, 3, 4, 5, 6, 7, 8);
    CAPTURE(seed);
    Pair pair{Pair::default_server(), {}, seed};
    const auto data = pattern(2'000'000);
    StreamId stream = 0;
    pair.on_event = [&](bool at_server, const Event& event) {
        if (!at_server || !std::holds_alternative<Incoming>(event)) return;
        auto& connection = pair.at_server();
        stream = connection.open_stream(StreamKind::one_way).value();
        REQUIRE(connection.write(stream, SharedBuffer::copy_of(data)));
        REQUIRE(connection.finish(stream));
    };
    if (seed % 2 == 0) {
        // What the server sends first overtakes its REPLY.
        bool held = false;
        pair.edit = [held](Pair::Datagram& d) mutable {
            if (d.to_server || held || (d.bytes[0] & 0x80) == 0) return;
            held = true;
            d.at += 5ms;
        };
    }
    pair.connect();
    REQUIRE(pair.run_until_true([&] { return pair.server_has<StreamDelivered>(); }, 5s));
    CHECK(pair.received[{false, stream}] == data);
    // Ten packets at first, then more: not 16 a second for ever.
    CHECK(pair.now - kStart < 1s);
    CHECK(pair.at_server().stats().packets_lost == 0);
}

TEST_CASE("write takes all or nothing, and tells when there is room again", "[rudp][connection]") {
    Pair pair;
    ClientConfig config;
    config.connection.send_buffer = 100'000;
    REQUIRE(pair.establish(config));
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    CHECK(client.writable(stream) == 100'000);
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(90'000))));
    CHECK(client.writable(stream) == 10'000);
    CHECK(client.held_bytes() == 90'000);
    pair.run_for(1s);
    CHECK(!pair.client_has<StreamWritable>());  // nothing was refused
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(90'000))));
    const auto refused = client.write(stream, SharedBuffer::copy_of(pattern(20'000)));
    REQUIRE(!refused);
    CHECK(refused.error().code == Errc::send_buffer_full);
    pair.run_for(1s);
    CHECK(Pair::count<StreamWritable>(pair.client_events) == 1);
    CHECK(client.writable(stream) == 100'000);
}

TEST_CASE("calls on streams that cannot be say why", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto some = SharedBuffer::copy_of(pattern(10));
    CHECK(client.write(40, some).error().code == Errc::no_such_stream);
    const auto stream = client.open_stream(StreamKind::both_ways).value();
    REQUIRE(client.finish(stream));
    CHECK(client.write(stream, some).error().code == Errc::stream_finished);
    CHECK(client.finish(stream).error().code == Errc::stream_finished);
    pair.on_event = [&](bool at_server, const Event& event) {
        const auto* opened = std::get_if<StreamOpened>(&event);
        if (at_server || opened == nullptr) return;
        CHECK(client.write(opened->stream, some).error().code == Errc::stream_state);
        CHECK(client.finish(opened->stream).error().code == Errc::stream_state);
        CHECK(client.reset(opened->stream, 1).error().code == Errc::stream_state);
    };
    const auto one_way = pair.at_server().open_stream(StreamKind::one_way).value();
    REQUIRE(pair.at_server().write(one_way, some));
    pair.run_for(100ms);
    CHECK(pair.client_has<StreamOpened>());
    CHECK(pair.at_server().stop(one_way, 1).error().code == Errc::stream_state);
}

TEST_CASE("the number of streams is limited, and grows as they end", "[rudp][connection]") {
    auto server = Pair::default_server();
    server.connection.max_peer_streams = 4;
    Pair pair{server};
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    std::vector<StreamId> streams;
    for (int i = 0; i < 4; ++i)
        streams.push_back(
            client.open_stream(i % 2 == 0 ? StreamKind::one_way : StreamKind::both_ways).value());
    CHECK(client.open_stream(StreamKind::one_way).error().code == Errc::stream_limit);
    for (const auto stream : {streams[0], streams[2]}) {
        REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(100))));
        REQUIRE(client.finish(stream));
    }
    pair.run_for(1s);
    CHECK(client.open_stream(StreamKind::both_ways));
    CHECK(client.open_stream(StreamKind::one_way));
    CHECK(client.open_stream(StreamKind::one_way).error().code == Errc::stream_limit);
}

TEST_CASE("a receiver that does not read stops the sender, and one that does lets it go on",
          "[rudp][connection]") {
    auto server = Pair::default_server();
    server.connection.receive_window = 200'000;
    server.connection.stream_receive_window = 100'000;
    Pair pair{server};
    pair.auto_read = false;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto data = pattern(1'000'000);
    std::vector<StreamId> streams;
    for (int i = 0; i < 3; ++i) {
        streams.push_back(client.open_stream(StreamKind::one_way).value());
        REQUIRE(client.write(streams.back(), SharedBuffer::copy_of(data)));
        REQUIRE(client.finish(streams.back()));
    }
    pair.run_for(2s);
    CHECK(client.stats().stream_bytes_sent == 200'000);
    CHECK(pair.at_server().held_bytes() < 200'000 + 3 * 80'000);  // in blocks of 64 KiB
    std::map<StreamId, Bytes> got;
    const bool done = pair.run_until_true([&] {
        for (const auto stream : streams)
            Pair::read_all(pair.at_server(), stream, got[stream]);
        return Pair::count<StreamDelivered>(pair.client_events) == 3;
    });
    REQUIRE(done);
    for (const auto stream : streams)
        CHECK(got[stream] == data);
    CHECK(pair.at_server().held_bytes() == 0);
}

TEST_CASE("readable is told once until everything was read", "[rudp][connection]") {
    Pair pair;
    pair.auto_read = false;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    const auto some = SharedBuffer::copy_of(pattern(100));
    const auto told = [&] { return Pair::count<StreamReadable>(pair.server_events); };
    REQUIRE(client.write(stream, some));
    pair.run_for(100ms);
    CHECK(told() == 1);
    REQUIRE(client.write(stream, some));
    pair.run_for(100ms);
    CHECK(told() == 1);
    auto& server = pair.at_server();
    CHECK(server.readable(stream).size() == 200);
    server.consume(stream, 150);
    pair.run_for(100ms);
    CHECK(told() == 1);
    server.consume(stream, 50);
    REQUIRE(client.write(stream, some));
    pair.run_for(100ms);
    CHECK(told() == 2);
    server.consume(stream, 100);
    CHECK(!server.at_end(stream));
    REQUIRE(client.finish(stream));
    pair.run_for(100ms);
    CHECK(told() == 3);  // its end
    CHECK(server.at_end(stream));
}

TEST_CASE("a stream that is reset ends at both sides", "[rudp][connection]") {
    Pair pair;
    pair.auto_read = false;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(5'000'000))));
    pair.run_for(30ms);
    REQUIRE(client.reset(stream, 77));
    CHECK(client.held_bytes() == 0);
    CHECK(client.write(stream, SharedBuffer::copy_of(pattern(1))).error().code ==
          Errc::stream_finished);
    pair.run_for(500ms);
    const auto* reset = Pair::find<StreamReset>(pair.server_events);
    REQUIRE(reset != nullptr);
    CHECK(reset->code == 77);
    CHECK(pair.at_server().readable(stream).empty());
    CHECK(pair.at_server().held_bytes() == 0);
    // Its bytes are no longer held against the connection's window.
    const auto next = client.open_stream(StreamKind::one_way).value();
    const auto data = pattern(16'000'000);
    pair.auto_read = true;
    REQUIRE(client.write(next, SharedBuffer::copy_of(data)));
    REQUIRE(client.finish(next));
    REQUIRE(pair.run_until_true([&] { return pair.client_has<StreamDelivered>(); }));
    CHECK(pair.received[{true, next}] == data);
}

TEST_CASE("who stops a stream is spared the rest of it", "[rudp][connection]") {
    Pair pair;
    pair.auto_read = false;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(8'000'000))));
    pair.run_for(60ms);
    REQUIRE(pair.at_server().stop(stream, 5));
    pair.run_for(1s);
    const auto* stopped = Pair::find<StreamStopped>(pair.client_events);
    REQUIRE(stopped != nullptr);
    CHECK(stopped->code == 5);
    CHECK(client.held_bytes() == 0);
    CHECK(client.stats().stream_bytes_sent < 8'000'000);
    CHECK(pair.at_server().held_bytes() == 0);
}

TEST_CASE("streams of one priority take turns, and a better one goes first", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    std::vector<StreamId> streams;
    for (int i = 0; i < 3; ++i) {
        streams.push_back(client.open_stream(StreamKind::one_way).value());
        REQUIRE(client.write(streams.back(), SharedBuffer::copy_of(pattern(2'000'000))));
    }
    REQUIRE(client.set_priority(streams[2], 10));
    // Now and then while they go: the first two at one pace, after the third.
    bool seen = false;
    while (pair.received[{true, streams[0]}].size() < 1'000'000) {
        pair.run_for(1ms);
        const auto a = pair.received[{true, streams[0]}].size();
        const auto b = pair.received[{true, streams[1]}].size();
        CHECK((a > b ? a - b : b - a) < 200'000);
        if (a > 200'000 && !seen) {
            seen = true;
            CHECK(pair.received[{true, streams[2]}].size() == 2'000'000);
        }
        REQUIRE(pair.now < kStart + 60s);
    }
}

TEST_CASE("messages arrive whole, and their fate is told", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto large = pattern(50'000);
    const auto first =
        client.send({SharedBuffer::copy_of(pattern(10)), TimePoint::max(), 128, 3}, pair.now)
            .value();
    const auto second = client.send({SharedBuffer::copy_of(large)}, pair.now).value();
    pair.run_for(1s);
    std::map<MessageId, MessageReceived> got;
    for (const auto& event : pair.server_events)
        if (const auto* m = std::get_if<MessageReceived>(&event)) got.emplace(m->id, *m);
    REQUIRE(got.size() == 2);
    CHECK(got.at(first).channel == 3);
    CHECK(got.at(second).payload == SharedBuffer::copy_of(large));
    std::size_t delivered = 0;
    for (const auto& event : pair.client_events)
        if (const auto* fate = std::get_if<MessageFate>(&event)) delivered += fate->delivered;
    CHECK(delivered == 2);
    const auto stats = client.stats();
    CHECK(stats.messages_sent == 2);
    CHECK(stats.messages_delivered == 2);
    CHECK(client.send({SharedBuffer::copy_of(pattern((1 << 20) + 1))}, pair.now).error().code ==
          Errc::message_too_long);
}

TEST_CASE("messages and streams leave by their priorities", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    REQUIRE(client.set_priority(stream, 50));
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(500'000))));
    const auto last =
        client.send({SharedBuffer::copy_of(pattern(200)), TimePoint::max(), 60}, pair.now).value();
    const auto first =
        client.send({SharedBuffer::copy_of(pattern(200)), TimePoint::max(), 40}, pair.now).value();
    std::map<MessageId, std::size_t> read_before;
    pair.on_event = [&](bool, const Event& event) {
        if (const auto* message = std::get_if<MessageReceived>(&event))
            read_before[message->id] = pair.received[{true, stream}].size();
    };
    pair.run_for(3s);
    REQUIRE(read_before.size() == 2);
    CHECK(read_before[first] == 0);
    CHECK(read_before[last] > 400'000);
}

TEST_CASE("a message whose time is over is given up at both sides", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    pair.run_for(200ms);
    auto& client = pair.at_client();
    pair.drop = [](const Pair::Datagram&) { return true; };
    const auto id =
        client.send({SharedBuffer::copy_of(pattern(500)), pair.now + 60ms}, pair.now).value();
    pair.run_for(200ms);
    pair.drop = {};
    pair.run_for(2s);
    const auto* fate = Pair::find<MessageFate>(pair.client_events);
    REQUIRE(fate != nullptr);
    CHECK(!fate->delivered);
    const auto* dropped = Pair::find<MessagesDropped>(pair.server_events);
    REQUIRE(dropped != nullptr);
    CHECK(dropped->first <= id);
    CHECK(dropped->last >= id);
}

TEST_CASE("the buffer level goes with the acknowledgements", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    pair.at_client().set_buffer_level(4'200ms);
    const auto stream = pair.at_server().open_stream(StreamKind::one_way).value();
    for (int i = 0; i < 5; ++i) {
        REQUIRE(pair.at_server().write(stream, SharedBuffer::copy_of(pattern(1000))));
        pair.run_for(100ms);
    }
    REQUIRE(Pair::count<BufferLevel>(pair.server_events) == 1);
    CHECK(Pair::find<BufferLevel>(pair.server_events)->level == 4'200ms);
}

TEST_CASE("set_max_rate holds streams back and not messages", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    client.set_max_rate(congestion::Bandwidth::bytes_per_second(100'000));
    const auto stream = client.open_stream(StreamKind::one_way).value();
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(1'000'000))));
    REQUIRE(client.send({SharedBuffer::copy_of(pattern(100'000))}, pair.now));
    pair.run_for(500ms);
    CHECK(pair.server_has<MessageReceived>());
    pair.run_for(3'500ms);
    const auto got = pair.received[{true, stream}].size();
    CHECK(got > 360'000);
    CHECK(got < 440'000);
    client.set_max_rate(congestion::Bandwidth::infinite());
    pair.run_for(500ms);
    CHECK(pair.received[{true, stream}].size() == 1'000'000);
}

TEST_CASE("the controller can be changed under way", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    const auto data = pattern(8'000'000);
    REQUIRE(client.write(stream, SharedBuffer::copy_of(data)));
    REQUIRE(client.finish(stream));
    pair.run_for(150ms);
    const auto before = client.stats().window;
    client.set_congestion(congestion::Algorithm::cubic);
    CHECK(client.stats().window > before / 2);
    pair.run_for(20ms);
    client.set_congestion(congestion::Algorithm::background);
    REQUIRE(pair.run_until_true([&] { return pair.client_has<StreamDelivered>(); }));
    CHECK(pair.received[{true, stream}] == data);
}

TEST_CASE("clocks are compared", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    pair.run_for(500ms);
    const auto at_client = pair.at_client().clock_offset();
    const auto at_server = pair.at_server().clock_offset();
    REQUIRE(at_client);
    REQUIRE(at_server);
    // The server's clock began when it accepted, 10 ms before the client's did.
    CHECK(*at_client >= -10'500us);
    CHECK(*at_client <= -9'500us);
    CHECK(*at_server >= 9'500us);
    CHECK(*at_server <= 10'500us);
}

TEST_CASE("close is told to the peer, with code and text", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    REQUIRE(pair.client.close(pair.client_link, 0x123, "enough", pair.now));
    pair.step();
    const auto* here = Pair::find<Closed>(pair.client_events);
    REQUIRE(here != nullptr);
    CHECK(here->reason.error.code == Errc::closed_here);
    CHECK(pair.client.find(pair.client_link) == nullptr);
    CHECK(pair.client.close(pair.client_link, 0, "", pair.now).error().code == Errc::no_such_link);
    pair.run_for(100ms);
    const auto* there = Pair::find<Closed>(pair.server_events);
    REQUIRE(there != nullptr);
    CHECK(there->reason.error.code == Errc::closed_by_peer);
    CHECK(there->reason.code == 0x123);
    CHECK(there->reason.text == "enough");
    CHECK(pair.server.find(pair.server_link) == nullptr);
    pair.run_for(60s);
    CHECK(!pair.client.next_timeout());
    CHECK(!pair.server.next_timeout());
    CHECK(pair.server.stats().connections == 0);
}

TEST_CASE("a lost CLOSE is repeated", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    int lost = 0;
    pair.drop = [&](const Pair::Datagram& d) { return d.to_server && ++lost <= 1; };
    REQUIRE(pair.client.close(pair.client_link, 0, "", pair.now));
    pair.run_for(2s);
    CHECK(pair.server_has<Closed>());
}

TEST_CASE("a closed connection answers strays less and less often", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    pair.run_for(100ms);
    REQUIRE(pair.client.close(pair.client_link, 0, "", pair.now));
    bool lose = true;
    pair.drop = [&](const Pair::Datagram& d) { return d.to_server && lose; };
    const auto before = pair.datagrams_to_server;
    // A server that goes on, as it does not hear of the end.
    const auto stream = pair.at_server().open_stream(StreamKind::one_way).value();
    REQUIRE(pair.at_server().write(stream, SharedBuffer::copy_of(pattern(20'000))));
    pair.run_for(60ms);
    const auto answers = pair.datagrams_to_server - before;
    CHECK(answers >= 2);
    CHECK(answers <= 8);
}

TEST_CASE("silence ends a connection after the idle time", "[rudp][connection]") {
    auto server = Pair::default_server();
    server.connection.idle_timeout = 5s;
    Pair pair{server};
    REQUIRE(pair.establish());
    pair.run_for(4s);
    CHECK(!pair.client_has<Closed>());
    pair.run_for(2s);
    REQUIRE(pair.client_has<Closed>());
    CHECK(Pair::find<Closed>(pair.client_events)->reason.error.code == Errc::idle_timeout);
    REQUIRE(pair.server_has<Closed>());
    CHECK(Pair::find<Closed>(pair.server_events)->reason.error.code == Errc::idle_timeout);
}

TEST_CASE("keep-alive keeps a silent connection", "[rudp][connection]") {
    auto server = Pair::default_server();
    server.connection.idle_timeout = 5s;
    Pair pair{server};
    ClientConfig config;
    config.connection.keep_alive = 2s;
    REQUIRE(pair.establish(config));
    const auto before = pair.datagrams_to_server;
    pair.run_for(60s);
    CHECK(!pair.client_has<Closed>());
    CHECK(!pair.server_has<Closed>());
    CHECK(pair.datagrams_to_server - before < 100);
}

TEST_CASE("a peer that is gone is noticed while data waits", "[rudp][connection]") {
    Pair pair;
    ClientConfig config;
    config.connection.idle_timeout = 5s;
    REQUIRE(pair.establish(config));
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    pair.drop = [](const Pair::Datagram&) { return true; };
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(100'000))));
    const auto before = pair.datagrams_to_server;
    pair.run_for(10s);
    REQUIRE(pair.client_has<Closed>());
    CHECK(Pair::find<Closed>(pair.client_events)->reason.error.code == Errc::idle_timeout);
    CHECK(pair.datagrams_to_server - before < 60);  // probes back off
}

TEST_CASE("an idle connection is silent", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    pair.run_for(2s);
    const auto before = pair.datagrams_to_server + pair.datagrams_to_client;
    pair.run_for(20s);
    CHECK(pair.datagrams_to_server + pair.datagrams_to_client == before);
}

TEST_CASE("packets are marked with ECT(0) as long as the path keeps the marks",
          "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    std::size_t marked = 0;
    std::size_t plain = 0;
    bool bleach = false;
    pair.edit = [&](Pair::Datagram& d) {
        if (!d.to_server) return;
        (d.ecn == Ecn::ect0 ? marked : plain) += 1;
        if (bleach) d.ecn = Ecn::not_ect;
    };
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(500'000))));
    pair.run_for(500ms);
    CHECK(marked > 50);
    CHECK(plain == 0);
    bleach = true;
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(500'000))));
    pair.run_for(500ms);
    CHECK(plain > 0);
    marked = 0;
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(500'000))));
    pair.run_for(500ms);
    CHECK(marked == 0);
}

TEST_CASE("marks of congestion are counted and slow the sender down", "[rudp][connection]") {
    const auto run = [](bool mark) {
        Pair pair;
        ClientConfig config;
        config.connection.congestion = congestion::Algorithm::cubic;
        REQUIRE(pair.establish(config));
        auto& client = pair.at_client();
        const auto stream = client.open_stream(StreamKind::one_way).value();
        std::uint64_t n = 0;
        pair.edit = [&](Pair::Datagram& d) {
            if (mark && d.to_server && ++n % 50 == 0) d.ecn = Ecn::ce;
        };
        REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(10'000'000))));
        pair.run_for(1s);
        return client.stats();
    };
    const auto marked = run(true);
    const auto free = run(false);
    CHECK(marked.ce_marks > 0);
    CHECK(free.ce_marks == 0);
    CHECK(marked.stream_bytes_sent < free.stream_bytes_sent);
    CHECK(marked.packets_lost == 0);
}

TEST_CASE("acknowledgements become rarer as the window grows", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    const auto data = pattern(16'000'000);
    REQUIRE(client.write(stream, SharedBuffer::copy_of(data)));
    REQUIRE(client.finish(stream));
    REQUIRE(pair.run_until_true([&] { return pair.client_has<StreamDelivered>(); }));
    const auto stats = client.stats();
    CHECK(pair.at_server().stats().acks_sent < stats.packets_sent / 5);
}

TEST_CASE("stalled data ends a connection that has a progress timeout", "[rudp][connection]") {
    auto server = Pair::default_server();
    server.connection.receive_window = 64 << 10;
    Pair pair{server};
    pair.auto_read = false;
    ClientConfig config;
    config.connection.progress_timeout = 10s;
    config.connection.keep_alive = 1s;
    REQUIRE(pair.establish(config));
    pair.run_for(30s);  // nothing waits yet
    CHECK(!pair.client_has<Closed>());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(200'000))));
    pair.run_for(9s);
    CHECK(!pair.client_has<Closed>());
    pair.run_for(3s);
    REQUIRE(pair.client_has<Closed>());
    CHECK(Pair::find<Closed>(pair.client_events)->reason.error.code == Errc::idle_timeout);
    CHECK(pair.server_has<Closed>());
}

TEST_CASE("a black hole for large datagrams is left", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    REQUIRE(client.write(stream, SharedBuffer::copy_of(pattern(3'000'000))));
    pair.run_for(2s);
    REQUIRE(client.stats().datagram_bytes > 8000);
    pair.drop = [](const Pair::Datagram& d) { return d.bytes.size() > 1400; };
    const auto data = pattern(500'000);
    REQUIRE(client.write(stream, SharedBuffer::copy_of(data)));
    pair.run_for(20s);
    CHECK(pair.received[{true, stream}].size() == 3'500'000);
    CHECK(client.stats().datagram_bytes <= 1400);
}

TEST_CASE("numbers that wrap on the wire do not trouble a transfer", "[rudp][connection]") {
    const auto first = GENERATE((std::uint64_t{1} << 32) - 10, (std::uint64_t{1} << 33) - 300,
                                (std::uint64_t{1} << 62) - (std::uint64_t{1} << 32));
    auto server = Pair::default_server();
    server.connection.first_packet_number = first;
    Pair pair{server};
    pair.drop = random_loss(0.02, 3);
    ClientConfig config;
    config.connection.first_packet_number = first;
    REQUIRE(pair.establish(config));
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    const auto data = pattern(1'000'000);
    REQUIRE(client.write(stream, SharedBuffer::copy_of(data)));
    REQUIRE(client.finish(stream));
    REQUIRE(pair.run_until_true([&] { return pair.client_has<StreamDelivered>(); }));
    CHECK(pair.received[{true, stream}] == data);
}

TEST_CASE("plaintext works where both sides want it", "[rudp][connection]") {
    auto server = Pair::default_server();
    server.connection.protection = Protection::plaintext;
    Pair pair{server};
    ClientConfig config;
    config.connection.protection = Protection::plaintext;
    REQUIRE(pair.establish(config));
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::one_way).value();
    const auto data = pattern(100'000);
    REQUIRE(client.write(stream, SharedBuffer::copy_of(data)));
    pair.run_for(1s);
    CHECK(pair.received[{true, stream}] == data);
}

}  // namespace
}  // namespace streamkit::rudp::test
