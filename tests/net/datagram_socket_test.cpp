#include "streamkit/net/datagram_socket.hpp"

#include <sys/socket.h>

#include "scripted_datagrams.hpp"
#include "support/catch.hpp"

namespace streamkit::net {
namespace {

using rudp::Ecn;
using rudp::Transmit;
using test::kLoopback4;
using test::kLoopback6;
using Outcome = SendResult::Outcome;

Bytes pattern(std::size_t size) {
    Bytes out(size);
    std::uint32_t state = 1;
    for (auto& byte : out) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<std::uint8_t>(state >> 24);
    }
    return out;
}

Transmit to(const SocketAddress& peer, BytesView bytes, std::size_t segment_size = 0) {
    return {.path = {.local = {}, .peer = peer},
            .bytes = bytes,
            .segment_size = segment_size == 0 ? bytes.size() : segment_size,
            .ecn = Ecn::not_ect};
}

struct Receiver {
    DatagramSocket socket;
    Bytes buffer = Bytes(DatagramSocket::kReceiveBufferBytes);
    std::vector<test::Datagram> datagrams;
    std::size_t runs = 0;

    explicit Receiver(const SocketAddress& local = {kLoopback4, 0},
                      DatagramSocketConfig config = {})
        : socket(DatagramSocket::open(local, config).value()) {}
    [[nodiscard]] const SocketAddress& address() const { return socket.local_address(); }
    // Over loopback, what was sent has arrived.
    void receive() {
        do {
            const auto arrivals = socket.receive(buffer).value();
            for (const auto& arrival : arrivals) {
                ++runs;
                for (auto rest = arrival.bytes; !rest.empty();) {
                    const auto one = rest.first(std::min(rest.size(), arrival.segment_size));
                    datagrams.push_back({arrival.info, Bytes(one.begin(), one.end())});
                    rest = rest.subspan(one.size());
                }
            }
        } while (!socket.drained());
    }
    [[nodiscard]] Bytes joined() const {
        Bytes out;
        for (const auto& datagram : datagrams)
            out.insert(out.end(), datagram.bytes.begin(), datagram.bytes.end());
        return out;
    }
};

bool has_ipv6() { return DatagramSocket::open({kLoopback6, 0}).has_value(); }

}  // namespace

TEST_CASE("64 datagrams in one call arrive whole and in order", "[net][datagram]") {
    struct Case {
        const char* name;
        DatagramSocketConfig sender;
        DatagramSocketConfig receiver;
    };
    const Case cases[] = {
        {"GSO to GRO", {}, {}},
        {"GSO to single datagrams", {}, {.gro = false}},
        {"single datagrams to GRO", {.gso = false}, {}},
        {"single datagrams", {.gso = false}, {.gro = false}},
    };
    for (const auto& [name, sender_config, receiver_config] : cases) {
        CAPTURE(name);
        Receiver receiver({kLoopback4, 0}, receiver_config);
        auto sender = DatagramSocket::open({kLoopback4, 0}, sender_config).value();
        const auto bytes = pattern(64 * 1000 - 300);  // the last one is shorter
        const auto result = sender.send(to(receiver.address(), bytes, 1000));
        CHECK(result.outcome == Outcome::sent);
        CHECK(result.bytes == bytes.size());
        CHECK(result.datagrams == 64);
        CHECK(result.calls == 1);
        receiver.receive();
        REQUIRE(receiver.datagrams.size() == 64);
        CHECK(receiver.joined() == bytes);
        CHECK(receiver.datagrams[0].bytes.size() == 1000);
        CHECK(receiver.datagrams[63].bytes.size() == 700);
        CHECK(receiver.datagrams[63].info.path.peer == sender.local_address());
        CHECK(receiver.datagrams[63].info.path.local == receiver.address());
        if (sender.uses_gso() && receiver.socket.uses_gro()) CHECK(receiver.runs == 1);
    }
}

TEST_CASE("more than one call's worth of segments is cut up", "[net][datagram]") {
    for (const bool gso : {true, false}) {
        CAPTURE(gso);
        Receiver receiver;
        auto sender = DatagramSocket::open({kLoopback4, 0}, {.gso = gso}).value();
        const auto many = pattern(200 * 500);
        CHECK(sender.send(to(receiver.address(), many, 500)).datagrams == 200);
        const auto large = pattern(9000 * 20 + 1);  // more than fits into one IP packet
        CHECK(sender.send(to(receiver.address(), large, 9000)).datagrams == 21);
        receiver.receive();
        auto sum = many;
        sum.insert(sum.end(), large.begin(), large.end());
        CHECK(receiver.joined() == sum);
        CHECK(receiver.datagrams.size() == 221);
        CHECK(receiver.socket.overflowed() == 0);
    }
}

