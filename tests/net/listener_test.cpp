#include "streamkit/net/listener.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "loopback.hpp"
#include "streamkit/net/errc.hpp"
#include "support/catch.hpp"

namespace streamkit::net {
namespace {

using test::run_until;

struct Accepted {
    tcp::socket socket;
    ConnectionSlot slot;
};

struct Server {
    Runtime runtime;
    std::vector<Accepted> accepted;
    std::vector<Error> refused;
    std::vector<std::string> log;
    std::unique_ptr<Listener> listener;

    explicit Server(ListenerConfig config = {}, std::string_view address = "127.0.0.1:0") {
        config.on_refused = [this](tcp::socket&, const tcp::endpoint&, Error why) {
            refused.push_back(why);
        };
        config.log = [this](const LogRecord& record) { log.emplace_back(record.message); };
        listener = Listener::open(
                       runtime, address,
                       [this](tcp::socket socket, const tcp::endpoint&, ConnectionSlot slot) {
                           accepted.push_back({std::move(socket), std::move(slot)});
                       },
                       std::move(config))
                       .value();
    }
    tcp::socket dial() {
        tcp::socket socket(runtime.shard(0));
        socket.connect(listener->local_endpoint());
        return socket;
    }
    bool wait(const std::function<bool()>& condition) {
        return run_until(runtime.shard(0), condition);
    }
};

}  // namespace

TEST_CASE("a listen address is host:port", "[net][listener]") {
    struct Case {
        std::string_view text;
        std::string_view address;
        std::uint16_t port;
    };
    const Case cases[] = {
        {"0.0.0.0:1935", "0.0.0.0", 1935},
        {"127.0.0.1:0", "127.0.0.1", 0},
        {"[::]:80", "::", 80},
        {"[::1]:65535", "::1", 65535},
        {":8080", "0.0.0.0", 8080},
        {"*:8080", "0.0.0.0", 8080},
    };
    for (const auto& [text, address, port] : cases) {
        CAPTURE(text);
        const auto endpoint = parse_listen_address(text);
        REQUIRE(endpoint);
        CHECK(endpoint->address().to_string() == address);
        CHECK(endpoint->port() == port);
    }
    CHECK(parse_listen_address("localhost:7").value().address().is_loopback());

    for (const std::string_view text : {"", "1935", "host:", "host:-1", "host:65536", "host:80x",
                                        "::1:80", "[::1:80", "[zz]:80"}) {
        CAPTURE(text);
        const auto endpoint = parse_listen_address(text);
        REQUIRE_FALSE(endpoint);
        CHECK(endpoint.error().code == Errc::malformed_address);
    }
    CHECK(parse_listen_address("no such host:80").error().code == Errc::unknown_host);
}

TEST_CASE("a busy port is a clear error", "[net][listener]") {
    Server server;
    const auto address = "127.0.0.1:" + std::to_string(server.listener->local_port());
    const auto second = Listener::open(server.runtime, address, {});
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::address_in_use);

    const auto foreign = Listener::open(server.runtime, "192.0.2.1:0", {});
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().code == Errc::address_not_available);
}

TEST_CASE("a closed listener frees its port and refuses", "[net][listener]") {
    Server server;
    const auto endpoint = server.listener->local_endpoint();
    server.listener->close();
    test::settle(server.runtime.shard(0));
    tcp::socket socket(server.runtime.shard(0));
    std::error_code code;
    socket.connect(endpoint, code);
    CHECK(code == asio::error::connection_refused);
    const auto again =
        Listener::open(server.runtime, "127.0.0.1:" + std::to_string(endpoint.port()), {});
    CHECK(again);
}

TEST_CASE("connections over the limit are refused until one ends", "[net][listener]") {
    Server server({.max_connections = 2});
    const auto first = server.dial();
    const auto second = server.dial();
    const auto third = server.dial();
    REQUIRE(server.wait([&] { return server.refused.size() == 1; }));
    CHECK(server.refused[0].code == Errc::too_many_connections);
    CHECK(server.accepted.size() == 2);
    CHECK(server.listener->connections() == 2);

    server.accepted.pop_back();
    CHECK(server.listener->connections() == 1);
    const auto fourth = server.dial();
    REQUIRE(server.wait([&] { return server.accepted.size() == 2; }));
    CHECK(server.refused.size() == 1);
}

TEST_CASE("one address cannot take all connections", "[net][listener]") {
    Server server({.max_connections_per_address = 1}, "0.0.0.0:0");
    const auto port = server.listener->local_port();
    const auto dial_from = [&](const char* address) {
        tcp::socket socket(server.runtime.shard(0), tcp::v4());
        socket.bind(tcp::endpoint(asio::ip::make_address(address), 0));
        socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
        return socket;
    };
    const auto first = dial_from("127.0.0.1");
    const auto second = dial_from("127.0.0.1");
    REQUIRE(server.wait([&] { return server.refused.size() == 1; }));
    CHECK(server.refused[0].code == Errc::too_many_from_address);
    const auto other = dial_from("127.0.0.2");
    REQUIRE(server.wait([&] { return server.accepted.size() == 2; }));
}

TEST_CASE("an IPv6 listener serves IPv4 peers under their own address", "[net][listener]") {
    Runtime runtime;
    std::vector<tcp::endpoint> peers;
    auto listener = Listener::open(runtime, "[::]:0",
                                   [&](const tcp::socket&, const tcp::endpoint& peer,
                                       const ConnectionSlot&) { peers.push_back(peer); });
    if (!listener) SKIP("no IPv6 here");
    tcp::socket socket(runtime.shard(0));
    socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), (*listener)->local_port()));
    REQUIRE(run_until(runtime.shard(0), [&] { return peers.size() == 1; }));
    CHECK(peers[0].address().to_string() == "127.0.0.1");
}

TEST_CASE("a listener without descriptors pauses and goes on later", "[net][listener]") {
    Server server;
    tcp::socket client(server.runtime.shard(0), tcp::v4());

    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    std::vector<int> hoard;
    // A low limit, so that few descriptors need to be taken.
    const int next = ::dup(0);
    REQUIRE(next >= 0);
    rlimit low = before;
    low.rlim_cur = static_cast<rlim_t>(next) + 16;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
    hoard.push_back(next);
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0))
        hoard.push_back(fd);

    client.connect(server.listener->local_endpoint());
    const bool paused = server.wait([&] { return server.log.size() >= 2; });
    const auto log = server.log;
    const auto accepted_without = server.accepted.size();

    for (const int fd : hoard)
        ::close(fd);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    REQUIRE(paused);
    CHECK(log[0] == "cannot accept");
    CHECK(accepted_without == 0);
    REQUIRE(server.wait([&] { return server.accepted.size() == 1; }));
}

TEST_CASE("connections are spread over the shards and served there", "[net][listener]") {
    Runtime runtime{{.threads = 2}};
    std::mutex mutex;
    std::set<std::thread::id> threads;
    int count = 0;
    const auto listener =
        Listener::open(runtime, "127.0.0.1:0",
                       [&](tcp::socket, const tcp::endpoint&, const ConnectionSlot&) {
                           const std::lock_guard lock(mutex);
                           threads.insert(std::this_thread::get_id());
                           if (++count == 6) runtime.stop();
                       })
            .value();
    asio::io_context context;
    std::vector<tcp::socket> clients;
    for (int i = 0; i < 6; ++i) {
        clients.emplace_back(context);
        clients.back().connect(listener->local_endpoint());
    }
    runtime.run_until_stopped();
    CHECK(count == 6);
    CHECK(threads.size() == 2);
    CHECK(listener->connections() == 0);
}

}  // namespace streamkit::net
