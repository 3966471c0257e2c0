#include "streamkit/net/stream_driver.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "loopback.hpp"
#include "streamkit/net/connect.hpp"
#include "streamkit/net/listener.hpp"
#include "support/catch.hpp"

namespace streamkit::net {
namespace {

using namespace std::chrono_literals;
using test::End;
using test::run_until;
using test::ScriptedHandler;

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (char& c : text) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    return text;
}

Result<void> echo(ScriptedHandler& self, BytesView bytes) {
    self.send(SharedBuffer::copy_of(bytes));
    return {};
}

/// Both ends have a driver, on one loop.
struct Pair {
    asio::io_context context;
    test::SocketPair sockets = test::connected_sockets(context);
    End near;
    End far;

    explicit Pair(StreamDriverConfig near_config = {}, StreamDriverConfig far_config = {})
        : near(std::move(sockets.near), near_config), far(std::move(sockets.far), far_config) {}
    bool wait(const std::function<bool()>& condition) { return run_until(context, condition); }
};

/// One end has a driver, the other is a bare socket.
struct Half {
    asio::io_context context;
    test::SocketPair sockets = test::connected_sockets(context);
    tcp::socket peer = std::move(sockets.far);
    End end;

    explicit Half(StreamDriverConfig config = {}) : end(std::move(sockets.near), config) {}
    bool wait(const std::function<bool()>& condition) { return run_until(context, condition); }

    /// Reads what is there; nothing once the driver's end has been closed in order.
    std::optional<std::string> read() {
        std::string buffer(1 << 16, '\0');
        std::error_code code;
        peer.non_blocking(true);
        const auto n = peer.read_some(asio::buffer(buffer), code);
        if (code == asio::error::would_block) return std::string();
        if (code == asio::error::eof) return std::nullopt;
        REQUIRE_FALSE(code);
        buffer.resize(n);
        return buffer;
    }
};

}  // namespace

TEST_CASE("what one end sends is the other's input", "[net][driver]") {
    Pair pair;
    pair.far->on_input = echo;
    pair.near->send("hello, ");
    pair.near->send("");
    pair.near->send("world");
    pair.near.start();
    pair.far.start();
    REQUIRE(pair.wait([&] { return pair.near->received == "hello, world"; }));
    CHECK(pair.near.driver->bytes_out() == 12);
    CHECK(pair.near.driver->bytes_in() == 12);
    CHECK(pair.far.driver->bytes_in() == 12);
    CHECK(pair.near.driver->remote_endpoint() == pair.far.driver->local_endpoint());
}

TEST_CASE("a large transfer survives partial writes in both directions", "[net][driver]") {
    Pair pair({.send_buffer_bytes = 8192}, {.send_buffer_bytes = 8192});
    pair.far->on_input = echo;
    const auto sent = pattern(8 << 20);
    // Slices of odd sizes, far more of them than one sendmsg takes.
    for (std::size_t at = 0, step = 1; at < sent.size(); at += step, step = step % 2999 + 7) {
        pair.near->send(std::string_view(sent).substr(at, step));
    }
    REQUIRE(pair.near->output.size() > 5000);
    pair.near.start();
    pair.far.start();
    REQUIRE(pair.wait([&] { return pair.near->received.size() == sent.size(); }));
    CHECK(pair.near->received == sent);
    CHECK(pair.near.driver->bytes_out() == sent.size());
}

TEST_CASE("output that consume_output brings up is sent as well", "[net][driver]") {
    Pair pair;
    int rounds = 0;
    pair.near->on_consumed = [&](ScriptedHandler& self) {
        if (self.output.empty() && ++rounds < 4) self.send("again ");
    };
    pair.near->send("once ");
    pair.near.start();
    pair.far.start();
    REQUIRE(pair.wait([&] { return pair.far->received == "once again again again "; }));
}

