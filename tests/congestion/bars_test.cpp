// What the controllers must reach on simulated links: the bars of the design, packet by packet.
//
// Time is virtual, so nothing here depends on the machine. Run with -s to see the figures.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "transfer.hpp"

namespace streamkit::congestion::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kFile = std::uint64_t{64} << 20;
constexpr std::uint64_t kSeeds = 3;

struct Path {
    std::string name{};
    double megabits_per_second = 50;
    Duration round_trip = 80ms;
    double queue_in_bdp = 1;
    double loss = 0;        // random, both ways
    double burst_loss = 0;  // in bursts of 5, both ways
    Duration jitter{};      // reorders, both ways
};

TransferConfig on_path(const Path& path, std::uint64_t seed) {
    TransferConfig config;
    config.seed = seed;
    auto& link = config.forward;
    link.megabits_per_second = path.megabits_per_second;
    link.delay = path.round_trip / 2;
    link.queue = Duration{static_cast<std::int64_t>(path.queue_in_bdp *
                                                    static_cast<double>(path.round_trip.count()))};
    link.loss = path.loss;
    if (path.burst_loss > 0)
        link.burst_loss = {.p = path.burst_loss * 0.2 / (1 - path.burst_loss), .r = 0.2};
    link.jitter = path.jitter;
    link.reorder = path.jitter > Duration::zero();
    config.backward = link;
    return config;
}

/// 64 MiB or 16 s of one flow, whichever ends first.
TransferResult download(const Path& path, Algorithm algorithm, std::uint64_t seed,
                        std::uint32_t datagram_bytes = 1472) {
    auto config = on_path(path, seed);
    FlowConfig flow;
    flow.algorithm = algorithm;
    flow.total_bytes = kFile;
    flow.datagram_bytes = datagram_bytes;
    config.flows = {flow};
    return run_transfer(config);
}

struct Rivals {
    Algorithm first = Algorithm::bbr;
    Algorithm second = Algorithm::bbr;
    Duration first_start{};
    Duration second_start{};
    bool paced = true;  // CUBIC; TCP's is not
    Duration duration = 30s;
};

/// Two flows without end; measured from when both are there.
TransferResult compete(const Path& path, const Rivals& rivals, std::uint64_t seed) {
    auto config = on_path(path, seed);
    FlowConfig first;
    first.algorithm = rivals.first;
    first.start = rivals.first_start;
    FlowConfig second;
    second.algorithm = rivals.second;
    second.start = rivals.second_start;
    second.paced = rivals.paced || rivals.second != Algorithm::cubic;
    config.flows = {first, second};
    config.measure_from = std::max(first.start, second.start);
    config.duration = config.measure_from + rivals.duration;
    return run_transfer(config);
}

struct Mean {
    double sum = 0;
    double least = 1;
    int count = 0;
    void add(double value) {
        sum += value;
        least = std::min(least, value);
        ++count;
    }
    [[nodiscard]] double value() const { return sum / count; }
};

struct Bar {
    Path path;
    double goodput_percent = 0;
    Duration queue_p50{};
    Duration queue_p95 = 1s;
};

const Bar kBars[] = {
    {{.name = "no loss", .round_trip = 20ms}, 93.5, 2ms, 10ms},
    {{.name = "0.1 % random loss", .loss = 0.001}, 90, 5ms},
    {{.name = "1 % random loss", .loss = 0.01}, 89, 7ms},
    {{.name = "5 % random loss", .loss = 0.05}, 84, 9ms},
    {{.name = "2 % in bursts of 5",
      .megabits_per_second = 20,
      .round_trip = 200ms,
      .burst_loss = 0.02},
     83,
     40ms},
    {{.name = "reordering", .megabits_per_second = 100, .round_trip = 40ms, .jitter = 5ms},
     90,
     6ms},
    {{.name = "a queue of 4 BDP", .queue_in_bdp = 4}, 90.5, 5ms, 50ms},
    {{.name = "a queue of 0.25 BDP", .queue_in_bdp = 0.25}, 88, 5ms},
};

TEST_CASE("BBR fills a path and keeps the queue short", "[congestion][bbr][bars]") {
    for (const auto& bar : kBars)
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            const auto result = download(bar.path, Algorithm::bbr, seed);
            INFO(bar.path.name << ", seed " << seed << ": " << result.text());
            CHECK(result.flows[0].goodput_percent >= bar.goodput_percent);
            CHECK(result.queue_p50 <= bar.queue_p50);
            CHECK(result.queue_p95 <= bar.queue_p95);
        }
}

