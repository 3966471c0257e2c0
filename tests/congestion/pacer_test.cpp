#include "streamkit/congestion/pacer.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace streamkit::congestion {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{10s};

Bandwidth megabits(std::uint64_t rate) { return Bandwidth::bits_per_second(rate * 1'000'000); }

TEST_CASE("a pacer lets a millisecond leave at once, then waits for it", "[congestion][pacer]") {
    Pacer pacer;
    pacer.set_rate(megabits(80));  // 10 000 bytes a millisecond
    CHECK(pacer.budget(kStart) == 10'000);
    pacer.on_sent(kStart, 6'000);
    CHECK(pacer.budget(kStart) == 4'000);
    pacer.on_sent(kStart, 4'000);
    CHECK(pacer.budget(kStart) == 0);
    CHECK(pacer.next_send_time() == kStart + 1ms);
    CHECK(pacer.budget(kStart + 999us) == 0);
    CHECK(pacer.budget(kStart + 1ms) == 10'000);
}

TEST_CASE("a pacer lets two packets leave at once however slow it is", "[congestion][pacer]") {
    Pacer pacer;
    pacer.set_rate(Bandwidth::bytes_per_second(10'000));
    pacer.set_max_datagram_bytes(1400);
    CHECK(pacer.budget(kStart) == 2'800);
    pacer.on_sent(kStart, 2'800);
    CHECK(pacer.next_send_time() == kStart + 280ms);
}

TEST_CASE("a part of a burst takes a part of the time", "[congestion][pacer]") {
    Pacer pacer;
    pacer.set_rate(megabits(80));
    pacer.on_sent(kStart, 1'000);
    CHECK(pacer.next_send_time() == kStart + 100us);
}

TEST_CASE("a pacer without a limit never waits", "[congestion][pacer]") {
    Pacer pacer;
    for (int i = 0; i < 3; ++i) {
        CHECK(pacer.budget(kStart) == std::numeric_limits<std::uint64_t>::max());
        pacer.on_sent(kStart, 1'000'000);
        CHECK(pacer.next_send_time() <= kStart);
    }
}

TEST_CASE("a new rate holds for the burst under way", "[congestion][pacer]") {
    Pacer pacer;
    pacer.set_rate(Bandwidth::bytes_per_second(100));
    pacer.on_sent(kStart, 2'400);
    CHECK(pacer.next_send_time() == kStart + 24s);
    pacer.set_rate(megabits(80));
    CHECK(pacer.next_send_time() == kStart + 240us);
    pacer.set_rate(Bandwidth{});  // none at all: not now, and not after the end of time either
    CHECK(pacer.next_send_time() > kStart + 1h);
    CHECK(pacer.budget(kStart + 1h) == 0);
}

TEST_CASE("what leaves before its time is paid for afterwards", "[congestion][pacer]") {
    Pacer pacer;
    pacer.set_rate(megabits(80));
    pacer.on_sent(kStart, 10'000);
    pacer.on_sent(kStart + 500us, 2'000);  // a probe
    CHECK(pacer.next_send_time() == kStart + 1200us);
}

TEST_CASE("a sender who always wakes late keeps its rate", "[congestion][pacer]") {
    Pacer pacer;
    pacer.set_rate(megabits(80));
    auto now = kStart;
    std::uint64_t sent = 0;
    auto previous = kStart - 1s;
    while (now < kStart + 1s) {
        const auto budget = pacer.budget(now);
        REQUIRE(budget <= 10'000);  // no burst is longer than a millisecond, late or not
        REQUIRE(now - previous >= 500us);
        previous = now;
        pacer.on_sent(now, budget);
        sent += budget;
        now = pacer.next_send_time() + 300us;
    }
    CHECK(sent >= 9'900'000);
    CHECK(sent <= 10'060'000);
}

TEST_CASE("a long pause is not made up for", "[congestion][pacer]") {
    Pacer pacer;
    pacer.set_rate(megabits(80));
    pacer.on_sent(kStart, 10'000);
    auto now = kStart + 10s;
    const auto begin = now;
    std::uint64_t sent = 0;
    while (now < begin + 100ms) {
        const auto budget = pacer.budget(now);
        pacer.on_sent(now, budget);
        sent += budget;
        now = std::max(pacer.next_send_time(), now + 1us);
    }
    // A second of it is 100 ms at this rate: at most the credit of 4 ms and a burst more.
    CHECK(sent <= 1'000'000 + 40'000 + 10'000);
}

TEST_CASE("a pacer never sends more than its rate and a burst", "[congestion][pacer]") {
    Pacer pacer;
    pacer.set_rate(megabits(24));  // 3000 bytes a millisecond
    auto now = kStart;
    std::vector<std::pair<TimePoint, std::uint64_t>> sent;
    while (now < kStart + 200ms) {
        while (pacer.budget(now) >= 1'200) {
            pacer.on_sent(now, 1'200);
            sent.emplace_back(now, 1'200);
        }
        now += 37us;  // woken far too often
    }
    for (std::size_t first = 0; first < sent.size(); first += 7) {
        std::uint64_t bytes = 0;
        for (auto i = first; i < sent.size(); ++i) {
            bytes += sent[i].second;
            const auto allowed = pacer.rate().bytes_in(sent[i].first - sent[first].first);
            REQUIRE(bytes <= allowed + 2 * 3'000);
        }
    }
    CHECK(sent.size() * 1'200 >= 570'000);
}

TEST_CASE("a pacer takes time that stands still or runs back", "[congestion][pacer]") {
    Pacer pacer;
    pacer.set_rate(megabits(80));
    for (int i = 0; i < 100; ++i)
        pacer.on_sent(kStart, 10'000);
    CHECK(pacer.budget(kStart) == 0);
    CHECK(pacer.budget(kStart - 5s) == 0);
    pacer.on_sent(kStart - 5s, 1'000);
    CHECK(pacer.budget(kStart + 1s) == 10'000);
}

TEST_CASE("rates beyond all measure stay rates", "[congestion][bandwidth]") {
    const auto most = Bandwidth::bytes_per_second(std::numeric_limits<std::uint64_t>::max() - 1);
    CHECK_FALSE(most.times(100).is_infinite());
    CHECK(most.bytes_in(Duration::max()) > 0);
    CHECK(most.bytes_in(-1s) == 0);
    CHECK(Bandwidth::bytes_per_second(1).time_for(std::numeric_limits<std::uint64_t>::max()) ==
          Duration::max());
    CHECK(Bandwidth::of(100, 0s).is_infinite());
    CHECK(Bandwidth::of(100, -1s).is_infinite());
    CHECK(Bandwidth::of(std::numeric_limits<std::uint64_t>::max(), 1ns).is_infinite() == false);
    CHECK(Bandwidth{}.times(2) == Bandwidth{});
}

}  // namespace
}  // namespace streamkit::congestion