TEST_CASE("a wake on the shard sends what is new", "[net][driver]") {
    Pair pair;
    pair.near.start();
    pair.far.start();
    test::settle(pair.context);
    CHECK(pair.near->wakes == 0);
    pair.near->on_wake = [](ScriptedHandler& self) -> Result<void> {
        self.send("news");
        return {};
    };
    pair.near.driver->wake();
    CHECK(pair.near->output.empty());  // it has left already
    REQUIRE(pair.wait([&] { return pair.far->received == "news"; }));

    // From within a call of the handler's it comes right after that call.
    pair.near->on_input = [&](ScriptedHandler& self, BytesView) -> Result<void> {
        pair.near.driver->wake();
        CHECK(self.wakes == 1);
        return {};
    };
    pair.far->send("x");
    pair.far.driver->wake();
    REQUIRE(pair.wait([&] { return pair.near->wakes == 2; }));
}

TEST_CASE("wakes from other threads arrive and count as one until they are served",
          "[net][driver]") {
    Pair pair;
    pair.near.start();
    pair.far.start();
    for (int i = 0; i < 10; ++i)
        pair.near.driver->post_wake();
    REQUIRE(pair.wait([&] { return pair.near->wakes > 0; }));
    test::settle(pair.context);
    CHECK(pair.near->wakes == 1);

    std::atomic<int> produced{0};
    int seen = 0;
    pair.near->on_wake = [&](ScriptedHandler&) -> Result<void> {
        seen = produced.load();
        return {};
    };
    std::jthread producer([&, driver = std::weak_ptr(pair.near.driver)] {
        for (int i = 0; i < 1000; ++i) {
            ++produced;
            if (const auto alive = driver.lock()) alive->post_wake();
        }
    });
    REQUIRE(pair.wait([&] { return seen == 1000; }));
}

TEST_CASE("a timeout reaches the handler when it is due, and moves with it", "[net][driver]") {
    Half half;
    half.end->timeout = now() + 10h;
    half.end.start();
    test::settle(half.context);
    CHECK(half.end->timeouts == 0);

    half.end->timeout = now() + 1ms;  // earlier than what the timer is set to
    int left = 3;
    half.end->on_timeout = [&](ScriptedHandler& self) -> Result<void> {
        self.timeout.reset();
        if (--left > 0) self.timeout = now() + 1ms;
        return {};
    };
    half.end.driver->wake();
    REQUIRE(half.wait([&] { return left == 0; }));
    test::settle(half.context);
    CHECK(half.end->timeouts == 3);
}

TEST_CASE("an error on a timeout closes with that error, after the last message", "[net][driver]") {
    Pair pair;
    pair.near->timeout = now() + 1ms;
    pair.near->on_timeout = [](ScriptedHandler& self) -> Result<void> {
        self.send("too slow");
        return Error{Errc::timed_out, "handshake"};
    };
    pair.near.start();
    pair.far.start();
    REQUIRE(pair.wait([&] { return pair.near->closed_with && pair.far->closed_with; }));
    CHECK(pair.near->closed_with->code == Errc::timed_out);
    CHECK(pair.far->received == "too slow");
    CHECK(pair.far->closed_with->code == Errc::peer_closed);
    CHECK(pair.near.driver->is_closed());
    CHECK(pair.near->closed_calls == 1);
    CHECK(pair.far->closed_calls == 1);
}