TEST_CASE("BBR reaches its bars with datagrams of 1200 bytes", "[congestion][bbr][bars]") {
    const auto clean = download(kBars[0].path, Algorithm::bbr, 1, 1200);
    INFO(clean.text());
    CHECK(clean.flows[0].goodput_percent >= 92.5);  // of 94.7 that headers leave
    const auto lossy = download(kBars[2].path, Algorithm::bbr, 1, 1200);
    INFO(lossy.text());
    CHECK(lossy.flows[0].goodput_percent >= 88);
}

TEST_CASE("two BBR flows share a path", "[congestion][bbr][bars]") {
    struct Case {
        Path path;
        Duration second_start;
    };
    const Case cases[] = {
        {{.name = "50/80"}, 100ms},
        {{.name = "50/40", .round_trip = 40ms}, 100ms},
        {{.name = "50/80, one comes late"}, 5s},
        {{.name = "50/80, queue of 4 BDP", .queue_in_bdp = 4}, 2s},
    };
    for (const auto& item : cases) {
        Mean jain;
        Mean queue;
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            const auto result = compete(item.path, {.second_start = item.second_start}, seed);
            INFO(item.path.name << ", seed " << seed << ": " << result.text());
            jain.add(result.jain);
            CHECK(result.jain >= 0.9);
            queue.add(static_cast<double>(result.queue_p50.count()) / 1e6);
            CHECK(result.flows[0].goodput_percent + result.flows[1].goodput_percent >= 85);
        }
        INFO(item.path.name);
        CHECK(jain.value() >= 0.95);
        // Each may take the other for CUBIC for some seconds.
        CHECK(queue.value() <= 25);
    }
}

TEST_CASE("BBR leaves CUBIC its share and takes its own", "[congestion][bbr][cubic][bars]") {
    struct Case {
        std::string name;
        Duration round_trip;
        Rivals rivals;
    };
    const auto cubic = Algorithm::cubic;
    const Case cases[] = {
        {"40 ms", 40ms, {.second = cubic, .second_start = 10ms, .paced = false}},
        {"60 ms", 60ms, {.second = cubic, .second_start = 10ms, .paced = false}},
        {"80 ms", 80ms, {.second = cubic, .second_start = 10ms, .paced = false}},
        {"80 ms, paced", 80ms, {.second = cubic, .second_start = 10ms}},
        {"40 ms, CUBIC first", 40ms, {.second = cubic, .first_start = 2s, .paced = false}},
        {"80 ms, CUBIC first", 80ms, {.second = cubic, .first_start = 2s, .paced = false}},
        {"40 ms, BBR first", 40ms, {.second = cubic, .second_start = 2s, .paced = false}},
        {"80 ms, BBR first", 80ms, {.second = cubic, .second_start = 2s, .paced = false}},
    };
    Mean all;
    for (const auto& item : cases) {
        Mean jain;
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            const auto result = compete({.round_trip = item.round_trip}, item.rivals, seed);
            INFO(item.name << ", seed " << seed << ": " << result.text());
            CHECK(result.jain >= 0.8);
            jain.add(result.jain);
            all.add(result.jain);
        }
        INFO(item.name);
        CHECK(jain.value() >= 0.88);
    }
    CHECK(all.value() >= 0.95);
}

TEST_CASE("a background flow fills an empty path", "[congestion][background][bars]") {
    for (const auto& path : {Path{.name = "50/20", .round_trip = 20ms}, Path{.name = "50/80"},
                             Path{.name = "queue of 4 BDP", .queue_in_bdp = 4},
                             Path{.name = "queue of 0.25 BDP", .queue_in_bdp = 0.25}}) {
        auto config = on_path(path, 1);
        FlowConfig flow;
        flow.algorithm = Algorithm::background;
        config.flows = {flow};
        config.duration = 30s;
        const auto result = run_transfer(config);
        INFO(path.name << ": " << result.text());
        CHECK(result.flows[0].goodput_percent >= 85);
        CHECK(result.queue_p50 <= 10ms);
    }
}

