#include "streamkit/service/rudp_endpoint.hpp"

#include <poll.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <variant>

#include "running_runtime.hpp"
#include "streamkit/base/overloaded.hpp"
#include "streamkit/crypto/system_random.hpp"
#include "streamkit/net/timer.hpp"
#include "support/catch.hpp"

namespace streamkit {
namespace {

using namespace std::chrono_literals;
using test::RunningRuntime;

constexpr IpAddress kLoopback = IpAddress::v4(0x7f000001);
/// A bound for waits that end by themselves unless something is broken; no test measures time.
constexpr auto kGenerous = 60s;

/// Does what the test says, on whatever shard.
class Scripted : public RudpApplication {
public:
    std::function<void(rudp::Endpoint&, const rudp::Event&, TimePoint)> event =
        [](auto&, const auto&, auto) {};
    std::function<void(rudp::Endpoint&, TimePoint)> wake = [](auto&, auto) {};
    std::function<void(rudp::Endpoint&)> shut_down = [](auto&) {};
    std::function<void(Error)> closed = [](Error) {};
    RudpShutDown wish = RudpShutDown::close_links;
    std::optional<TimePoint> timeout;
    std::function<void(rudp::Endpoint&)> timed_out = [](auto&) {};

    void on_event(rudp::Endpoint& endpoint, rudp::Event what, TimePoint now) override {
        event(endpoint, what, now);
    }
    void on_wake(rudp::Endpoint& endpoint, TimePoint now) override { wake(endpoint, now); }
    [[nodiscard]] std::optional<TimePoint> next_timeout() const override { return timeout; }
    void on_timeout(rudp::Endpoint& endpoint, TimePoint) override {
        timeout.reset();
        timed_out(endpoint);
    }
    RudpShutDown on_shut_down(rudp::Endpoint& endpoint, TimePoint) override {
        shut_down(endpoint);
        return wish;
    }
    void on_closed(Error reason) override { closed(reason); }
};

Bytes pattern(std::size_t size) {
    Bytes out(size);
    std::uint32_t state = 1;
    for (auto& byte : out) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<std::uint8_t>(state >> 24);
    }
    return out;
}

RudpEndpointConfig server_config() {
    crypto::SystemRandom random;
    RudpEndpointConfig config;
    config.core.static_key = crypto::X25519PrivateKey::generate(random);
    return config;
}

/// Accepts, and sends the bytes on one stream to each client as soon as it may.
void speak_first(Scripted& application, const Bytes& bytes) {
    application.event = [&bytes](rudp::Endpoint& endpoint, const rudp::Event& event,
                                 TimePoint now) {
        if (const auto* incoming = std::get_if<rudp::Incoming>(&event)) {
            (void)endpoint.accept(incoming->link, now);
        } else if (const auto* connected = std::get_if<rudp::Connected>(&event)) {
            auto& connection = *endpoint.find(connected->link);
            const auto stream = connection.open_stream(rudp::StreamKind::one_way).value();
            (void)connection.write(stream, SharedBuffer::copy_of(bytes));
            (void)connection.finish(stream);
        }
    };
}

/// A client that reads one stream to its end, and then closes.
struct Reader {
    std::shared_ptr<Scripted> application = std::make_shared<Scripted>();
    std::shared_ptr<RudpEndpoint> endpoint;
    rudp::LinkId link = 0;
    Bytes received;
    std::promise<rudp::CloseReason> ended;
    bool close_at_end = true;

