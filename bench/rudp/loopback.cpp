// What one connection of reliable UDP carries over loopback sockets, and what it costs: server and
// client in one process, on a thread each. Prints one JSON line a case.
//
//     bench_rudp_loopback [MIB] [CASE]
//
// CPU time is user plus system of the whole process, so of both ends, the kernel's work included. The
// floors are measured in the same run: datagrams of the same size through two sockets in the same way
// (GSO and GRO, or sendmmsg and recvmmsg) and nothing else, and sealed and opened in place by our AEAD (what `openssl speed -aead` measures).

#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "one_stream.hpp"
#include "streamkit/crypto/aead.hpp"
#include "streamkit/crypto/system_random.hpp"

namespace {

using namespace streamkit;
using bench::Seconds;

constexpr IpAddress kLoopback = IpAddress::v4(0x7f000001);
constexpr double kGigabyte = 1e9;

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// CPU seconds a GB of sending and receiving, with as few system calls as can be.
double copy_floor(std::size_t segment_size, const net::DatagramSocketConfig& config) {
    auto sender = net::DatagramSocket::open({kLoopback, 0}, config).value();
    auto receiver = net::DatagramSocket::open({kLoopback, 0}, config).value();
    const Bytes bytes(65'507 / segment_size * segment_size, 0x5a);
    Bytes buffer(net::DatagramSocket::kReceiveBufferBytes);
    std::uint64_t received = 0;
    const auto start = cpu_seconds();
    while (static_cast<double>(received) < kGigabyte) {
        for (int i = 0; i < 4; ++i) {
            (void)sender.send({.path = {.local = {}, .peer = receiver.local_address()},
                               .bytes = bytes,
                               .segment_size = segment_size,
                               .ecn = rudp::Ecn::not_ect});
        }
        do {
            const auto arrivals = receiver.receive(buffer);
            if (!arrivals) return 0;
            for (const auto& arrival : *arrivals)
                received += arrival.bytes.size();
        } while (!receiver.drained());
    }
    return (cpu_seconds() - start) / static_cast<double>(received) * kGigabyte;
}

struct AeadCost {
    double seal;
    double open;
};

/// CPU seconds a GB.
AeadCost aead_floor(std::size_t message_size) {
    const Bytes key(32, 1);
    auto aead = crypto::Aead::make(crypto::AeadAlgorithm::aes_256_gcm, key).value();
    std::array<std::uint8_t, crypto::kAeadNonceBytes> nonce{};
    Bytes message(message_size + crypto::kAeadTagBytes, 0x5a);
    const BytesView plaintext = BytesView(message).first(message_size);
    const auto rounds = static_cast<std::size_t>(kGigabyte / static_cast<double>(message_size));
    AeadCost cost{};
    bool ok = true;
    auto start = cpu_seconds();
    for (std::size_t i = 0; i < rounds; ++i)
        ok = aead.seal(nonce, {}, plaintext, message).has_value() && ok;
    cost.seal = cpu_seconds() - start;
    // Opening leaves the plaintext: sealed anew for each round, and that taken off again.
    start = cpu_seconds();
    for (std::size_t i = 0; i < rounds; ++i) {
        ok = aead.seal(nonce, {}, plaintext, message).has_value() && ok;
        ok = aead.open(nonce, {}, message, message).has_value() && ok;
    }
    cost.open = cpu_seconds() - start - cost.seal;
    if (!ok) std::abort();
    return cost;
}

struct Case {
    std::string_view name;
    rudp::Protection protection;
    std::uint32_t max_datagram_bytes;
    bool offload;
    double bar_cpu_s_per_gb;
};

constexpr Case kCases[] = {
    {"aes-mtu", rudp::Protection::aes_256_gcm, 9000, true, 1.5},
    {"aes-1472", rudp::Protection::aes_256_gcm, 1472, true, 2.2},
    {"plaintext-mtu", rudp::Protection::plaintext, 9000, true, 0.6},
    {"aes-mtu-single", rudp::Protection::aes_256_gcm, 9000, false, 3.5},
    {"aes-1472-single", rudp::Protection::aes_256_gcm, 1472, false, 3.5},
};

void run(const Case& what, std::uint64_t total) {
    rudp::ConnectionConfig connection;
    connection.protection = what.protection;
    connection.max_datagram_bytes = what.max_datagram_bytes;
    const net::DatagramSocketConfig socket{.gso = what.offload, .gro = what.offload};

    crypto::SystemRandom random;
    net::Runtime server_side;
    net::Runtime client_side;
    bench::Record sent;
    bench::Record received;
    const auto source = std::make_shared<bench::Source>(total, [&](const bench::Record& record) {
        sent = record;
        server_side.stop_now();
    });
    const auto sink =
        std::make_shared<bench::Sink>(std::chrono::minutes(2), [&](const bench::Record& record) {
            received = record;
            client_side.stop_now();
        });
    RudpEndpointConfig server_config;
    server_config.core.static_key = crypto::X25519PrivateKey::generate(random);
    server_config.core.connection = connection;
    server_config.socket = socket;
    RudpEndpointConfig client_config;
    client_config.socket = socket;
    const auto server = RudpEndpoint::open(server_side.shard(0).get_executor(), {kLoopback, 0},
                                           server_config, source)
                            .value();
    const auto client =
        RudpEndpoint::open(client_side.shard(0).get_executor(), {kLoopback, 0}, client_config, sink)
            .value();
    client->post([&](rudp::Endpoint& endpoint, TimePoint now) {
        rudp::ClientConfig config;
        config.connection = connection;
        sink->connect(endpoint, server->local_address(), config, now);
    });

    const auto cpu_before = cpu_seconds();
    std::thread server_thread([&] { server_side.run_until_stopped(); });
    client_side.run_until_stopped();
    server_thread.join();
    const auto cpu = cpu_seconds() - cpu_before;

    const auto bytes = static_cast<double>(received.bytes);
    const auto wall = Seconds(received.last_byte - received.connected).count();
    const auto cpu_per_gb = cpu / bytes * kGigabyte;
    const auto datagram = sent.stats.datagram_bytes;
    const auto copy = copy_floor(std::max<std::uint32_t>(datagram, 1200), socket);
    AeadCost aead{};
    if (what.protection != rudp::Protection::plaintext) {
        aead = aead_floor(datagram > 2000 ? 8900 : 1400);
    }
    const auto out = server->counters();
    const auto in = client->counters();
    const auto per = [](std::uint64_t a, std::uint64_t b) {
        return b == 0 ? 0.0 : static_cast<double>(a) / static_cast<double>(b);
    };
    std::printf(
        "{\"case\":\"%.*s\",\"complete\":%s,\"mb\":%.0f,\"gbit_s\":%.2f,\"bar_gbit_s\":5,"
        "\"cpu_s_per_gb\":%.3f,\"bar_cpu_s_per_gb\":%.1f,\"floor_copy\":%.3f,\"floor_seal\":%.3f,"
        "\"floor_open\":%.3f,\"ratio_to_floor\":%.2f,\"ratio_to_aead\":%.2f,"
        "\"datagram_bytes\":%u,\"datagrams_per_send\":%.1f,\"datagrams_per_receive\":%.1f,"
        "\"acks\":%llu,\"lost\":%llu,\"resent_bytes\":%llu,\"overflowed\":%llu,\"end\":\"%s\"}\n",
        static_cast<int>(what.name.size()), what.name.data(), received.complete ? "true" : "false",
        bytes / 1e6, bytes * 8 / wall / 1e9, cpu_per_gb, what.bar_cpu_s_per_gb, copy, aead.seal,
        aead.open, cpu_per_gb / (copy + aead.seal + aead.open),
        aead.seal > 0 ? cpu_per_gb / (aead.seal + aead.open) : 0.0, datagram,
        per(out.datagrams_out, out.send_calls), per(in.datagrams_in, in.receive_calls),
        static_cast<unsigned long long>(received.stats.acks_sent),
        static_cast<unsigned long long>(sent.stats.packets_lost),
        static_cast<unsigned long long>(sent.stats.stream_bytes_resent),
        static_cast<unsigned long long>(in.overflowed), received.end.c_str());
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    const auto mib = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2048;
    const std::string_view only = argc > 2 ? argv[2] : "";
    if (mib == 0) {
        std::fprintf(stderr, "usage: bench_rudp_loopback [MIB] [CASE]\n");
        return 2;
    }
    for (const auto& what : kCases) {
        if (only.empty() || only == what.name) run(what, mib << 20);
    }
    return 0;
}
