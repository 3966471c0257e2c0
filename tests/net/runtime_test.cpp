#include "streamkit/net/runtime.hpp"

#include <csignal>
#include <latch>
#include <set>
#include <stdexcept>
#include <thread>

#include "loopback.hpp"
#include "support/catch.hpp"

namespace streamkit::net {
namespace {

using namespace std::chrono_literals;

Task<int> give(int value) { co_return value; }

Task<> fail_with(Errc errc) { co_return Error{errc, "test"}; }

Task<> throw_something() {
    throw std::runtime_error("from the coroutine");
    co_return Result<void>{};
}

Task<int> ask_to_stop_then_wait(Runtime& runtime) {
    runtime.stop();
    if (const auto slept = co_await sleep_until(now() + 10h); !slept) co_return slept.error();
    co_return 1;
}

}  // namespace

TEST_CASE("run gives back what the coroutine returned", "[net][runtime]") {
    Runtime runtime;
    CHECK(runtime.run(give(42)).value() == 42);
    CHECK(runtime.run(give(43)).value() == 43);
    const auto failed = runtime.run(fail_with(Errc::stalled));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::stalled);
    CHECK_THROWS_AS(runtime.run(throw_something()), std::runtime_error);
    CHECK(runtime.run(give(44)).value() == 44);
}

TEST_CASE("each shard has its own thread, the first one that of the caller", "[net][runtime]") {
    Runtime runtime{{.threads = 3}};
    REQUIRE(runtime.shards() == 3);
    std::mutex mutex;
    std::set<std::thread::id> threads;
    std::thread::id first;
    std::latch all(3);
    for (std::size_t i = 0; i < 3; ++i) {
        asio::post(runtime.shard(i), [&, i] {
            {
                const std::lock_guard lock(mutex);
                threads.insert(std::this_thread::get_id());
                if (i == 0) first = std::this_thread::get_id();
            }
            all.arrive_and_wait();  // returns only if they run at the same time
            if (i == 0) runtime.stop();
        });
    }
    runtime.run_until_stopped();
    CHECK(threads.size() == 3);
    CHECK(first == std::this_thread::get_id());
}

TEST_CASE("next_shard goes round", "[net][runtime]") {
    Runtime runtime{{.threads = 2}};
    CHECK(&runtime.next_shard() == &runtime.shard(0));
    CHECK(&runtime.next_shard() == &runtime.shard(1));
    CHECK(&runtime.next_shard() == &runtime.shard(0));
    CHECK(Runtime{{.threads = 0}}.shards() >= 1);
}

TEST_CASE("a signal runs the stop hooks and waits until they are done", "[net][runtime]") {
    const int signal = GENERATE(SIGINT, SIGTERM);
    Runtime runtime{{.threads = 2}};
    int done = 0;
    std::unique_ptr<Timer> timer;
    const auto hook = runtime.on_stop([&](Drain drain) {
        timer = std::make_unique<Timer>(runtime.shard(0).get_executor());
        timer->start(now() + 1ms, [&done, drain] { ++done; });
    });
    const auto other = runtime.on_stop([&](const Drain& drain) {
        asio::post(runtime.shard(1), [drain] {});  // let go on another thread
    });
    asio::post(runtime.shard(0), [signal] { std::raise(signal); });
    CHECK(runtime.run_until_signal() == 0);
    CHECK(done == 1);
}

TEST_CASE("a hook that was removed is not called", "[net][runtime]") {
    Runtime runtime;
    bool called = false;
    {
        auto hook = runtime.on_stop([&](const Drain&) { called = true; });
        auto moved = std::move(hook);
        hook = {};
    }
    runtime.stop();
    runtime.run_until_stopped();
    CHECK_FALSE(called);
}

TEST_CASE("a second signal ends the program at once", "[net][runtime]") {
    Runtime runtime;
    Drain kept;
    const auto hook = runtime.on_stop([&](Drain drain) {
        kept = std::move(drain);
        std::raise(SIGTERM);
    });
    asio::post(runtime.shard(0), [] { std::raise(SIGTERM); });
    CHECK(runtime.run_until_signal() == 130);
    kept.reset();  // too late to matter, also to the next run:
    int hangups = 0;
    const auto other = runtime.on_hangup([&] {
        ++hangups;
        runtime.stop_now();
    });
    asio::post(runtime.shard(0), [] { std::raise(SIGHUP); });
    CHECK(runtime.run_until_signal() == 0);
    CHECK(hangups == 1);
}

TEST_CASE("hooks that never end are bounded by the drain timeout", "[net][runtime]") {
    Runtime runtime{{.drain_timeout = 1ms}};
    Drain kept;
    const auto hook = runtime.on_stop([&](Drain drain) { kept = std::move(drain); });
    runtime.stop();
    CHECK(runtime.run_until_signal() == 1);
    kept.reset();
}

TEST_CASE("stop cancels a coroutine once the hooks are done", "[net][runtime]") {
    Runtime runtime;
    bool hook_ran = false;
    const auto hook = runtime.on_stop([&](const Drain&) { hook_ran = true; });
    const auto result = runtime.run(ask_to_stop_then_wait(runtime));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::interrupted);
    CHECK(hook_ran);
}

TEST_CASE("stop from another thread ends all shards", "[net][runtime]") {
    Runtime runtime{{.threads = 2}};
    std::jthread stopper([&] { runtime.stop(); });
    runtime.run_until_stopped();
    std::jthread killer([&] { runtime.stop_now(); });
    runtime.run_until_stopped();
    SUCCEED("both runs ended");
}

TEST_CASE("what is pending when the runtime ends is dropped, sockets of other shards included",
          "[net][runtime]") {
    auto owned = std::make_shared<int>(0);
    {
        Runtime runtime{{.threads = 2}};
        auto socket = std::make_shared<tcp::socket>(runtime.shard(0));
        asio::post(runtime.shard(1), [owned, socket] { ++*owned; });
        asio::post(runtime.shard(0), [owned, timer = std::make_shared<Timer>(
                                                 runtime.shard(1).get_executor())] { ++*owned; });
        runtime.stop_now();
    }
    CHECK(*owned == 0);
    CHECK(owned.use_count() == 1);
}

}  // namespace streamkit::net