    Reader(asio::any_io_executor shard, const SocketAddress& server) {
        application->event = [this](rudp::Endpoint& core, const rudp::Event& event, TimePoint now) {
            on_event(core, event, now);
        };
        endpoint = RudpEndpoint::open(std::move(shard), {kLoopback, 0}, {}, application).value();
        endpoint->post([this, server](rudp::Endpoint& core, TimePoint now) {
            link = core.connect(server, {}, now).value();
        });
    }
    void on_event(rudp::Endpoint& core, const rudp::Event& event, TimePoint now) {
        if (const auto* readable = std::get_if<rudp::StreamReadable>(&event)) {
            auto& connection = *core.find(readable->link);
            for (;;) {
                const auto bytes = connection.readable(readable->stream);
                if (bytes.empty()) break;
                received.insert(received.end(), bytes.begin(), bytes.end());
                connection.consume(readable->stream, bytes.size());
            }
            if (connection.at_end(readable->stream) && close_at_end) {
                (void)core.close(readable->link, 0x100, "thanks", now);
            }
        } else if (const auto* closed = std::get_if<rudp::Closed>(&event)) {
            ended.set_value(closed->reason);
        }
    }
    rudp::CloseReason wait() {
        auto future = ended.get_future();
        if (future.wait_for(kGenerous) != std::future_status::ready) return {};
        return future.get();
    }
};

/// Stands between a client and a server as a NAT does, on a thread of its own, and forgets its
/// mapping each time that so many bytes have come from the server.
class Relay {
public:
    Relay(const SocketAddress& server, std::uint64_t bytes_per_address)
        : server_(server), bytes_per_address_(bytes_per_address) {
        thread_ = std::thread([this] { run(); });
    }
    ~Relay() { stop(); }
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    [[nodiscard]] const SocketAddress& address() const { return near_.local_address(); }
    [[nodiscard]] int moves() const { return moves_; }  // once it is stopped
    void stop() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }

private:
    static net::DatagramSocket open() { return net::DatagramSocket::open({kLoopback, 0}).value(); }

    void run() {
        std::uint64_t bytes = 0;
        while (!stop_) {
            pollfd polled[2] = {{near_.native_handle(), POLLIN, 0},
                                {far_.native_handle(), POLLIN, 0}};
            (void)::poll(polled, 2, 10);
            if (const auto from = forward(near_, far_, server_)) client_ = *from;
            const auto before = forwarded_;
            (void)forward(far_, near_, client_);
            bytes += forwarded_ - before;
            if (bytes < bytes_per_address_) continue;
            bytes = 0;
            ++moves_;
            far_ = open();
        }
    }
    std::optional<SocketAddress> forward(net::DatagramSocket& from, net::DatagramSocket& to,
                                         const SocketAddress& peer) {
        std::optional<SocketAddress> source;
        const auto arrivals = from.receive(buffer_).value();
        for (const auto& arrival : arrivals) {
            (void)to.send({{{}, peer}, arrival.bytes, arrival.segment_size, arrival.info.ecn});
            forwarded_ += arrival.bytes.size();
            source = arrival.info.path.peer;
        }
        return source;
    }

