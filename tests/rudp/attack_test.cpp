// The table "Attacks and bad input" of the design: each row is a test.

#include "connection_core.hpp"
#include "raw_peer.hpp"
#include "support/bytes.hpp"

namespace streamkit::rudp::test {
namespace {

/// A peer of a server that has sent some packets, all of which came.
struct Busy : RawPeer {
    explicit Busy(EndpointConfig setup = Pair::default_server(), std::uint64_t seed = 3)
        : RawPeer{std::move(setup), seed} {
        connect();
        stream = connection().open_stream(StreamKind::both_ways).value();
        REQUIRE(connection().write(stream, SharedBuffer::copy_of(pattern(8'000))));
        run_for(1ms);
        REQUIRE(numbers.size() >= 3);
    }
    AckFrame ack(std::uint64_t first, std::uint64_t last) const {
        AckFrame out;
        out.ranges[0] = {first, last};
        out.range_count = 1;
        return out;
    }
    void expect_closed(Errc errc) {
        REQUIRE(closed() != nullptr);
        CHECK(closed()->reason.error.code == errc);
        REQUIRE(close_frame());
        CHECK(close_frame()->first == static_cast<std::uint64_t>(errc));
        CHECK(!close_frame()->second.empty());
    }
    StreamId stream = 0;
};

// ACK for a number never sent, in the future, reversed or overlapping, of too many ranges.

TEST_CASE("an ACK of a packet that was never sent closes", "[rudp][attack]") {
    Busy peer;
    const auto last = peer.numbers.back();
    CHECK(!peer.send_frames({peer.ack(last + 1, last + 1)}));
    peer.expect_closed(Errc::ack_of_unsent_packet);
}

TEST_CASE("an ACK far in the future closes", "[rudp][attack]") {
    Busy peer;
    CHECK(!peer.send_frames({peer.ack(peer.numbers.back(), kMaxPacketNumber - 1)}));
    peer.expect_closed(Errc::ack_of_unsent_packet);
}

TEST_CASE("an ACK whose ranges go below zero closes", "[rudp][attack]") {
    Busy peer;
    CHECK(
        !peer.send(peer.packet_of(streamkit::test::hex("02"  // ACK
                                                       "00"  // no flags
                                                       "01"  // largest 1
                                                       "00"  // delay
                                                       "00"  // no further ranges
                                                       "05"  // 6 packets: below 0
                                                       ))));
    peer.expect_closed(Errc::invalid_ack_ranges);
}

TEST_CASE("an ACK of too many ranges closes", "[rudp][attack]") {
    Busy peer;
    CHECK(
        !peer.send(peer.packet_of(streamkit::test::hex("02 00 7fff 00"
                                                       "4040"  // 64 further ranges
                                                       "00"))));
    peer.expect_closed(Errc::too_many_ack_ranges);
}

// Optimistic ACK.

TEST_CASE("an ACK of a number that was skipped on purpose closes", "[rudp][attack]") {
    const auto seed = GENERATE(std::uint64_t{1}, 2, 3, 4);
    Busy peer{Pair::default_server(), seed};
    // Lose nothing, but acknowledge all that there could be: sooner or later there is a hole in it.
    std::uint64_t packets = 0;
    while (peer.closed() == nullptr && packets < 200) {
        REQUIRE(peer.connection().write(peer.stream, SharedBuffer::copy_of(pattern(3'000))));
        peer.run_for(50ms);
        packets = peer.numbers.size();
        static_cast<void>(peer.send_frames({peer.ack(0, peer.numbers.back())}));
    }
    CHECK(packets < 100);
    peer.expect_closed(Errc::ack_of_unsent_packet);
}

// ACK or loss report from a spoofed source.

TEST_CASE("packets without the keys change nothing", "[rudp][attack]") {
    Busy peer;
    const auto before = peer.connection().stats();
    auto forged = peer.packet({peer.ack(peer.numbers.back() + 1, peer.numbers.back() + 1)});
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{9}, std::size_t{12}, kShortHeaderBytes, forged.size() - 1}) {
        auto changed = forged;
        changed[at] ^= 0x04;
        CHECK(!peer.send(changed));
    }
    // The same id, random bytes behind it.
    auto random = pattern(100);
    std::copy_n(forged.begin(), 9, random.begin());
    CHECK(peer.send(random).error().code == Errc::not_authentic);
    CHECK(peer.closed() == nullptr);
    const auto after = peer.connection().stats();
    CHECK(after.rejected_packets == before.rejected_packets + 6);
    CHECK(after.packets_received == before.packets_received);
    CHECK(after.in_flight == before.in_flight);
}

TEST_CASE("before the keys only handshake packets are taken", "[rudp][attack]") {
    RawPeer peer;
    auto bytes = pattern(200);
    bytes[0] = 0x40;
    CHECK(peer.send(bytes).error().code == Errc::unknown_connection);
    bytes[0] = 0x83;  // REPLY, to a server
    CHECK(!peer.send(bytes));
    bytes[0] = 0x00;
    CHECK(peer.send(bytes).error().code == Errc::unknown_packet_type);
    CHECK(peer.events.empty());
    CHECK(peer.server.stats().datagrams_dropped == 3);
}

// Replay of data or of a first flight.

TEST_CASE("a packet that is played again has no effect", "[rudp][attack]") {
    RawPeer peer;
    peer.connect();
    const auto data = pattern(100);
    const auto packet = peer.packet({StreamFrame{0, 0, data, false}});
    CHECK(peer.send(packet));
    const auto before = peer.connection().stats();
    for (int i = 0; i < 3; ++i)
        CHECK(peer.send(packet).error().code == Errc::duplicate_packet);
    const auto after = peer.connection().stats();
    CHECK(after.duplicate_packets == before.duplicate_packets + 3);
    CHECK(after.stream_bytes_received == 100);
    // From elsewhere it moves nothing either.
    CHECK(!peer.send(packet, SocketAddress{IpAddress::v4(0x01020304), 1}));
    CHECK(peer.connection().path().peer == kClientAddress);
}

TEST_CASE("a first flight that is played again changes no state and draws little",
          "[rudp][attack]") {
    RawPeer peer;
    const auto hello = peer.hello();
    peer.shake_hands();
    for (int i = 0; i < 20; ++i)
        CHECK(peer.send(hello));
    CHECK(peer.received_bytes <= 3 * peer.sent_bytes);
    CHECK(Pair::count<Incoming>(peer.events) == 1);
    CHECK(peer.server.stats().half_open == 1);
    // Nor does it keep the half-open place for ever.
    RawPeer other;
    other.shake_hands();
    for (int i = 0; i < 30; ++i) {
        static_cast<void>(other.send(hello));
        other.run_for(500ms);
    }
    CHECK(other.closed() != nullptr);
    // When the connection stands, not even that.
    CHECK(peer.send_frames({PingFrame{}}));
    peer.run_for(100ms);
    const auto before = peer.datagrams.size();
    for (int i = 0; i < 20; ++i)
        CHECK(peer.send(hello));
    CHECK(peer.datagrams.size() == before);
    CHECK(Pair::count<Incoming>(peer.events) == 1);
    CHECK(peer.server.find(peer.link) != nullptr);
}

// Amplification.

TEST_CASE("an address that has not answered gets three times what came from it", "[rudp][attack]") {
    RawPeer peer;
    peer.shake_hands();
    // The server would have much to say.
    const auto stream = peer.connection().open_stream(StreamKind::one_way).value();
    REQUIRE(peer.connection().write(stream, SharedBuffer::copy_of(pattern(1'000'000))));
    peer.run_for(2s);
    CHECK(peer.received_bytes <= 3 * kMinHelloBytes);
    CHECK(peer.received_bytes > kMinHelloBytes);
    CHECK(peer.send(peer.hello()));
    peer.run_for(500ms);
    CHECK(peer.received_bytes <= 3 * 2 * kMinHelloBytes);
}

TEST_CASE("a HELLO that is too short is nobody's", "[rudp][attack]") {
    RawPeer peer;
    auto hello = peer.hello();
    hello.resize(1199);
    CHECK(peer.send(hello).error().code == Errc::datagram_too_short);
    CHECK(peer.datagrams.empty());
    CHECK(peer.events.empty());
}

// Half-open flood.

TEST_CASE("a flood of first flights is answered by cookies, and kept in bounds", "[rudp][attack]") {
    auto setup = Pair::default_server();
    setup.cookie_threshold = 8;
    setup.max_half_open = 20;
    RawPeer peer{setup};
    const auto flood = [&](std::uint32_t n, BytesView cookie = {}) {
        peer.id = 0x1000 + n;
        peer.message.clear();
        peer.cookie.clear();
        return peer.send(peer.hello(cookie), SocketAddress{IpAddress::v4(0x0b000000 + 256 * n), 7});
    };
    for (std::uint32_t n = 0; n < 100; ++n)
        CHECK(flood(n));
    CHECK(peer.server.stats().half_open == 8);
    CHECK(peer.server.stats().cookies_asked == 92);
    CHECK(Pair::count<Incoming>(peer.events) == 8);
    for (const auto& [to, datagram] : peer.datagrams)
        CHECK(datagram.size() < kMinHelloBytes / 3);
    // With cookies they come in, up to the limit.
    for (std::uint32_t n = 200; n < 230; ++n) {
        REQUIRE(flood(n));
        const auto cookie = peer.cookie;
        REQUIRE(!cookie.empty());
        Bytes hello = peer.hello(cookie);
        const SocketAddress from{IpAddress::v4(0x0b000000 + 256 * n), 7};
        CHECK(peer.send(hello, from).has_value() == (n < 212));
    }
    CHECK(peer.server.stats().half_open == 20);
    // And all of it is gone after the half-open time.
    peer.run_for(4s);
    CHECK(peer.server.stats().half_open == 0);
    CHECK(peer.server.stats().connections == 0);
}

TEST_CASE("a cookie is good for its address and its time only", "[rudp][attack]") {
    auto setup = Pair::default_server();
    setup.cookie_threshold = 0;
    RawPeer peer{setup};
    REQUIRE(peer.send(peer.hello()));
    const auto cookie = peer.cookie;
    REQUIRE(!cookie.empty());
    CHECK(peer.server.stats().half_open == 0);
    // Who has a wrong one is asked again.
    CHECK(peer.send(peer.hello(cookie), SocketAddress{IpAddress::v4(0x01010101), 5000}));
    auto changed = cookie;
    changed.back() ^= 1;
    CHECK(peer.send(peer.hello(changed)));
    CHECK(peer.server.stats().wrong_cookies == 2);
    peer.now += 20s;
    CHECK(peer.send(peer.hello(cookie)));
    CHECK(peer.server.stats().wrong_cookies == 3);
    CHECK(peer.server.stats().cookies_asked == 4);
    CHECK(peer.events.empty());
    REQUIRE(peer.send(peer.hello()));
    CHECK(peer.send(peer.hello(peer.cookie)));
    CHECK(peer.has<Incoming>());
}

TEST_CASE("one network cannot take all half-open places", "[rudp][attack]") {
    auto setup = Pair::default_server();
    setup.max_half_open_per_prefix = 4;
    RawPeer peer{setup};
    std::size_t taken = 0;
    for (std::uint32_t n = 0; n < 10; ++n) {
        peer.id = 0x2000 + n;
        peer.message.clear();
        taken +=
            peer.send(peer.hello(), SocketAddress{IpAddress::v4(0x0b000000 + n), 7}).has_value();
    }
    CHECK(taken == 4);
    peer.id = 0x3000;
    peer.message.clear();
    CHECK(peer.send(peer.hello(), SocketAddress{IpAddress::v4(0x0c000000), 7}));
}

// Capacity.

TEST_CASE("a full server says so, and when to come again", "[rudp][attack]") {
    auto setup = Pair::default_server();
    setup.max_connections = 1;
    Pair pair{setup};
    REQUIRE(pair.establish());
    pair.client_events.clear();
    pair.connect();
    pair.run_for(100ms);
    const auto* rejected = Pair::find<Rejected>(pair.client_events);
    REQUIRE(rejected != nullptr);
    CHECK(rejected->reject.reason == RejectReason::full);
    CHECK(rejected->reject.retry_after > 0ms);
    CHECK(Pair::count<Incoming>(pair.server_events) == 1);
    CHECK(pair.server.stats().incoming_refused == 1);
}

// Stream or fragment holes.

TEST_CASE("a hole of gigabytes in a stream costs no memory", "[rudp][attack]") {
    RawPeer peer;
    peer.connect();
    const auto byte = pattern(1);
    CHECK(peer.send_frames({StreamFrame{0, 0, byte, false}}));
    CHECK(peer.send_frames({StreamFrame{0, (16 << 20) - 1, byte, false}}));
    CHECK(peer.connection().held_bytes() < 300'000);
    CHECK(!peer.send_frames({StreamFrame{0, std::uint64_t{4} << 30, byte, false}}));
    REQUIRE(peer.closed() != nullptr);
    CHECK(peer.closed()->reason.error.code == Errc::flow_control);
}

TEST_CASE("streams together stay within the window of the connection", "[rudp][attack]") {
    auto setup = Pair::default_server();
    setup.connection.receive_window = 64 << 10;
    setup.connection.stream_receive_window = 64 << 10;
    RawPeer peer{setup};
    peer.connect();
    const auto byte = pattern(1);
    CHECK(peer.send_frames({StreamFrame{0, 40'000, byte, false}}));
    CHECK(!peer.send_frames({StreamFrame{4, 40'000, byte, false}}));
    REQUIRE(peer.closed() != nullptr);
    CHECK(peer.closed()->reason.error.code == Errc::flow_control);
}

TEST_CASE("a part of a message far behind its end closes", "[rudp][attack]") {
    RawPeer peer;
    peer.connect();
    const auto some = pattern(10);
    MessageFrame frame;
    frame.total = 100;
    frame.offset = std::uint64_t{4} << 30;
    frame.data = some;
    CHECK(!peer.send_frames({frame}));
    REQUIRE(peer.closed() != nullptr);
    frame.total = std::uint64_t{4} << 30;
    frame.offset = 0;
    RawPeer other;
    other.connect();
    CHECK(!other.send_frames({frame}));
    REQUIRE(other.closed() != nullptr);
    CHECK(other.closed()->reason.error.code == Errc::message_too_long);
}

// Lengths.

TEST_CASE("frames cut off anywhere close, and do no harm", "[rudp][attack]") {
    RawPeer maker;
    maker.connect();
    const auto data = pattern(30);
    Bytes content(200);
    SpanWriter out{content};
    write_frame(out, MaxDataFrame{1u << 20});
    write_frame(out, StreamFrame{0, 0, data, true});
    content.resize(out.size());
    for (std::size_t size = 6; size < content.size(); ++size) {
        RawPeer peer;
        peer.connect();
        CHECK(!peer.send(peer.packet_of(BytesView{content}.first(size))));
        REQUIRE(peer.closed() != nullptr);
        CHECK(peer.closed()->reason.error.code == Errc::truncated);
    }
}

TEST_CASE("datagrams of every small length are survived", "[rudp][attack]") {
    Busy peer;
    const auto packet = peer.packet({PingFrame{}});
    streamkit::test::every_truncation(packet, [&](BytesView part) {
        CHECK(!peer.send(Bytes{part.begin(), part.end()}));
    });
    CHECK(peer.closed() == nullptr);
    CHECK(peer.send(packet));
}

TEST_CASE("a Noise message longer than its datagram is no HELLO", "[rudp][attack]") {
    RawPeer peer;
    auto hello = peer.hello();
    hello[kHandshakeHeaderBytes + 1] = 0xff;  // the length of the Noise message, high byte
    CHECK(peer.send(hello).error().code == Errc::truncated);
    CHECK(peer.events.empty());
}

// State confusion.

TEST_CASE("handshake packets on an established connection change nothing", "[rudp][attack]") {
    Pair pair;
    Bytes reply;
    pair.edit = [&](Pair::Datagram& d) {
        if (!d.to_server && d.bytes[0] == 0x83) reply = d.bytes;
    };
    REQUIRE(pair.establish());
    REQUIRE(!reply.empty());
    const DatagramInfo from_server{{kClientAddress, kServerAddress}, Ecn::not_ect};
    auto again = reply;
    CHECK(pair.client.handle_datagram(from_server, again, pair.now).error().code ==
          Errc::illegal_frame);
    auto retry = reply;
    retry[0] = 0x82;
    CHECK(!pair.client.handle_datagram(from_server, retry, pair.now));
    CHECK(pair.client.stats().datagrams_dropped == 2);
    const auto stream = pair.at_client().open_stream(StreamKind::one_way).value();
    REQUIRE(pair.at_client().write(stream, SharedBuffer::copy_of(pattern(10))));
    pair.run_for(100ms);
    CHECK(pair.received[{true, stream}].size() == 10);
}

TEST_CASE("a client cannot say that the handshake is done", "[rudp][attack]") {
    Busy peer;
    CHECK(!peer.send_frames({HandshakeDoneFrame{}}));
    peer.expect_closed(Errc::illegal_frame);
}

TEST_CASE("one side that wants plaintext does not get it", "[rudp][attack]") {
    Pair pair;
    ClientConfig config;
    config.connection.protection = Protection::plaintext;
    pair.connect(config);
    pair.run_for(1s);
    const auto* rejected = Pair::find<Rejected>(pair.client_events);
    REQUIRE(rejected != nullptr);
    CHECK(rejected->reject.reason == RejectReason::protection);
    CHECK(!pair.server_has<Incoming>());
}

TEST_CASE("frames on streams that cannot have them close", "[rudp][attack]") {
    struct Case {
        const char* name;
        Frame frame;
        Errc errc;
    };
    static const auto some = pattern(5);  // the cases are made once, and refer to it
    // The client's streams are 0 and 2 modulo 4, the server's 1 and 3.
    const auto c = GENERATE_COPY(values<Case>(
        {{"data on a stream that the server never opened", StreamFrame{5, 0, some, false},
          Errc::stream_state},
         {"data on the server's one-way stream", StreamFrame{3, 0, some, false},
          Errc::stream_state},
         {"credit for a stream that only the client sends on", MaxStreamDataFrame{2, 100},
          Errc::stream_state},
         {"STOP_SENDING for one", StopSendingFrame{2, 1}, Errc::stream_state},
         {"a stream above the limit", StreamFrame{4 * 64, 0, some, false}, Errc::stream_limit},
         {"a stream far above the limit", StreamFrame{kMaxVarint - 3, 0, some, false},
          Errc::stream_limit}}));
    CAPTURE(c.name);
    Busy peer;
    static_cast<void>(peer.connection().open_stream(StreamKind::one_way));
    CHECK(!peer.send_frames({c.frame}));
    peer.expect_closed(c.errc);
}

TEST_CASE("two ends of one stream close", "[rudp][attack]") {
    Busy peer;
    const auto some = pattern(5);
    CHECK(peer.send_frames({StreamFrame{0, 5, some, true}}));
    CHECK(!peer.send_frames({StreamFrame{0, 0, some, true}}));
    peer.expect_closed(Errc::final_size);
}

TEST_CASE("ids that contradict each other close", "[rudp][attack]") {
    SECTION("one number, two ids") {
        Busy peer;
        CHECK(peer.send_frames({NewConnectionIdFrame{1, 0, 5, {}}}));
        CHECK(!peer.send_frames({NewConnectionIdFrame{1, 0, 6, {}}}));
        peer.expect_closed(Errc::invalid_parameter);
    }
    SECTION("too many") {
        Busy peer;
        for (std::uint64_t n = 1; n < 4; ++n)
            CHECK(peer.send_frames({NewConnectionIdFrame{n, 0, 5 + n, {}}}));
        CHECK(!peer.send_frames({NewConnectionIdFrame{4, 0, 99, {}}}));
        peer.expect_closed(Errc::invalid_parameter);
    }
    SECTION("retired before it was given out") {
        Busy peer;
        CHECK(!peer.send_frames({RetireConnectionIdFrame{50}}));
        peer.expect_closed(Errc::invalid_parameter);
    }
}

// DROP with a reversed or huge range.

TEST_CASE("a DROP that is reversed closes, a huge one costs nothing", "[rudp][attack]") {
    Busy peer;
    CHECK(
        !peer.send(peer.packet_of(streamkit::test::hex("12"  // DROP
                                                       "09"  // first
                                                       "05"  // last
                                                       "00"))));
    peer.expect_closed(Errc::invalid_drop);
    Busy other;
    static_cast<void>(other.send_frames({DropFrame{0, kMaxVarint}}));
    CHECK(other.events.size() < 10);
    if (other.closed() != nullptr) CHECK(other.closed()->reason.error.code == Errc::invalid_drop);
}

// Tiny MTU in negotiation.

TEST_CASE("a client that takes no 1200 bytes is not taken", "[rudp][attack]") {
    RawPeer peer;
    peer.parameters.max_datagram_bytes = 1199;
    CHECK(peer.send(peer.hello()).error().code == Errc::invalid_parameter);
    CHECK(peer.events.empty());
    Endpoint client{{}, peer.random};
    ClientConfig config;
    config.connection.max_datagram_bytes = 1199;
    CHECK(client.connect(kServerAddress, config, kStart).error().code == Errc::invalid_parameter);
}

// Sequence wrap: on the wire in connection_test, at the end of all numbers here.

TEST_CASE("a connection ends before its packet numbers come again", "[rudp][attack]") {
    struct Ids final : IdDirectory {
        ConnectionId add_id(LinkId) override { return ++last; }
        void remove_id(ConnectionId) override {}
        ResetToken token_of(ConnectionId) const override { return {}; }
        void add_peer_token(const ResetToken&, LinkId) override {}
        void remove_peer_token(const ResetToken&) override {}
        ConnectionId last = 5;
    } ids;
    struct NoWaker final : Waker {
        void wake() override {}
    } waker;
    SeededRandom random{1};
    EventQueue events;
    const ConnectionCore::Surroundings surroundings{random, events, ids, waker};
    ConnectionConfig config;
    config.first_packet_number = (std::uint64_t{1} << 62) - 10;
    noise::TransportKeys keys;
    keys.send.writable()[0] = 1;
    noise::TransportKeys other_keys;
    other_keys.receive = keys.send;
    other_keys.send = keys.receive;
    ConnectionCore::Start start;
    start.peer = own_parameters(config);
    start.path = {kClientAddress, kServerAddress};
    ConnectionCore sender{config, start, keys, surroundings, kStart};
    start.client = false;
    start.path = {kServerAddress, kClientAddress};
    start.address_known = true;
    start.half_open_timeout = 3s;
    ConnectionCore receiver{config, start, other_keys, surroundings, kStart};
    const auto stream = sender.streams().open(StreamKind::one_way).value();
    Bytes buffer(65'507);
    auto now = kStart;
    std::size_t packets = 0;
    for (int i = 0; i < 40 && !sender.ending(); ++i) {
        now += 1ms;
        REQUIRE(sender.streams().write(stream, SharedBuffer::copy_of(pattern(100))));
        while (const auto out = sender.transmit(now, buffer)) {
            REQUIRE(out->bytes.size() == out->segment_size);
            Bytes datagram{out->bytes.begin(), out->bytes.end()};
            CHECK(receiver.handle_packet({{kServerAddress, kClientAddress}, out->ecn}, datagram,
                                         now));
            ++packets;
        }
    }
    REQUIRE(sender.ending());
    CHECK(sender.ending()->reason.error.code == Errc::packet_numbers_used_up);
    CHECK(packets >= 5);
    CHECK(packets <= 9);
    auto last = sender.ending()->close_packet;
    CHECK(receiver.handle_packet({{kServerAddress, kClientAddress}, Ecn::not_ect}, last, now));
    REQUIRE(receiver.ending());
    CHECK(receiver.ending()->reason.error.code == Errc::closed_by_peer);
}

// A slow reader, a window of zero for ever.

TEST_CASE("a peer that reads nothing holds no more than the send buffer", "[rudp][attack]") {
    auto setup = Pair::default_server();
    setup.connection.send_buffer = 1'000'000;
    setup.connection.progress_timeout = 20s;
    RawPeer peer{setup};
    peer.parameters.max_data = 0;
    peer.connect();
    auto& connection = peer.connection();
    const auto stream = connection.open_stream(StreamKind::one_way).value();
    REQUIRE(connection.write(stream, SharedBuffer::copy_of(pattern(1'000'000))));
    CHECK(connection.write(stream, SharedBuffer::copy_of(pattern(1))).error().code ==
          Errc::send_buffer_full);
    for (int i = 0; i < 50 && peer.closed() == nullptr; ++i) {
        CHECK(peer.server.held_bytes() <= 1'000'000);
        static_cast<void>(peer.send_frames({PingFrame{}}));  // alive, but no more
        peer.run_for(1s);
    }
    REQUIRE(peer.closed() != nullptr);
    CHECK(peer.closed()->reason.error.code == Errc::idle_timeout);
    CHECK(peer.server.held_bytes() == 0);
}

// Clock.

TEST_CASE("clocks that jump are not believed", "[rudp][attack]") {
    Busy peer;
    const auto rtt = peer.connection().stats().smoothed_rtt;
    auto ack = peer.ack(peer.numbers.back(), peer.numbers.back());
    CHECK(peer.send_frames({TimeFrame{kMaxMicroseconds, kMaxMicroseconds, kMaxMicroseconds}}));
    CHECK(peer.send_frames({TimeFrame{1, kMaxMicroseconds, 0}}));
    CHECK(!peer.connection().clock_offset());
    CHECK(peer.connection().stats().smoothed_rtt == rtt);
    // An acknowledgement that claims to have been held for years does not make the path fast.
    ack.delay_us = kMaxMicroseconds;
    peer.run_for(30ms);
    CHECK(peer.send_frames({ack}));
    CHECK(peer.connection().stats().minimum_rtt >= 30ms);
    CHECK(peer.closed() == nullptr);
}

TEST_CASE("time that goes backwards does no harm", "[rudp][attack]") {
    Busy peer;
    peer.run_for(1s);
    peer.now -= 500ms;
    CHECK(peer.send_frames({peer.ack(peer.numbers.back(), peer.numbers.back())}));
    REQUIRE(peer.connection().write(peer.stream, SharedBuffer::copy_of(pattern(1'000))));
    peer.run_for(2s);
    CHECK(peer.closed() == nullptr);
}

// CLOSE or REJECT injected; the stateless reset.

TEST_CASE("a CLOSE without the keys closes nothing", "[rudp][attack]") {
    Busy peer;
    RawPeer other{Pair::default_server(), 1234};
    other.shake_hands();
    auto close = other.packet({CloseFrame{0, "bye"}});
    const auto mine = peer.packet({PingFrame{}});
    std::copy_n(mine.begin(), 9, close.begin());  // to the right connection
    CHECK(peer.send(close).error().code == Errc::not_authentic);
    CHECK(peer.closed() == nullptr);
}

TEST_CASE("a REJECT without the keys is not believed", "[rudp][attack]") {
    Pair pair;
    pair.edit = [](Pair::Datagram& d) {
        if (!d.to_server && d.bytes[0] == 0x83) d.bytes.back() ^= 1;
    };
    pair.connect();
    pair.run_for(3s);
    CHECK(!pair.client_has<Rejected>());
    REQUIRE(pair.client_has<Closed>());
    CHECK(Pair::find<Closed>(pair.client_events)->reason.error.code == Errc::handshake_failed);
}

TEST_CASE("resets without a state are few, small, and end what they name", "[rudp][attack]") {
    RawPeer peer;
    auto stray = pattern(100);
    stray[0] = 0x40;
    for (int i = 0; i < 500; ++i)
        static_cast<void>(peer.send(stray));
    CHECK(peer.datagrams.size() <= 100);
    for (const auto& [to, datagram] : peer.datagrams)
        CHECK(datagram.size() < 100);
    const auto before = peer.datagrams.size();
    auto small = Bytes(stray.begin(), stray.begin() + 30);
    peer.now += 2s;
    static_cast<void>(peer.send(small));
    CHECK(peer.datagrams.size() == before);
}

TEST_CASE("a server that has started again ends what it has forgotten", "[rudp][attack]") {
    const auto setup = Pair::default_server();
    Pair pair{setup};
    REQUIRE(pair.establish());
    pair.run_for(200ms);
    SeededRandom random{5};
    Endpoint again{setup, random};
    const auto stream = pair.at_client().open_stream(StreamKind::one_way).value();
    REQUIRE(pair.at_client().write(stream, SharedBuffer::copy_of(pattern(500))));
    std::vector<Bytes> to_server;
    pair.drop = [&](const Pair::Datagram& d) {
        if (d.to_server) to_server.push_back(d.bytes);
        return true;
    };
    pair.step();
    REQUIRE(!to_server.empty());
    CHECK(again
              .handle_datagram({{kServerAddress, kClientAddress}, Ecn::not_ect}, to_server[0],
                               pair.now)
              .error()
              .code == Errc::unknown_connection);
    const auto reset = again.poll_transmit(pair.now);
    REQUIRE(reset);
    Bytes bytes{reset->bytes.begin(), reset->bytes.end()};
    CHECK(pair.client.handle_datagram({{kClientAddress, kServerAddress}, Ecn::not_ect}, bytes,
                                      pair.now));
    pair.step();
    REQUIRE(pair.client_has<Closed>());
    CHECK(Pair::find<Closed>(pair.client_events)->reason.error.code == Errc::stateless_reset);
}

}  // namespace
}  // namespace streamkit::rudp::test