TEST_CASE("a background flow gives way", "[congestion][background][bars]") {
    for (const auto other : {Algorithm::bbr, Algorithm::cubic})
        for (const auto round_trip : {Duration{40ms}, Duration{80ms}})
            for (const auto& [first, second] :
                 {std::pair{0s, 0s}, std::pair{3s, 0s}, std::pair{0s, 3s}}) {
                const auto result = compete({.round_trip = round_trip},
                                            {.first = Algorithm::background,
                                             .second = other,
                                             .first_start = first,
                                             .second_start = second,
                                             .paced = false},
                                            2);
                INFO(name(other) << ", round trip of " << round_trip.count() / 1'000'000
                                 << " ms, starts " << first.count() << ", " << second.count()
                                 << ": " << result.text());
                const auto total =
                    result.flows[0].goodput_percent + result.flows[1].goodput_percent;
                CHECK(result.flows[0].goodput_percent <= 0.11 * total);
                CHECK(total >= 88);
            }
}

TEST_CASE("CUBIC fills a path without loss, and two share it", "[congestion][cubic][bars]") {
    const auto alone = download({.round_trip = 20ms}, Algorithm::cubic, 1);
    INFO(alone.text());
    CHECK(alone.flows[0].goodput_percent >= 92);
    const auto two =
        compete({.name = ""},
                {.first = Algorithm::cubic, .second = Algorithm::cubic, .second_start = 2s}, 1);
    INFO(two.text());
    CHECK(two.jain >= 0.9);
}

TEST_CASE("BBR follows a path that becomes slower and faster again", "[congestion][bbr]") {
    auto config = on_path({.round_trip = 40ms}, 1);
    config.forward.rate_steps = {{10s, 10}, {20s, 50}};
    config.duration = 30s;
    config.flows = {FlowConfig{}};
    const auto result = run_transfer(config);
    INFO(result.text());
    // 36.7 Mbit/s on the average, of which headers leave 95.7 %.
    CHECK(result.flows[0].megabits_per_second >= 0.82 * 36.7);
    CHECK(result.queue_p50 <= 10ms);
}

TEST_CASE("BBR gets over a round trip that grows for good", "[congestion][bbr]") {
    // A path of 20 ms and then, as after a change of route, of 60 ms; no queue on either.
    auto config = on_path({.round_trip = 20ms, .queue_in_bdp = 4}, 1);
    config.delay_step = {{5s, 20ms}};
    config.duration = 30s;
    config.measure_from = 18s;
    config.flows = {FlowConfig{}};
    const auto result = run_transfer(config);
    INFO(result.text());
    CHECK(result.flows[0].goodput_percent >= 88);
}

TEST_CASE("BBR keeps what it knows of the path while the application sends little",
          "[congestion][bbr]") {
    auto config = on_path(Path{}, 1);
    FlowConfig flow;
    flow.application_rate = Bandwidth::bits_per_second(4'000'000);
    config.flows = {flow};
    config.duration = 20s;
    const auto result = run_transfer(config);
    INFO(result.text());
    CHECK(result.flows[0].megabits_per_second >= 3.9);
    CHECK(result.flows[0].lost == 0);
    CHECK(result.queue_p95 <= 1ms);
}

TEST_CASE("BBR heeds ECN marks", "[congestion][bbr][ecn]") {
    auto config = on_path({.queue_in_bdp = 4}, 1);
    config.forward.ce_threshold = 10ms;
    config.flows = {FlowConfig{}};
    const auto result = run_transfer(config);
    INFO(result.text());
    CHECK(result.flows[0].goodput_percent >= 75);
    CHECK(result.queue_p95 <= 30ms);
}

TEST_CASE("no start stalls, whatever the seed", "[congestion][bars]") {
    // The first second of the paths on which other transports never leave slow start.
    for (const auto algorithm : {Algorithm::bbr, Algorithm::cubic})
        for (std::uint64_t seed = 1; seed <= 50; ++seed) {
            auto config = on_path({.round_trip = 20ms}, seed);
            config.forward.jitter = 1ms;
            config.duration = 1s;
            FlowConfig flow;
            flow.algorithm = algorithm;
            config.flows = {flow};
            const auto result = run_transfer(config);
            INFO(name(algorithm) << ", seed " << seed << ": " << result.text());
            CHECK(result.flows[0].goodput_percent >= 60);
        }
}

}  // namespace
}  // namespace streamkit::congestion::test