TEST_CASE("the last message arrives although the peer has sent what nobody reads",
          "[net][driver]") {
    // Closing a socket with unread input would reset the connection and lose the message.
    Half half;
    half.end->on_input = [](ScriptedHandler& self, BytesView) -> Result<void> {
        self.send("refused");
        return Error{Errc::too_many_connections, "test"};
    };
    half.end.start();
    const std::string noise(100'000, 'n');
    half.peer.non_blocking(true);
    std::error_code ignored;
    half.peer.write_some(asio::buffer(noise), ignored);
    REQUIRE(half.wait([&] { return half.end->closed_calls == 1; }));
    half.peer.write_some(asio::buffer(noise), ignored);  // and more, after the refusal
    std::string received;
    bool ended = false;
    REQUIRE(half.wait([&] {
        const auto part = half.read();
        if (part) received += *part;
        ended = !part;
        return ended;
    }));
    CHECK(received == "refused");
    half.peer.close();
    // The driver lets go of the handler once the peer is gone, too.
    REQUIRE(half.wait([&] { return half.end.handler.use_count() == 1; }));
}

TEST_CASE("a peer that does not close is cut off after the linger timeout", "[net][driver]") {
    Half half({.linger_timeout = 1ms});
    half.end->is_closed = true;
    half.end->send("bye");
    half.end.start();
    CHECK(half.end->closed_calls == 1);
    CHECK(half.end->closed_with->code == Errc::closed_here);
    REQUIRE(half.wait([&] { return half.end.handler.use_count() == 1; }));
}

TEST_CASE("a peer that resets ends the connection", "[net][driver]") {
    Half half;
    half.end.start();
    half.peer.set_option(asio::socket_base::linger(true, 0));
    half.peer.close();
    REQUIRE(half.wait([&] { return half.end->closed_with.has_value(); }));
    CHECK(half.end->closed_with->code == Errc::connection_reset);
    CHECK(half.end.handler.use_count() == 1);
}

TEST_CASE("writing to a peer that is gone is an error and not a signal", "[net][driver]") {
    Half half;
    half.peer.set_option(asio::socket_base::linger(true, 0));
    half.peer.close();
    half.end->send("anybody there?");
    half.end.start();
    REQUIRE(half.wait([&] { return half.end->closed_with.has_value(); }));
    CHECK(half.end->closed_with->code == Errc::connection_reset);
}

TEST_CASE("a peer that ends its side closes the connection unless the handler has more to send",
          "[net][driver]") {
    Half half;
    SECTION("close at once") {
        half.end.start();
        half.peer.shutdown(tcp::socket::shutdown_send);
        REQUIRE(half.wait([&] { return half.end->closed_with.has_value(); }));
        CHECK(half.end->saw_end_of_input);
        CHECK(half.end->closed_with->code == Errc::peer_closed);
    }
    SECTION("keep sending") {
        half.end->end_of_input_wish = EndOfInput::keep_sending;
        half.end.start();
        half.peer.shutdown(tcp::socket::shutdown_send);
        REQUIRE(half.wait([&] { return half.end->saw_end_of_input; }));
        test::settle(half.context);
        CHECK_FALSE(half.end->closed_with);
        half.end->send("the rest");
        half.end->is_closed = true;
        half.end.driver->wake();
        REQUIRE(half.end->closed_with);
        CHECK(half.read() == "the rest");
        CHECK_FALSE(half.read());
    }
}

TEST_CASE("output for a peer that does not read stays with the handler", "[net][driver]") {
    Half half({.send_buffer_bytes = 16 * 1024, .stall_timeout = 0ms});
    half.peer.set_option(asio::socket_base::receive_buffer_size(16 * 1024));
    const std::size_t total = 8 << 20;
    half.end->send(pattern(total));
    half.end.start();
    test::settle(half.context);
    // The kernel holds what both buffers take; all else can still be dropped by the handler.
    CHECK(half.end->output_bytes() > total - (1 << 20));
    const auto waiting = half.end->output_bytes();
    half.end.driver->wake();
    test::settle(half.context);
    CHECK(half.end->output_bytes() == waiting);
    CHECK_FALSE(half.end->closed_with);

    std::string received;
    REQUIRE(half.wait([&] {
        for (auto part = half.read(); part && !part->empty(); part = half.read())
            received += *part;
        return received.size() == total;
    }));
    CHECK(received == pattern(total));
}

TEST_CASE("a peer that takes nothing for too long is closed", "[net][driver]") {
    Half half({.send_buffer_bytes = 16 * 1024, .stall_timeout = 1ms});
    half.end->send(pattern(8 << 20));
    half.end.start();
    REQUIRE(half.wait([&] { return half.end->closed_with.has_value(); }));
    CHECK(half.end->closed_with->code == Errc::stalled);
    CHECK(half.end.handler.use_count() == 1);
}

TEST_CASE("the last output is given up after the drain timeout", "[net][driver]") {
    Half half({.send_buffer_bytes = 16 * 1024, .drain_timeout = 1ms});
    half.end->send(pattern(8 << 20));
    half.end.start();
    half.end.driver->shut_down({Errc::interrupted, "server"});
    REQUIRE(half.wait([&] { return half.end->closed_with.has_value(); }));
    CHECK(half.end->closed_with->code == Errc::interrupted);
    CHECK(half.end.handler.use_count() == 1);
}

TEST_CASE("reading pauses while the handler holds too much", "[net][driver]") {
    Pair pair({}, {.max_held_bytes = 1000});
    pair.far->on_input = [](ScriptedHandler& self, BytesView bytes) -> Result<void> {
        self.received.append(as_text(bytes));
        self.held += bytes.size();
        return {};
    };
    pair.near->send(pattern(16 << 20));
    pair.near.start();
    pair.far.start();
    REQUIRE(pair.wait([&] { return pair.far->held > 1000; }));
    test::settle(pair.context);
    const auto paused_at = pair.far->received.size();
    CHECK(paused_at < (8 << 20));
    test::settle(pair.context);
    CHECK(pair.far->received.size() == paused_at);

    pair.far->on_input = [](ScriptedHandler& self, BytesView bytes) -> Result<void> {
        self.received.append(as_text(bytes));
        return {};
    };
    pair.far->held = 0;
    pair.far.driver->wake();
    REQUIRE(pair.wait([&] { return pair.far->received.size() == (16 << 20); }));
    CHECK(pair.far->received == pattern(16 << 20));
}

TEST_CASE("close ends the connection at once, also from within the handler", "[net][driver]") {
    Pair pair;
    const Error kicked{Errc::interrupted, "kicked"};
    pair.near.start();
    pair.far.start();
    SECTION("from outside") {
        pair.near.driver->close(kicked);
        CHECK(pair.near->closed_calls == 1);
    }
    SECTION("from within") {
        pair.near->on_input = [&](ScriptedHandler& self, BytesView) -> Result<void> {
            pair.near.driver->close(kicked);
            CHECK(self.closed_calls == 0);
            self.send("this is lost");
            return {};
        };
        pair.far->send("x");
        pair.far.driver->wake();
        REQUIRE(pair.wait([&] { return pair.near->closed_with.has_value(); }));
    }
    CHECK(*pair.near->closed_with == kicked);
    pair.near.driver->close({Errc::stalled, "again"});
    pair.near.driver->wake();
    pair.near.driver->shut_down({Errc::stalled, "again"});
    REQUIRE(pair.wait([&] { return pair.far->closed_with.has_value(); }));
    CHECK(pair.near->closed_calls == 1);
    CHECK(pair.far->received.empty());
}

TEST_CASE("shut_down sends what is pending and nothing else", "[net][driver]") {
    Pair pair({.send_buffer_bytes = 128 * 1024});
    const auto text = pattern(8 << 20);
    pair.near->send(text);
    pair.near.start();
    pair.far.start();
    pair.near.driver->shut_down({Errc::closed_here, "server"});
    CHECK(pair.near->closed_calls == 0);
    REQUIRE(pair.wait([&] { return pair.far->closed_with.has_value(); }));
    CHECK(pair.far->received == text);
    CHECK(pair.near->closed_calls == 1);
    REQUIRE(pair.wait([&] { return pair.near.handler.use_count() == 1; }));
}

TEST_CASE("a handler may hold its driver", "[net][driver]") {
    struct Owning : ScriptedHandler {
        std::shared_ptr<StreamDriver> driver;
    };
    const bool runtime_ends_first = GENERATE(false, true);
    std::weak_ptr<Owning> watch;
    {
        asio::io_context context;
        auto sockets = test::connected_sockets(context);
        auto driver = StreamDriver::create(std::move(sockets.near));
        auto handler = std::make_shared<Owning>();
        handler->driver = driver;
        watch = handler;
        driver->start(std::move(handler));
        driver->post_wake();
        driver.reset();
        if (!runtime_ends_first) {
            sockets.far.close();
            REQUIRE(run_until(context, [&] { return watch.expired(); }));
        }
    }
    CHECK(watch.expired());
}

TEST_CASE("a driver that was never started just closes its socket", "[net][driver]") {
    Half half;
    half.end.driver.reset();
    CHECK_FALSE(half.read());
}

TEST_CASE("many connections echo at once and are all gone when the runtime is", "[net][driver]") {
    constexpr std::size_t kClients = 200;
    const auto message = pattern(20'000);
    std::vector<std::weak_ptr<ScriptedHandler>> handlers;
    {
        Runtime runtime;
        auto& context = runtime.shard(0);
        const auto serve = [&](tcp::socket socket, const tcp::endpoint&, const ConnectionSlot&) {
            End end(std::move(socket));
            end->on_input = echo;
            handlers.push_back(end.handler);
            end.start();
        };
        const auto listener = Listener::open(runtime, "127.0.0.1:0", serve).value();
        std::vector<End> clients;
        for (std::size_t i = 0; i < kClients; ++i) {
            tcp::socket socket(context);
            socket.connect(listener->local_endpoint());
            clients.emplace_back(std::move(socket));
            clients.back()->send(message);
            clients.back().start();
        }
        REQUIRE(run_until(context, [&] {
            return std::all_of(clients.begin(), clients.end(),
                               [&](const End& end) { return end->received == message; });
        }));
        CHECK(handlers.size() == kClients);
        // They all end here, open as they are.
    }
    CHECK(std::all_of(handlers.begin(), handlers.end(), [](const auto& h) { return h.expired(); }));
}

TEST_CASE("connections on several shards drain when the runtime stops", "[net][driver]") {
    constexpr int kClients = 8;
    Runtime runtime{{.threads = 3}};
    std::mutex mutex;
    std::vector<std::weak_ptr<StreamDriver>> drivers;
    std::atomic<int> greeted{0};
    const auto serve = [&](tcp::socket socket, const tcp::endpoint&, const ConnectionSlot&) {
        auto driver = StreamDriver::create(std::move(socket));
        auto handler = std::make_shared<ScriptedHandler>();
        handler->send("welcome");
        driver->start(handler);
        const std::lock_guard lock(mutex);
        drivers.push_back(driver);
        if (++greeted == kClients) runtime.stop();
    };
    const auto listener = Listener::open(runtime, "127.0.0.1:0", serve).value();
    const auto hook = runtime.on_stop([&](const Drain& drain) {
        listener->close();
        const std::lock_guard lock(mutex);
        for (const auto& weak : drivers) {
            const auto driver = weak.lock();
            if (!driver) continue;
            asio::post(driver->executor(), [driver, drain] {
                driver->shut_down({Errc::interrupted, "server"});
            });
        }
    });

    std::vector<std::string> received(kClients);
    {
        std::vector<std::jthread> clients;
        for (auto& text : received) {
            clients.emplace_back([&text, endpoint = listener->local_endpoint()] {
                asio::io_context context;
                tcp::socket socket(context);
                socket.connect(endpoint);
                std::error_code code;
                char buffer[64];
                while (!code) {
                    const auto n = socket.read_some(asio::buffer(buffer), code);
                    text.append(buffer, n);
                }
            });
        }
        CHECK(runtime.run_until_signal() == 0);
    }
    for (const auto& text : received)
        CHECK(text == "welcome");
}

}  // namespace streamkit::net