TEST_CASE("the ECN bits pass both ways", "[net][datagram]") {
    for (const auto& address : {kLoopback4, kLoopback6}) {
        if (address == kLoopback6 && !has_ipv6()) continue;
        for (const auto ecn : {Ecn::not_ect, Ecn::ect1, Ecn::ect0, Ecn::ce}) {
            Receiver receiver({address, 0});
            auto sender = DatagramSocket::open({address, 0}).value();
            const auto bytes = pattern(3000);
            auto transmit = to(receiver.address(), bytes, 1000);
            transmit.ecn = ecn;
            CHECK(sender.send(transmit).outcome == Outcome::sent);
            receiver.receive();
            REQUIRE(receiver.datagrams.size() == 3);
            CHECK(receiver.datagrams[2].info.ecn == ecn);
        }
    }
}

TEST_CASE("a socket for every address tells and uses the one that was meant", "[net][datagram]") {
    const bool both = has_ipv6();
    Receiver server(both ? SocketAddress{} : SocketAddress{IpAddress::v4(0), 0});
    const auto port = server.address().port;
    CHECK(port != 0);

    // 127.0.0.2 is this machine too, but an answer from 127.0.0.1 would not reach who asked there.
    const IpAddress second = IpAddress::v4(0x7f000002);
    Receiver client({kLoopback4, 0});
    const auto bytes = pattern(100);
    CHECK(client.socket.send(to({second, port}, bytes)).outcome == Outcome::sent);
    server.receive();
    REQUIRE(server.datagrams.size() == 1);
    const auto path = server.datagrams[0].info.path;
    CHECK(to_string(path.local) == "127.0.0.2:" + std::to_string(port));
    CHECK(path.peer == client.address());

    auto answer = to(path.peer, bytes);
    answer.path.local = path.local;
    answer.ecn = Ecn::ect0;
    CHECK(server.socket.send(answer).outcome == Outcome::sent);
    client.receive();
    REQUIRE(client.datagrams.size() == 1);
    CHECK(client.datagrams[0].info.path.peer == path.local);
    CHECK(client.datagrams[0].info.ecn == Ecn::ect0);

    if (!both) SKIP("no IPv6 here");
    Receiver client6({kLoopback6, 0});
    CHECK(client6.socket.send(to({kLoopback6, port}, bytes)).outcome == Outcome::sent);
    server.receive();
    REQUIRE(server.datagrams.size() == 2);
    CHECK(server.datagrams[1].info.path.local == SocketAddress{kLoopback6, port});
    CHECK(server.datagrams[1].info.path.peer == client6.address());
    answer = to(client6.address(), bytes);
    answer.path.local = server.datagrams[1].info.path.local;
    CHECK(server.socket.send(answer).outcome == Outcome::sent);
    client6.receive();
    CHECK(client6.datagrams.size() == 1);
}

