#include "streamkit/net/timer.hpp"

#include "loopback.hpp"
#include "support/catch.hpp"

namespace streamkit::net {
namespace {

using test::run_until;
using namespace std::chrono_literals;

Task<> wait_for(Notifier& notifier, const bool& ready, int& rounds) {
    while (!ready) {
        ++rounds;
        if (const auto waited = co_await notifier.wait(); !waited) co_return waited.error();
    }
    co_return Result<void>{};
}

}  // namespace

TEST_CASE("a timer calls back once, at its latest setting", "[net][timer]") {
    asio::io_context context;
    Timer timer(context.get_executor());
    int first = 0;
    int second = 0;
    timer.start(now() + 1h, [&] { ++first; });
    timer.start(now() + 1ms, [&] { ++second; });
    REQUIRE(run_until(context, [&] { return second == 1; }));
    test::settle(context);
    CHECK(first == 0);
    CHECK(second == 1);
}

TEST_CASE("a timer that is due does not call back any more once cancelled", "[net][timer]") {
    asio::io_context context;
    Timer timer(context.get_executor());
    bool called = false;
    asio::post(context, [&] { timer.cancel(); });  // runs before the timer, which is due as well
    timer.start(now() - 1s, [&] { called = true; });
    test::settle(context);
    CHECK_FALSE(called);

    {
        Timer gone(context.get_executor());
        gone.start(now() - 1s, [&] { called = true; });
    }
    test::settle(context);
    CHECK_FALSE(called);
}

TEST_CASE("a timer may be set again from its own callback", "[net][timer]") {
    asio::io_context context;
    Timer timer(context.get_executor());
    int calls = 0;
    std::function<void()> tick = [&] {
        if (++calls < 3) timer.start(now(), tick);
    };
    timer.start(now(), tick);
    REQUIRE(run_until(context, [&] { return calls == 3; }));
}

TEST_CASE("sleep_until returns when the time has come or the coroutine is cancelled",
          "[net][timer]") {
    Runtime runtime;
    const auto before = now();
    CHECK(runtime.run(sleep_until(before + 2ms)));
    CHECK(now() >= before + 2ms);

    runtime.stop();
    const auto result = runtime.run(sleep_until(now() + 10h));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::interrupted);
}

TEST_CASE("a notifier resumes the coroutine that waits", "[net][timer]") {
    asio::io_context context;
    Notifier notifier(context.get_executor());
    bool ready = false;
    int rounds = 0;
    std::optional<Result<void>> outcome;
    asio::co_spawn(context, wait_for(notifier, ready, rounds),
                   [&](const std::exception_ptr&, Result<void> result) { outcome = result; });
    test::settle(context);
    notifier.notify();  // nothing has changed: it waits again
    test::settle(context);
    CHECK(rounds == 2);
    CHECK_FALSE(outcome);
    ready = true;
    notifier.notify();
    test::settle(context);
    REQUIRE(outcome);
    CHECK(*outcome);
}

TEST_CASE("a bounded wait for a notifier ends with timed_out", "[net][timer]") {
    Runtime runtime;
    Notifier notifier(runtime.shard(0).get_executor());
    const auto result = runtime.run(notifier.wait_until(now() + 1ms));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::timed_out);
}

}  // namespace streamkit::net
