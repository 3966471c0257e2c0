// One end of a transfer over reliable UDP: the server speaks first, as a file server does. Prints one
// JSON line when the connection is over. See bench/netem for links to run it over.
//
//     bench_rudp_transfer server LISTEN [option=value ...]
//     bench_rudp_transfer client SERVER [option=value ...]
//
//     mib=N             to send; 0: no end                             (server, 64)
//     algorithm=NAME    bbr, cubic or background                       (server, bbr)
//     connections=N     to serve before it ends; 0: no end             (server, 1)
//     seconds=T         to read at most                                (client, 16)
//     datagram=N        bytes of the largest datagram, 1200 and up     (both, 9000)
//     window=MIB        receive window and send buffer                 (both, 16)
//     plaintext=1       no encryption                                  (both, 0)

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "one_stream.hpp"
#include "streamkit/crypto/system_random.hpp"

namespace {

using namespace streamkit;
using bench::Record;
using bench::Seconds;
using Options = std::map<std::string, std::string, std::less<>>;

std::uint64_t number(const Options& options, std::string_view name, std::uint64_t otherwise) {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : std::strtoull(found->second.c_str(), nullptr, 10);
}

rudp::ConnectionConfig connection_config(const Options& options) {
    rudp::ConnectionConfig config;
    const auto algorithm = options.find("algorithm");
    if (algorithm != options.end()) {
        config.congestion = algorithm->second == "cubic"        ? congestion::Algorithm::cubic
                            : algorithm->second == "background" ? congestion::Algorithm::background
                                                                : congestion::Algorithm::bbr;
    }
    config.max_datagram_bytes = static_cast<std::uint32_t>(number(options, "datagram", 9000));
    const auto window = number(options, "window", 16) << 20;
    config.receive_window = config.stream_receive_window = config.send_buffer = window;
    if (number(options, "plaintext", 0) != 0) config.protection = rudp::Protection::plaintext;
    return config;
}

double milliseconds(congestion::Duration duration) { return Seconds(duration).count() * 1e3; }

double mbit(congestion::Bandwidth bandwidth) {
    return static_cast<double>(bandwidth.bytes_per_second()) * 8e-6;
}

void print(const char* side, const Record& record, TimePoint from) {
    const auto& stats = record.stats;
    const auto payload = static_cast<double>(record.bytes);
    const auto seconds = std::max(1e-9, Seconds(record.last_byte - from).count());
    std::printf(
        "{\"side\":\"%s\",\"complete\":%s,\"bytes\":%.0f,\"seconds\":%.3f,\"goodput_mbit\":%.3f,"
        "\"first_byte_ms\":%.1f,\"packets_sent\":%llu,\"bytes_sent\":%llu,\"packets_lost\":%llu,"
        "\"spurious_losses\":%llu,\"resent_bytes\":%llu,\"probe_timeouts\":%llu,\"acks_sent\":%llu,"
        "\"duplicates\":%llu,\"ce_marks\":%llu,\"datagram_bytes\":%u,\"rtt_ms\":%.2f,"
        "\"min_rtt_ms\":%.2f,\"window\":%llu,\"bandwidth_mbit\":%.2f,\"pacing_mbit\":%.2f,"
        "\"phases\":{",
        side, record.complete ? "true" : "false", payload, seconds, payload * 8e-6 / seconds,
        record.first_byte == TimePoint{} ? 0.0 : Seconds(record.first_byte - from).count() * 1e3,
        static_cast<unsigned long long>(stats.packets_sent),
        static_cast<unsigned long long>(stats.bytes_sent),
        static_cast<unsigned long long>(stats.packets_lost),
        static_cast<unsigned long long>(stats.spurious_losses),
        static_cast<unsigned long long>(stats.stream_bytes_resent),
        static_cast<unsigned long long>(stats.probe_timeouts),
        static_cast<unsigned long long>(stats.acks_sent),
        static_cast<unsigned long long>(stats.duplicate_packets),
        static_cast<unsigned long long>(stats.ce_marks), stats.datagram_bytes,
        milliseconds(stats.smoothed_rtt), milliseconds(stats.minimum_rtt),
        static_cast<unsigned long long>(stats.window), mbit(stats.bandwidth),
        mbit(stats.pacing_rate));
    const char* separator = "";
    for (const auto& [phase, samples] : record.phases) {
        std::printf("%s\"%s\":%.1f", separator, phase.c_str(), samples * 0.1);
        separator = ",";
    }
    std::printf("},\"end\":\"%s\"}\n", record.end.c_str());
    std::fflush(stdout);
}

int fail(const Error& error) {
    std::fprintf(stderr, "bench_rudp_transfer: %s\n", error.message().c_str());
    return 1;
}

int serve(const SocketAddress& listen, const Options& options) {
    const auto mib = number(options, "mib", 64);
    auto left = number(options, "connections", 1);
    net::Runtime runtime;
    const auto source = std::make_shared<bench::Source>(
        mib == 0 ? bench::kUnlimited : mib << 20, [&](const Record& record) {
            print("server", record, record.connected);
            if (left > 0 && --left == 0) runtime.stop();
        });
    crypto::SystemRandom random;
    RudpEndpointConfig config;
    config.core.static_key = crypto::X25519PrivateKey::generate(random);
    config.core.connection = connection_config(options);
    const auto endpoint =
        RudpEndpoint::open(runtime.shard(0).get_executor(), listen, std::move(config), source);
    if (!endpoint) return fail(endpoint.error());
    return runtime.run_until_signal();
}

int fetch(const SocketAddress& server, const Options& options) {
    net::Runtime runtime;
    bool received = false;
    const auto sink = std::make_shared<bench::Sink>(
        std::chrono::seconds(number(options, "seconds", 16)), [&](const Record& record) {
            print("client", record, record.asked);
            received = record.bytes > 0;
            runtime.stop();
        });
    const auto endpoint = RudpEndpoint::open(runtime.shard(0).get_executor(), {}, {}, sink);
    if (!endpoint) return fail(endpoint.error());
    (*endpoint)->post([&](rudp::Endpoint& core, TimePoint now) {
        rudp::ClientConfig config;
        config.connection = connection_config(options);
        sink->connect(core, server, std::move(config), now);
    });
    const auto code = runtime.run_until_signal();
    return received ? code : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    for (int i = 3; i < argc; ++i) {
        const std::string_view word = argv[i];
        const auto equals = word.find('=');
        if (equals != std::string_view::npos) {
            options.emplace(word.substr(0, equals), word.substr(equals + 1));
        }
    }
    const std::string_view role = argc > 2 ? argv[1] : "";
    if (role != "server" && role != "client") {
        std::fprintf(stderr, "usage: bench_rudp_transfer server|client HOST:PORT [option=value]\n");
        return 2;
    }
    const auto address = net::parse_datagram_address(argv[2]);
    if (!address) return fail(address.error());
    return role == "server" ? serve(*address, options) : fetch(*address, options);
}