TEST_CASE("a datagram that no path takes is too large, in one piece or in many",
          "[net][datagram]") {
    Receiver receiver;
    auto sender = DatagramSocket::open({kLoopback4, 0}).value();
    const auto bytes = pattern(2 * 65'520);
    auto result = sender.send(to(receiver.address(), BytesView(bytes).first(65'520)));
    CHECK(result.outcome == Outcome::too_large);
    CHECK(result.bytes == 0);
    // 65 507 fit into an IPv4 packet, and loopback takes them.
    CHECK(sender.send(to(receiver.address(), BytesView(bytes).first(65'507))).outcome ==
          Outcome::sent);
    CHECK(sender.uses_gso());
}

TEST_CASE("a kernel that refuses segmentation gets single datagrams from then on",
          "[net][datagram]") {
    Receiver receiver;
    auto sender = DatagramSocket::open({kLoopback4, 0}).value();
    if (!sender.uses_gso()) SKIP("no segmentation offload here");
    // Segments need checksums: without them the kernel says EINVAL, as it does for paths without.
    const int on = 1;
    REQUIRE(::setsockopt(sender.native_handle(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on) == 0);
    const auto bytes = pattern(10 * 1200);
    auto result = sender.send(to(receiver.address(), bytes, 1200));
    CHECK(result.outcome == Outcome::sent);
    CHECK(result.datagrams == 10);
    CHECK(result.calls == 3);  // in vain, one alone, the others
    CHECK_FALSE(sender.uses_gso());
    result = sender.send(to(receiver.address(), bytes, 1200));
    CHECK(result.calls == 1);
    receiver.receive();
    CHECK(receiver.datagrams.size() == 20);
}

TEST_CASE("what cannot leave has failed, and says why", "[net][datagram]") {
    auto sender = DatagramSocket::open({IpAddress::v4(0), 0}).value();
    const auto bytes = pattern(100);
    auto result = sender.send(to({kLoopback6, 9}, bytes));
    CHECK(result.outcome == Outcome::failed);
    CHECK(result.error.code == Errc::unreachable);

    auto transmit = to({kLoopback4, 9}, bytes);
    transmit.path.local = {IpAddress::v4(0xc0000201), 0};  // 192.0.2.1 is not ours
    result = sender.send(transmit);
    CHECK(result.outcome == Outcome::failed);
    CHECK(result.bytes == 0);

    CHECK(sender.send(to({kLoopback4, 9}, {})).outcome == Outcome::sent);
}

TEST_CASE("nobody at the other end is no error of the socket", "[net][datagram]") {
    Receiver gone;
    const auto address = gone.address();
    gone.socket.close();
    Receiver sender;
    const auto bytes = pattern(100);
    for (int i = 0; i < 10; ++i)
        CHECK(sender.socket.send(to(address, bytes)).outcome == Outcome::sent);
    sender.receive();
    CHECK(sender.datagrams.empty());
}

TEST_CASE("a datagram longer than a slot is dropped and counted", "[net][datagram]") {
    Receiver receiver({kLoopback4, 0}, {.gro = false});
    auto sender = DatagramSocket::open({kLoopback4, 0}).value();
    const auto bytes = pattern(DatagramSocket::kMaxDatagramBytes + 1);
    CHECK(sender.send(to(receiver.address(), bytes)).outcome == Outcome::sent);
    CHECK(sender.send(to(receiver.address(), BytesView(bytes).subspan(1))).outcome ==
          Outcome::sent);
    receiver.receive();
    CHECK(receiver.datagrams.size() == 1);
    CHECK(receiver.socket.truncated() == 1);
}

TEST_CASE("a busy datagram port is a clear error, shared or not", "[net][datagram]") {
    const auto first = DatagramSocket::open({kLoopback4, 0}).value();
    CHECK(DatagramSocket::open(first.local_address()).error().code == Errc::address_in_use);
    CHECK(DatagramSocket::open_sharing_port(first.local_address(), 2).error().code ==
          Errc::address_in_use);

    const auto shared = DatagramSocket::open_sharing_port({kLoopback4, 0}, 3).value();
    REQUIRE(shared.size() == 3);
    CHECK(shared[0].local_address() == shared[2].local_address());
    CHECK(DatagramSocket::open(shared[0].local_address()).error().code == Errc::address_in_use);
    CHECK(DatagramSocket::open_sharing_port(shared[0].local_address(), 2).error().code ==
          Errc::address_in_use);

    const SocketAddress foreign{IpAddress::v4(0xc0000201), 0};  // 192.0.2.1
    CHECK(DatagramSocket::open(foreign).error().code == Errc::address_not_available);
}

TEST_CASE("sockets that share a port all get datagrams", "[net][datagram]") {
    auto sockets = DatagramSocket::open_sharing_port({kLoopback4, 0}, 2).value();
    const auto address = sockets[0].local_address();
    const auto bytes = pattern(10);
    std::vector<DatagramSocket> clients;
    for (int i = 0; i < 40; ++i) {  // each to one of the two, by a hash of its port
        clients.push_back(DatagramSocket::open({kLoopback4, 0}).value());
        CHECK(clients.back().send(to(address, bytes)).outcome == Outcome::sent);
    }
    std::size_t sum = 0;
    for (auto& socket : sockets) {
        Bytes buffer(DatagramSocket::kReceiveBufferBytes);
        std::size_t count = 0;
        do {
            count += socket.receive(buffer).value().size();
        } while (!socket.drained());
        CHECK(count > 0);
        sum += count;
    }
    CHECK(sum == 40);
}

TEST_CASE("a datagram address is host:port", "[net][datagram]") {
    CHECK(to_string(parse_datagram_address("127.0.0.1:9000").value()) == "127.0.0.1:9000");
    CHECK(to_string(parse_datagram_address("[::1]:80").value()) == "[::1]:80");
    CHECK(to_string(parse_datagram_address("*:0").value()) == "0.0.0.0:0");
    CHECK(parse_datagram_address("9000").error().code == Errc::malformed_address);
}

}  // namespace streamkit::net
