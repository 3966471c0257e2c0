#include "clock_filter.hpp"

#include <chrono>
#include <cstdint>

#include "support/catch.hpp"
#include "varint.hpp"

using namespace streamkit;
using namespace streamkit::rudp;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kStart = TimePoint{} + 1h;

// Two clocks and the way between them. The peer's clock was 0 `peer_lead` before ours.
struct Pair {
    explicit Pair(std::chrono::microseconds peer_lead) : peer(kStart - peer_lead) {}

    // One TIME from us to the peer, and one back after `held`.
    void exchange(std::chrono::microseconds there, std::chrono::microseconds back,
                  std::chrono::microseconds held = 0us) {
        peer.receive(ours.make_frame(now), now + there);
        now += there + held;
        const auto answer = peer.make_frame(now);
        now += back;
        ours.receive(answer, now);
    }

    TimePoint now = kStart;
    ClockFilter ours{kStart};
    ClockFilter peer;
};

}  // namespace

TEST_CASE("the clock offset is known after one exchange", "[rudp][clock_filter]") {
    Pair pair{5s};
    CHECK_FALSE(pair.ours.offset());
    pair.now += 1s;
    pair.exchange(20ms, 20ms, 300ms);
    REQUIRE(pair.ours.offset());
    CHECK(*pair.ours.offset() == -5s);  // the peer's clock is 5 s ahead
    CHECK_FALSE(pair.peer.offset());
    pair.exchange(20ms, 20ms);
    CHECK(pair.peer.offset() == 5s);
}

TEST_CASE("the exchange with the shortest round trip decides", "[rudp][clock_filter]") {
    Pair pair{-3s};
    pair.now += 4s;
    pair.exchange(120ms, 20ms);
    CHECK(*pair.ours.offset() == 3s - 50ms);
    pair.exchange(20ms, 20ms);
    CHECK(*pair.ours.offset() == 3s);
    for (int i = 0; i < 7; ++i) {
        pair.exchange(20ms, 90ms);
        CHECK(*pair.ours.offset() == 3s);
    }
    // It is one of the last eight.
    pair.exchange(20ms, 90ms);
    CHECK(*pair.ours.offset() == 3s + 35ms);
}

TEST_CASE("a frame says when it was sent and what it answers", "[rudp][clock_filter]") {
    ClockFilter filter{kStart};
    auto frame = filter.make_frame(kStart);
    CHECK(frame.sent_us == 1);  // 0 means nothing to echo
    CHECK(frame.echo_us == 0);
    CHECK(frame.held_us == 0);
    filter.receive({.sent_us = 777, .echo_us = 0, .held_us = 0}, kStart + 2ms);
    filter.receive({.sent_us = 700, .echo_us = 0, .held_us = 0}, kStart + 3ms);  // overtaken
    frame = filter.make_frame(kStart + 10ms);
    CHECK(frame.sent_us == 10'000);
    CHECK(frame.echo_us == 777);
    CHECK(frame.held_us == 8'000);
}

TEST_CASE("times that cannot be are not believed", "[rudp][clock_filter]") {
    const struct {
        const char* name;
        TimeFrame frame;
    } cases[] = {
        {"no time", {.sent_us = 0, .echo_us = 500'000, .held_us = 0}},
        {"no echo", {.sent_us = 1'000'000, .echo_us = 0, .held_us = 0}},
        {"an echo of the future", {.sent_us = 1'000'000, .echo_us = 1'000'001, .held_us = 0}},
        {"an echo of the far future", {.sent_us = 1'000'000, .echo_us = kMaxVarint, .held_us = 0}},
        {"held for longer than it was under way",
         {.sent_us = 1'000'000, .echo_us = 500'000, .held_us = 500'001}},
        {"held for ever", {.sent_us = 1'000'000, .echo_us = 500'000, .held_us = kMaxVarint}},
        {"held since before the clock began",
         {.sent_us = 1'000, .echo_us = 500'000, .held_us = 1'001}},
        {"a time that no varint can hold",
         {.sent_us = UINT64_MAX, .echo_us = 500'000, .held_us = 0}},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        ClockFilter filter{kStart};
        filter.receive(c.frame, kStart + 1s);
        CHECK_FALSE(filter.offset());
    }
    ClockFilter filter{kStart};
    filter.receive({.sent_us = kMaxVarint, .echo_us = 1'000'000, .held_us = 0}, kStart + 1s);
    CHECK(filter.offset());  // a clock may show anything
    filter.receive({.sent_us = 1, .echo_us = 1'000'000, .held_us = 0}, kStart + 1s);
    CHECK(*filter.offset() == 1s - std::chrono::microseconds{kMaxVarint});
}

TEST_CASE("a drift of more than 500 ppm is not believed, a jump that stays is",
          "[rudp][clock_filter]") {
    // The peer's clock as it answers at once over a path of 10 ms each way.
    ClockFilter filter{kStart};
    auto now = kStart + 1s;
    const auto answer = [&](std::chrono::microseconds offset) {
        const auto us = [](auto duration) {
            return static_cast<std::uint64_t>(
                std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
        };
        filter.receive({.sent_us = us(now - kStart + offset),
                        .echo_us = us(now - 10ms - kStart),
                        .held_us = 0},
                       now + 10ms);
        now += 10s;
    };
    answer(60s);
    CHECK(*filter.offset() == -60s);
    // 100 ppm for long: followed.
    for (int i = 1; i <= 100; ++i)
        answer(60s + i * 1ms);
    CHECK(*filter.offset() < -60'090ms);
    const auto before = *filter.offset();
    // A jump of a second: not followed at once.
    for (int i = 0; i < 7; ++i)
        answer(61s + 100ms);
    CHECK(*filter.offset() == before);
    answer(60s + 101ms);  // an honest one in between
    CHECK(*filter.offset() < -60'090ms);
    for (int i = 0; i < 7; ++i)
        answer(61s + 100ms);
    CHECK(*filter.offset() > -60'200ms);
    answer(61s + 100ms);
    CHECK(*filter.offset() == -61'100ms);
}
