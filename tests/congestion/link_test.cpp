// The simulated link that the other tests rest on.

#include "sim/link.hpp"

#include "support/catch.hpp"

namespace streamkit::sim {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1s};

std::vector<Delivery> drain(Link& link) {
    std::vector<Delivery> out;
    while (const auto at = link.next_delivery())
        if (auto delivery = link.poll(*at)) out.push_back(std::move(*delivery));
    return out;
}

/// 972 bytes: 1000 with headers, 1 ms at 8 Mbit/s.
Bytes datagram(std::uint8_t first = 0) {
    Bytes out(972);
    out[0] = first;
    return out;
}

TEST_CASE("a simulated link delivers after its delay", "[congestion][sim]") {
    LinkConfig config;
    config.delay = 20ms;
    Link link{config, 1, kStart};
    CHECK_FALSE(link.next_delivery());
    link.send(kStart, datagram(7), kEct0);
    CHECK(link.next_delivery() == kStart + 20ms);
    CHECK_FALSE(link.poll(kStart + 19ms));
    const auto delivery = link.poll(kStart + 25ms);
    REQUIRE(delivery);
    CHECK(delivery->at == kStart + 20ms);
    CHECK(delivery->datagram == datagram(7));
    CHECK(delivery->ecn == kEct0);
}

TEST_CASE("a simulated link counts headers for its rate and drops at the tail",
          "[congestion][sim]") {
    LinkConfig config;
    config.megabits_per_second = 8;
    config.queue = 3ms;
    Link link{config, 1, kStart};
    for (std::uint8_t i = 0; i < 6; ++i)
        link.send(kStart, datagram(i));
    CHECK(link.queue_delay(kStart) == 3ms);
    const auto deliveries = drain(link);
    REQUIRE(deliveries.size() == 3);
    CHECK(deliveries[0].at == kStart + 1ms);
    CHECK(deliveries[2].at == kStart + 3ms);
    CHECK(link.counters().dropped_by_queue == 3);
    CHECK(link.queue_delay_percentile(0.5) == 1ms);
    CHECK(link.queue_delay_percentile(1) == 2ms);
}

TEST_CASE("a simulated queue may be limited in bytes", "[congestion][sim]") {
    LinkConfig config;
    config.megabits_per_second = 8;
    config.queue_bytes = 4000;
    Link link{config, 1, kStart};
    for (std::uint8_t i = 0; i < 6; ++i)
        link.send(kStart, datagram(i));
    CHECK(drain(link).size() == 4);
}

TEST_CASE("a simulated link changes its rate by schedule", "[congestion][sim]") {
    LinkConfig config;
    config.megabits_per_second = 8;
    config.rate_steps = {{10ms, 80}};
    Link link{config, 1, kStart};
    link.send(kStart, datagram());
    link.send(kStart + 10ms, datagram());
    const auto deliveries = drain(link);
    REQUIRE(deliveries.size() == 2);
    CHECK(deliveries[0].at == kStart + 1ms);
    CHECK(deliveries[1].at == kStart + 10ms + 100us);
}

TEST_CASE("a simulated link swallows what exceeds its MTU", "[congestion][sim]") {
    Link link{{}, 1, kStart};
    link.send(kStart, Bytes(1472));
    link.send(kStart, Bytes(1473));
    CHECK(drain(link).size() == 1);
    CHECK(link.counters().dropped_by_mtu == 1);
}

TEST_CASE("a simulated link loses at random and in bursts as often as it was told",
          "[congestion][sim]") {
    LinkConfig random_loss;
    random_loss.loss = 0.05;
    LinkConfig bursts;
    bursts.burst_loss = {.p = 0.02 * 0.2 / 0.98, .r = 0.2};  // 2 % in bursts of 5
    Link first{random_loss, 3, kStart};
    Link second{bursts, 3, kStart};
    for (int i = 0; i < 50000; ++i) {
        first.send(kStart, Bytes(10));
        second.send(kStart, Bytes(10));
    }
    CHECK(static_cast<double>(first.counters().dropped_by_loss) == test::Approx(2500).epsilon(.1));
    CHECK(static_cast<double>(second.counters().dropped_by_loss) == test::Approx(1000).epsilon(.2));
}

TEST_CASE("a simulated link keeps the order unless it may not", "[congestion][sim]") {
    LinkConfig config;
    config.jitter = 5ms;
    Link kept{config, 5, kStart};
    config.reorder = true;
    Link mixed{config, 5, kStart};
    for (int i = 0; i < 200; ++i) {
        kept.send(kStart + i * 100us, Bytes(10));
        mixed.send(kStart + i * 100us, Bytes(10));
    }
    CHECK(drain(kept).size() == 200);
    CHECK(kept.counters().reordered == 0);
    CHECK(drain(mixed).size() == 200);
    CHECK(mixed.counters().reordered > 50);
}

TEST_CASE("a simulated spike lets others overtake", "[congestion][sim]") {
    LinkConfig config;
    config.spike_probability = 1;
    config.spike = 5ms;
    Link link{config, 5, kStart};
    link.send(kStart, datagram(1));
    link.config().spike_probability = 0;
    link.send(kStart + 1ms, datagram(2));
    const auto deliveries = drain(link);
    REQUIRE(deliveries.size() == 2);
    CHECK(deliveries[0].datagram[0] == 2);
    CHECK(deliveries[1].at == kStart + 5ms);
}

TEST_CASE("a simulated link duplicates and flips one bit", "[congestion][sim]") {
    LinkConfig config;
    config.duplication = 1;
    config.corruption = 1;
    Link link{config, 5, kStart};
    link.send(kStart, Bytes(100));
    const auto deliveries = drain(link);
    REQUIRE(deliveries.size() == 2);
    CHECK(deliveries[0].datagram == deliveries[1].datagram);
    int bits = 0;
    for (const auto byte : deliveries[0].datagram)
        for (int i = 0; i < 8; ++i)
            bits += byte >> i & 1;
    CHECK(bits == 1);
    link.config().drop_corrupted = true;
    link.send(kStart, Bytes(100));
    CHECK(drain(link).empty());
}

TEST_CASE("a simulated queue marks what can be marked", "[congestion][sim]") {
    LinkConfig config;
    config.megabits_per_second = 8;
    config.ce_threshold = 1500us;
    Link link{config, 5, kStart};
    for (const auto ecn : {kEct0, kEct0, kEct0, kNotEct, kEct1})
        link.send(kStart, datagram(), ecn);
    const auto deliveries = drain(link);
    REQUIRE(deliveries.size() == 5);
    CHECK(deliveries[0].ecn == kEct0);
    CHECK(deliveries[1].ecn == kEct0);
    CHECK(deliveries[2].ecn == kCe);
    CHECK(deliveries[3].ecn == kNotEct);
    CHECK(deliveries[4].ecn == kCe);
    CHECK(link.counters().ce_marked == 2);
}

TEST_CASE("a simulated link does the same again for the same seed", "[congestion][sim]") {
    LinkConfig config;
    config.loss = 0.1;
    config.jitter = 3ms;
    config.jitter_kind = JitterKind::exponential;
    config.reorder = true;
    const auto times = [&config](std::uint64_t seed) {
        Link link{config, seed, kStart};
        for (int i = 0; i < 100; ++i)
            link.send(kStart, Bytes(10));
        std::vector<TimePoint> out;
        for (const auto& delivery : drain(link))
            out.push_back(delivery.at);
        return out;
    };
    CHECK(times(1) == times(1));
    CHECK(times(1) != times(2));
}

}  // namespace
}  // namespace streamkit::sim
