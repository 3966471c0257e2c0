#include "streamkit/net/datagram_driver.hpp"

#include <sched.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "scripted_datagrams.hpp"
#include "support/catch.hpp"

namespace streamkit::net {
namespace {

using namespace std::chrono_literals;
using rudp::Ecn;
using test::DatagramEnd;
using test::kLoopback4;
using test::kLoopback6;
using test::run_until;
using test::ScriptedDatagrams;

Bytes pattern(std::size_t size) {
    Bytes out(size);
    std::uint32_t state = 1;
    for (auto& byte : out) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<std::uint8_t>(state >> 24);
    }
    return out;
}

Bytes joined(const std::vector<test::Datagram>& datagrams) {
    Bytes out;
    for (const auto& datagram : datagrams)
        out.insert(out.end(), datagram.bytes.begin(), datagram.bytes.end());
    return out;
}

/// Two drivers on one loop.
struct Pair {
    asio::io_context context;
    DatagramEnd near;
    DatagramEnd far;

    explicit Pair(const IpAddress& address = kLoopback4, DatagramSocketConfig config = {})
        : near(context, {address, 0}, config), far(context, {address, 0}, config) {}
    void start() {
        near.start();
        far.start();
    }
    bool wait(const std::function<bool()>& condition) { return run_until(context, condition); }
};

}  // namespace

TEST_CASE("drivers exchange datagrams, with and without offloads", "[net][datagram]") {
    for (const bool offload : {true, false}) {
        CAPTURE(offload);
        Pair pair(kLoopback4, {.gso = offload, .gro = offload});
        const auto bytes = pattern(64 * 1000 - 1);
        pair.near->send(pair.far.address(), bytes, 1000, Ecn::ect0);
        pair.far->on_datagram = [&](ScriptedDatagrams& self, const rudp::DatagramInfo& info,
                                    std::span<std::uint8_t> datagram) {
            std::fill(datagram.begin(), datagram.end(), std::uint8_t{0});  // as decryption would
            if (self.received.size() == 64) self.send(info.path.peer, Bytes(5, 7));
        };
        pair.start();
        REQUIRE(pair.wait([&] { return !pair.near->received.empty(); }));
        REQUIRE(pair.far->received.size() == 64);
        CHECK(joined(pair.far->received) == bytes);
        CHECK(pair.far->received[63].info.ecn == Ecn::ect0);
        CHECK(pair.far->received[63].info.path.peer == pair.near.address());
        CHECK(pair.far->received[63].info.path.local == pair.far.address());
        CHECK(pair.near->received[0].bytes == Bytes(5, 7));

        const auto sent = pair.near.driver->counters();
        CHECK(sent.datagrams_out == 64);
        CHECK(sent.bytes_out == bytes.size());
        CHECK(sent.send_batches == 1);
        CHECK(sent.send_calls == 1);
        CHECK(sent.datagrams_in == 1);
        const auto got = pair.far.driver->counters();
        CHECK(got.datagrams_in == 64);
        CHECK(got.bytes_in == bytes.size());
        CHECK(got.datagrams_out == 1);
        if (!offload) CHECK(got.receive_batches == 64);
    }
}