    const SocketAddress server_;
    const std::uint64_t bytes_per_address_;
    net::DatagramSocket near_ = open();
    net::DatagramSocket far_ = open();
    SocketAddress client_{kLoopback, 9};
    Bytes buffer_ = Bytes(net::DatagramSocket::kReceiveBufferBytes);
    std::uint64_t forwarded_ = 0;
    int moves_ = 0;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace

TEST_CASE("a server that speaks first reaches its client over sockets", "[service][rudp]") {
    const auto bytes = pattern(3'000'000);
    net::Runtime server_side;
    net::Runtime client_side;
    const auto application = std::make_shared<Scripted>();
    speak_first(*application, bytes);
    const auto server = RudpEndpoint::open(server_side.shard(0).get_executor(), {kLoopback, 0},
                                           server_config(), application)
                            .value();
    Reader reader(client_side.shard(0).get_executor(), server->local_address());
    const RunningRuntime server_runs(server_side);
    const RunningRuntime client_runs(client_side);
    const auto reason = reader.wait();
    CHECK(reason.error.code == rudp::Errc::closed_here);
    CHECK(reader.received == bytes);
    CHECK(server->counters().bytes_out > bytes.size());
    CHECK(reader.endpoint->counters().datagrams_in > 0);
}

TEST_CASE("a server on several shards serves clients on each of them", "[service][rudp]") {
    constexpr int kClients = 12;
    const auto bytes = pattern(200'000);
    net::Runtime runtime{{.threads = 2}};
    std::mutex mutex;
    std::set<std::size_t> shards;
    RudpServer server(
        runtime, {.listen = "127.0.0.1:0", .endpoint = server_config()}, [&](std::size_t shard) {
            auto application = std::make_shared<Scripted>();
            speak_first(*application, bytes);
            application->event = [&, shard, next = application->event](rudp::Endpoint& endpoint,
                                                                       const rudp::Event& event,
                                                                       TimePoint now) {
                {
                    const std::lock_guard lock(mutex);
                    shards.insert(shard);
                }
                next(endpoint, event, now);
            };
            return application;
        });
    CHECK(server.port() == 0);
    REQUIRE(server.start());
    CHECK(server.endpoints().size() == 2);
    net::Runtime client_side;
    std::vector<std::unique_ptr<Reader>> readers;
    for (int i = 0; i < kClients; ++i) {
        readers.push_back(std::make_unique<Reader>(client_side.shard(0).get_executor(),
                                                   SocketAddress{kLoopback, server.port()}));
    }
    const RunningRuntime server_runs(runtime);
    const RunningRuntime client_runs(client_side);
    for (auto& reader : readers) {
        CHECK(reader->wait().error.code == rudp::Errc::closed_here);
        CHECK(reader->received == bytes);
    }
    const std::lock_guard lock(mutex);
    CHECK(shards.size() == 2);
}

TEST_CASE("a client whose address changes stays with its shard", "[service][rudp]") {
    const auto bytes = pattern(8'000'000);
    net::Runtime runtime{{.threads = 2}};
    RudpServer server(runtime, {.listen = "127.0.0.1:0", .endpoint = server_config()},
                      [&](std::size_t) {
                          auto application = std::make_shared<Scripted>();
                          speak_first(*application, bytes);
                          return application;
                      });
    REQUIRE(server.start());
    Relay relay({kLoopback, server.port()}, 400'000);
    net::Runtime client_side;
    Reader reader(client_side.shard(0).get_executor(), relay.address());
    const RunningRuntime server_runs(runtime);
    const RunningRuntime client_runs(client_side);
    CHECK(reader.wait().error.code == rudp::Errc::closed_here);
    CHECK(reader.received == bytes);
    relay.stop();
    CHECK(relay.moves() > 10);
    std::uint64_t handed_over = 0;
    for (const auto& endpoint : server.endpoints())
        handed_over += endpoint->counters().handed_over;
    CHECK(handed_over > 0);  // the kernel gives each new address to a shard by chance
}

TEST_CASE("when the runtime stops, clients are told, and new ones are refused", "[service][rudp]") {
    const auto bytes = pattern(1000);
    net::Runtime client_side;
    net::Runtime runtime;
    RudpServer server(runtime, {.listen = "127.0.0.1:0", .endpoint = server_config()},
                      [&](std::size_t) {
                          auto application = std::make_shared<Scripted>();
                          speak_first(*application, bytes);
                          return application;
                      });
    REQUIRE(server.start());
    Reader reader(client_side.shard(0).get_executor(), {kLoopback, server.port()});
    reader.close_at_end = false;
    std::promise<void> got_all;
    reader.application->event = [&, next = reader.application->event](
                                    rudp::Endpoint& core, const rudp::Event& event, TimePoint now) {
        const auto before = reader.received.size();
        next(core, event, now);
        if (before < 1000 && reader.received.size() == 1000) got_all.set_value();
    };
    RunningRuntime server_runs(runtime);
    const RunningRuntime client_runs(client_side);
    REQUIRE(got_all.get_future().wait_for(kGenerous) == std::future_status::ready);
    server_runs.stop();
    const auto reason = reader.wait();
    CHECK(reason.error.code == rudp::Errc::closed_by_peer);
    CHECK(reason.text == "shutting down");
}

TEST_CASE("an application may end its links itself before the endpoint goes", "[service][rudp]") {
    net::Runtime client_side;
    net::Runtime runtime{{.drain_timeout = std::chrono::minutes(5)}};
    const auto bytes = pattern(10);
    std::promise<Error> closed;
    std::atomic<bool> refused{false};
    const auto application = std::make_shared<Scripted>();
    application->wish = RudpShutDown::wait_for_links;
    application->closed = [&](Error reason) { closed.set_value(reason); };
    speak_first(*application, bytes);

    // One client is there when the server is to stop, another one comes then, and is refused. Only
    // after that the first one leaves.
    RudpServer server(runtime, {.listen = "127.0.0.1:0", .endpoint = server_config()},
                      [&](std::size_t) { return application; });
    REQUIRE(server.start());
    const SocketAddress address{kLoopback, server.port()};
    Reader first(client_side.shard(0).get_executor(), address);
    first.close_at_end = false;
    const auto late = std::make_shared<Scripted>();
    const auto second =
        RudpEndpoint::open(client_side.shard(0).get_executor(), {kLoopback, 0}, {}, late).value();
    late->event = [&](rudp::Endpoint&, const rudp::Event& event, TimePoint) {
        const auto* rejected = std::get_if<rudp::Rejected>(&event);
        if (rejected == nullptr) return;
        refused = rejected->reject.reason == rudp::RejectReason::shutting_down;
        first.endpoint->post([&](rudp::Endpoint& core, TimePoint now) {
            (void)core.close(first.link, 0x100, "enough", now);
        });
    };
    application->shut_down = [&](rudp::Endpoint&) {
        second->post([address](rudp::Endpoint& core, TimePoint now) {
            (void)core.connect(address, {}, now);
        });
    };
    first.application->event = [&, next = first.application->event](
                                   rudp::Endpoint& core, const rudp::Event& event, TimePoint now) {
        next(core, event, now);
        if (std::holds_alternative<rudp::StreamReadable>(event)) runtime.stop();
    };
    const RunningRuntime client_runs(client_side);
    runtime.run_until_stopped();
    CHECK(first.wait().error.code == rudp::Errc::closed_here);
    CHECK(refused);
    auto future = closed.get_future();
    REQUIRE(future.wait_for(kGenerous) == std::future_status::ready);
    CHECK(future.get().code == net::Errc::closed_here);
}

TEST_CASE("an application is woken from any thread, and by time", "[service][rudp]") {
    net::Runtime runtime;
    const auto application = std::make_shared<Scripted>();
    bool was_woken = false;
    std::promise<void> woken;
    std::promise<void> timed_out;
    application->wake = [&](rudp::Endpoint&, TimePoint now) {
        if (std::exchange(was_woken, true)) return;
        application->timeout = now + 1ms;
        woken.set_value();
    };
    application->timed_out = [&](rudp::Endpoint&) { timed_out.set_value(); };
    const auto endpoint =
        RudpEndpoint::open(runtime.shard(0).get_executor(), {}, {}, application).value();
    const RunningRuntime runs(runtime);
    endpoint->post_wake();
    CHECK(woken.get_future().wait_for(kGenerous) == std::future_status::ready);
    CHECK(timed_out.get_future().wait_for(kGenerous) == std::future_status::ready);
}

TEST_CASE("a closed endpoint calls nothing and frees its port", "[service][rudp]") {
    net::Runtime runtime;
    const auto shard = runtime.shard(0).get_executor();
    const auto application = std::make_shared<Scripted>();
    int closed = 0;
    application->closed = [&](Error) { ++closed; };
    const auto endpoint = RudpEndpoint::open(shard, {kLoopback, 0}, {}, application).value();
    CHECK(RudpEndpoint::open(shard, endpoint->local_address(), {}, application).error().code ==
          net::Errc::address_in_use);
    runtime.shard(0).poll();
    endpoint->close();
    CHECK(closed == 1);
    bool called = false;
    endpoint->post([&](auto&, auto) { called = true; });
    endpoint->post_wake();
    endpoint->shut_down();
    runtime.shard(0).restart();
    runtime.shard(0).poll();
    CHECK_FALSE(called);
    CHECK(closed == 1);
    CHECK(application.use_count() == 1);
    CHECK(RudpEndpoint::open(shard, endpoint->local_address(), {}, application));
}

TEST_CASE("a server says why it cannot listen", "[service][rudp]") {
    net::Runtime runtime{{.threads = 2}};
    const auto make = [](std::size_t) { return std::make_shared<Scripted>(); };
    RudpServer first(runtime, {.listen = "127.0.0.1:0", .endpoint = server_config()}, make);
    REQUIRE(first.start());
    RudpServer second(
        runtime,
        {.listen = "127.0.0.1:" + std::to_string(first.port()), .endpoint = server_config()}, make);
    CHECK(second.start().error().code == net::Errc::address_in_use);
    RudpServer third(runtime, {.listen = "nonsense", .endpoint = server_config()}, make);
    CHECK(third.start().error().code == net::Errc::malformed_address);
}

}  // namespace streamkit