TEST_CASE("drivers speak IPv6", "[net][datagram]") {
    if (!DatagramSocket::open({kLoopback6, 0})) SKIP("no IPv6 here");
    Pair pair(kLoopback6);
    const auto bytes = pattern(10'000);
    pair.near->send(pair.far.address(), bytes, 1200, Ecn::ce);
    pair.start();
    REQUIRE(pair.wait([&] { return pair.far->received.size() == 9; }));
    CHECK(joined(pair.far->received) == bytes);
    CHECK(pair.far->received[8].info.ecn == Ecn::ce);
    CHECK(pair.far->received[8].info.path.peer == pair.near.address());
}

TEST_CASE("an empty datagram is one too", "[net][datagram]") {
    Pair pair;
    pair.start();
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(pair.far.address().port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto sender = DatagramSocket::open({kLoopback4, 0}).value();
    REQUIRE(::sendto(sender.native_handle(), "", 0, 0, reinterpret_cast<sockaddr*>(&to),
                     sizeof to) == 0);
    REQUIRE(pair.wait([&] { return pair.far->received.size() == 1; }));
    CHECK(pair.far->received[0].bytes.empty());
}

TEST_CASE("a handler is told what is too large, and output goes on", "[net][datagram]") {
    Pair pair;
    pair.near->send(pair.far.address(), pattern(65'520));
    pair.near->send(pair.far.address(), pattern(10));
    pair.start();
    REQUIRE(pair.wait([&] { return pair.far->received.size() == 1; }));
    CHECK(pair.near->too_large == std::vector<std::size_t>{65'520});
    CHECK(pair.near.driver->counters().too_large == 1);
    CHECK(pair.far->received[0].bytes.size() == 10);
}

TEST_CASE("datagrams that cannot leave are counted and said once", "[net][datagram]") {
    asio::io_context context;
    std::vector<std::string> log;
    const auto driver = DatagramDriver::create(
        context.get_executor(), DatagramSocket::open({kLoopback4, 0}).value(),
        [&](const LogRecord& r) { log.emplace_back(r.message); });
    const auto handler = std::make_shared<ScriptedDatagrams>();
    handler->send({kLoopback6, 9}, pattern(10));
    handler->send({kLoopback6, 9}, pattern(10));
    driver->start(handler);
    CHECK(handler->output.empty());
    CHECK(driver->counters().send_failed == 2);
    CHECK(log == std::vector<std::string>{"cannot send"});
}

TEST_CASE("output that the kernel does not take waits, and leaves whole and in order",
          "[net][datagram]") {
    // Only a slow device makes a datagram socket wait: loopback in a namespace of this thread's own,
    // with a queueing discipline of 80 Mbit/s.
    bool ready = false;
    Bytes received;
    DatagramCounters counters;
    int timeouts = 0;
    const auto bytes = pattern(300 * 1000);
    std::thread([&] {
        if (::unshare(CLONE_NEWNET) != 0) return;
        ready = std::system(
                    "ip link set lo up && tc qdisc add dev lo root tbf rate 80mbit "
                    "burst 10kb limit 2000000 2>/dev/null") == 0;
        if (!ready) return;
        Pair pair(kLoopback4, {.send_buffer_bytes = 20'000, .gso = false});
        for (std::size_t at = 0; at < bytes.size(); at += 30'000) {
            const auto part = BytesView(bytes).subspan(at, 30'000);
            pair.near->send(pair.far.address(), Bytes(part.begin(), part.end()), 1000);
        }
        // Due all the time, as a core is that would like to send: it must not keep the loop busy.
        pair.near->timeout = now();
        pair.near->on_timeout = [](auto&) {};
        pair.start();
        (void)pair.wait([&] { return pair.far->received.size() == 300; });
        received = joined(pair.far->received);
        counters = pair.near.driver->counters();
        timeouts = pair.near->timeouts;
    }).join();
    if (!ready) SKIP("needs root, ip and tc");
    CHECK(received == bytes);
    CHECK(counters.send_blocked > 0);
    CHECK(counters.datagrams_out == 300);
    CHECK(counters.send_batches == 10);
    CHECK(timeouts < 10'000);
}

TEST_CASE("what is made room for by output is sent in the same turn", "[net][datagram]") {
    Pair pair;
    int left = 5;
    pair.near->on_deliver = [&](ScriptedDatagrams& self) {
        if (self.output.empty() && left-- > 0) self.send(pair.far.address(), Bytes(1, 1));
    };
    pair.start();
    CHECK(pair.near.driver->counters().datagrams_out == 5);
}

TEST_CASE("a driver with endless output leaves the others their turn", "[net][datagram]") {
    asio::io_context context;
    DatagramEnd busy(context, {kLoopback4, 0});
    DatagramEnd sink(context, {kLoopback4, 0});
    int echoes = 0;
    busy->on_deliver = [&](ScriptedDatagrams& self) {
        if (self.output.empty() && echoes == 0) self.send(sink.address(), pattern(60'000), 1200);
    };
    sink->on_datagram = [&](ScriptedDatagrams& self, const auto& info, auto) {
        self.received.clear();
        if (self.output.empty()) self.send(info.path.peer, Bytes(1, 1));
    };
    busy->on_datagram = [&](auto&, const auto&, auto) { ++echoes; };
    busy.start();
    sink.start();
    REQUIRE(run_until(context, [&] { return echoes > 0; }));
    CHECK(busy.driver->counters().send_calls > 1);

    // Nor does one that wakes itself for ever keep the loop.
    bool done = false;
    busy->on_wake = [&](auto&) {
        if (!done) busy.driver->wake();
    };
    busy.driver->wake();
    asio::post(context, [&] { done = true; });
    CHECK(run_until(context, [&] { return done; }));
}

TEST_CASE("a timeout comes when it is due, and goes on as the handler says", "[net][datagram]") {
    Pair pair;
    pair.near->timeout = now() + 10h;
    pair.start();
    test::settle(pair.context);
    CHECK(pair.near->timeouts == 0);

    pair.near->timeout = now() + 1ms;  // earlier than what the timer is set to
    int left = 3;
    pair.near->on_timeout = [&](ScriptedDatagrams& self) {
        self.timeout.reset();
        if (--left > 0) self.timeout = now() + 100us;
        self.send(pair.far.address(), Bytes(1, 1));
    };
    pair.near.driver->wake();
    REQUIRE(pair.wait([&] { return pair.far->received.size() == 3; }));
    CHECK(pair.near->timeouts == 3);
}

TEST_CASE("a wake comes from any thread, and many count as one", "[net][datagram]") {
    Pair pair;
    pair.near->on_wake = [&](ScriptedDatagrams& self) {
        self.send(pair.far.address(), Bytes(1, static_cast<std::uint8_t>(self.wakes)));
    };
    pair.start();
    std::thread([&] {
        for (int i = 0; i < 1000; ++i)
            pair.near.driver->post_wake();
    }).join();
    REQUIRE(pair.wait([&] { return pair.far->received.size() == 1; }));
    CHECK(pair.near->wakes == 1);

    std::atomic<bool> stop{false};
    std::thread waker([&] {
        while (!stop) {
            pair.near.driver->post_wake();
            (void)pair.near.driver->counters();
        }
    });
    const bool woken = pair.wait([&] { return pair.far->received.size() > 20; });
    stop = true;
    waker.join();
    CHECK(woken);
}

TEST_CASE("closing sends the last words, and nothing is called afterwards", "[net][datagram]") {
    Pair pair;
    pair.near->timeout = now() + 1ms;
    pair.start();
    pair.near->send(pair.far.address(), pattern(10));
    pair.near.driver->close({Errc::closed_here, "test"});
    CHECK(pair.near.driver->is_closed());
    REQUIRE(pair.near->closed_with);
    CHECK(pair.near->closed_with->code == Errc::closed_here);
    pair.near.driver->close({Errc::interrupted, "again"});
    pair.near.driver->wake();
    pair.near.driver->post_wake();
    pair.far->send(pair.near.address(), pattern(10));
    pair.far.driver->wake();
    REQUIRE(pair.wait([&] { return pair.far->received.size() == 1; }));
    test::settle(pair.context);
    CHECK(pair.near->closed_calls == 1);
    CHECK(pair.near->timeouts == 0);
    CHECK(pair.near->wakes == 0);
    CHECK(pair.near->received.empty());
    CHECK(pair.near.handler.use_count() == 1);
    CHECK(pair.near.driver.use_count() == 1);
    // The port is free again.
    CHECK(DatagramSocket::open(pair.near.address()));
}

TEST_CASE("a handler may close from within any of its calls", "[net][datagram]") {
    const Error reason{Errc::closed_here, "test"};
    for (const std::string_view place : {"datagram", "wake", "timeout", "deliver"}) {
        CAPTURE(place);
        Pair pair;
        auto* const driver = pair.far.driver.get();
        const auto close = [&, driver](std::string_view here) {
            if (here == place) driver->close(reason);
        };
        pair.far->on_datagram = [&](auto&, const auto&, auto) { close("datagram"); };
        pair.far->on_wake = [&](auto&) { close("wake"); };
        pair.far->on_timeout = [&](auto& self) {
            self.timeout.reset();
            close("timeout");
        };
        pair.far->on_deliver = [&](auto& self) {
            if (self.wakes > 0) close("deliver");
        };
        pair.start();
        pair.far->timeout = now();
        pair.near->send(pair.far.address(), pattern(5000), 1000);
        pair.near.driver->wake();
        if (place == "wake" || place == "deliver") pair.far.driver->post_wake();
        if (place == "timeout") pair.far.driver->wake();
        REQUIRE(pair.wait([&] { return pair.far->closed_with.has_value(); }));
        test::settle(pair.context);
        CHECK(pair.far->closed_calls == 1);
        if (place == "datagram") CHECK(pair.far->received.size() == 1);
    }
}

TEST_CASE("an open driver needs no owner, and lets go of its handler at the end",
          "[net][datagram]") {
    std::weak_ptr<ScriptedDatagrams> watched;
    std::weak_ptr<DatagramDriver> watched_driver;
    {
        asio::io_context context;
        {
            DatagramEnd end(context, {kLoopback4, 0});
            // A handler that holds its driver, as a service does.
            end->on_wake = [driver = end.driver](auto&) { (void)driver; };
            end->timeout = now() + 10h;
            end.start();
            watched = end.handler;
            watched_driver = end.driver;
        }
        test::settle(context);
        CHECK_FALSE(watched.expired());
    }
    CHECK(watched.expired());
    CHECK(watched_driver.expired());
}

TEST_CASE("a driver that was never started goes quietly", "[net][datagram]") {
    asio::io_context context;
    const auto address = DatagramEnd(context, {kLoopback4, 0}).address();
    CHECK(DatagramSocket::open(address));

    const DatagramEnd end(context, {kLoopback4, 0});
    end.driver->close({Errc::closed_here, "test"});
    CHECK(end.driver->is_closed());
    CHECK(DatagramSocket::open(end.address()));
}

TEST_CASE("a datagram for another shard reaches it", "[net][datagram]") {
    Runtime runtime{{.threads = 2}};
    auto sockets = DatagramSocket::open_sharing_port({kLoopback4, 0}, 2).value();
    const auto address = sockets[0].local_address();
    std::vector<DatagramEnd> ends;
    std::vector<std::shared_ptr<DatagramDriver>> drivers;
    for (std::size_t i = 0; i < 2; ++i) {
        ends.emplace_back(runtime.shard(i), std::move(sockets[i]));
        ends[i]->routes = true;
        drivers.push_back(ends[i].driver);
    }
    DatagramDriver::share_port(drivers);
    constexpr int kClients = 20;
    std::atomic<int> arrived{0};
    for (auto& end : ends) {
        end->on_datagram = [&](auto&, const auto&, auto) {
            if (++arrived == 3 * kClients) runtime.stop();
        };
        end.start();
    }
    std::vector<DatagramSocket> clients;
    for (std::uint8_t i = 0; i < kClients; ++i) {
        clients.push_back(DatagramSocket::open({kLoopback4, 0}).value());
        // Of shard 0, of shard 1, and of one that does not exist.
        const Bytes bytes = {0, i, 1, i, 9, i};
        (void)clients.back().send({{{}, address}, bytes, 2, Ecn::ect1});
    }
    runtime.run_until_stopped();
    int strangers = 0;
    for (std::uint8_t shard = 0; shard < 2; ++shard) {
        int own = 0;
        for (const auto& datagram : ends[shard]->received) {
            if (datagram.bytes[0] == 9) {
                ++strangers;
                continue;
            }
            CHECK(datagram.bytes[0] == shard);
            CHECK(datagram.info.ecn == Ecn::ect1);
            CHECK(datagram.info.path.peer == clients[datagram.bytes[1]].local_address());
            ++own;
        }
        CHECK(own == kClients);
    }
    CHECK(strangers == kClients);
    CHECK(drivers[0]->counters().handed_over + drivers[1]->counters().handed_over == kClients);
}

TEST_CASE("datagrams for a shard that does not keep up are dropped and counted",
          "[net][datagram]") {
    asio::io_context context;
    auto sockets = DatagramSocket::open_sharing_port({kLoopback4, 0}, 2).value();
    const auto address = sockets[0].local_address();
    asio::io_context never_run;
    DatagramEnd awake(context, std::move(sockets[0]));
    DatagramEnd asleep(never_run, std::move(sockets[1]));
    awake->routes = true;
    const std::shared_ptr<DatagramDriver> drivers[] = {awake.driver, asleep.driver};
    DatagramDriver::share_port(drivers);
    awake.start();

    // A client whose datagrams the kernel gives to the first one.
    DatagramSocket client = DatagramSocket::open({kLoopback4, 0}).value();
    const Bytes own(1, 0);
    for (bool found = false; !found;) {
        (void)client.send({{{}, address}, own, 1, Ecn::not_ect});
        test::settle(context);
        found = !awake->received.empty();
        if (!found) client = DatagramSocket::open({kLoopback4, 0}).value();
    }
    const Bytes foreign(64, 1);
    for (int i = 0; i < 20; ++i) {  // 1280 datagrams
        (void)client.send({{{}, address}, foreign, 1, Ecn::not_ect});
        test::settle(context);
    }
    REQUIRE(run_until(context, [&] {
        const auto counters = awake.driver->counters();
        return counters.handed_over + counters.hand_over_dropped == 1280;
    }));
    CHECK(awake.driver->counters().handed_over == 1024);
    CHECK(awake.driver->counters().hand_over_dropped == 256);
}

}  // namespace streamkit::net
