#include "streamkit/congestion/delivery_rate.hpp"

#include <cstdint>

#include "support/catch.hpp"

namespace streamkit::congestion {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{10s};

TEST_CASE("a packet remembers what was delivered when it left", "[congestion][delivery_rate]") {
    DeliveryRateSampler sampler;
    const auto first = sampler.on_sent(kStart, 1000, 0);
    CHECK(first.sent_time == kStart);
    CHECK(first.first_sent_time == kStart);
    CHECK(first.delivered_time == kStart);
    CHECK(first.delivered == 0);
    CHECK(first.in_flight == 1000);
    CHECK(first.bytes == 1000);
    const auto second = sampler.on_sent(kStart + 10ms, 1200, 1000);
    CHECK(second.first_sent_time == kStart);
    CHECK(second.in_flight == 2200);
}

TEST_CASE("the delivery rate is that of the acknowledgements where they are slower",
          "[congestion][delivery_rate]") {
    // Four packets leave within 3 ms; the bottleneck delivers one each 10 ms.
    DeliveryRateSampler sampler;
    DeliveryState packets[5];
    for (std::uint64_t i = 0; i < 4; ++i)
        packets[i] = sampler.on_sent(kStart + i * 1ms, 1000, i * 1000);
    RateSample sample;
    for (std::uint64_t i = 0; i < 4; ++i) {
        const auto now = kStart + 100ms + i * 10ms;
        sampler.begin_ack();
        sampler.on_acked(now, packets[i]);
        sample = sampler.finish_ack(50ms);
        // The first one says 1000 bytes in 100 ms; the last one 4000 in 130 ms.
        CHECK(sample.delivered == (i + 1) * 1000);
        CHECK(sample.interval == 100ms + i * 10ms);
        CHECK(sample.prior_delivered == 0);
        CHECK(sample.prior_in_flight == (i + 1) * 1000);
        CHECK_FALSE(sample.app_limited);
    }
    CHECK(sample.delivery_rate == Bandwidth::of(4000, 130ms));

    // A packet of the next flight measures from the last delivery before it left.
    packets[4] = sampler.on_sent(kStart + 130ms, 1000, 3000);
    CHECK(packets[4].delivered == 4000);
    CHECK(packets[4].delivered_time == kStart + 130ms);
    CHECK(packets[4].first_sent_time == kStart + 3ms);
    sampler.begin_ack();
    sampler.on_acked(kStart + 230ms, packets[4]);
    sample = sampler.finish_ack(50ms);
    // It was sent 127 ms after the packet acknowledged before it, and acknowledged after 100 ms.
    CHECK(sample.interval == 127ms);
    CHECK(sample.delivered == 1000);
}

TEST_CASE("the delivery rate is that of sending where acknowledgements come compressed",
          "[congestion][delivery_rate]") {
    DeliveryRateSampler sampler;
    const auto first = sampler.on_sent(kStart, 1000, 0);
    sampler.begin_ack();
    sampler.on_acked(kStart + 40ms, first);
    (void)sampler.finish_ack(40ms);
    const auto second = sampler.on_sent(kStart + 40ms, 1000, 500);  // something is in flight
    const auto third = sampler.on_sent(kStart + 100ms, 1000, 1500);
    sampler.begin_ack();
    sampler.on_acked(kStart + 101ms, second);
    sampler.on_acked(kStart + 101ms, third);
    const auto sample = sampler.finish_ack(40ms);
    CHECK(sample.interval == 100ms);  // from the first packet's to the third one's leaving
    CHECK(sample.delivered == 2000);
    CHECK(sample.delivery_rate == Bandwidth::bytes_per_second(20'000));
}

TEST_CASE("one acknowledgement is measured by its newest packet, in any order",
          "[congestion][delivery_rate]") {
    for (const bool newest_first : {true, false}) {
        DeliveryRateSampler sampler;
        const auto first = sampler.on_sent(kStart, 1000, 0);
        const auto second = sampler.on_sent(kStart + 1ms, 1000, 1000);
        sampler.begin_ack();
        sampler.on_acked(kStart + 50ms, newest_first ? second : first);
        sampler.on_acked(kStart + 50ms, newest_first ? first : second);
        const auto sample = sampler.finish_ack(20ms);
        CHECK(sample.prior_in_flight == 2000);
        CHECK(sample.delivered == 2000);
    }
}

TEST_CASE("a sample says what was lost meanwhile", "[congestion][delivery_rate]") {
    DeliveryRateSampler sampler;
    const auto first = sampler.on_sent(kStart, 1000, 0);
    const auto second = sampler.on_sent(kStart, 1100, 1000);
    const auto third = sampler.on_sent(kStart, 1200, 2100);
    sampler.on_lost(first);
    sampler.begin_ack();
    sampler.on_acked(kStart + 50ms, third);
    sampler.on_lost(second);
    const auto sample = sampler.finish_ack(20ms);
    CHECK(sample.lost == 2100);
    CHECK(sample.delivered == 1200);
    CHECK(sampler.lost() == 2100);
    CHECK(sampler.on_sent(kStart + 60ms, 1000, 0).lost == 2100);
}

TEST_CASE("samples of a time without data are marked", "[congestion][delivery_rate]") {
    DeliveryRateSampler sampler;
    const auto first = sampler.on_sent(kStart, 1000, 0);
    sampler.on_app_limited(1000);
    CHECK(sampler.app_limited());
    const auto second = sampler.on_sent(kStart + 5ms, 1000, 1000);
    CHECK_FALSE(first.app_limited);
    CHECK(second.app_limited);
    sampler.begin_ack();
    sampler.on_acked(kStart + 50ms, first);
    CHECK_FALSE(sampler.finish_ack(10ms).app_limited);
    CHECK(sampler.app_limited());  // up to the 1000 bytes in flight then
    sampler.begin_ack();
    sampler.on_acked(kStart + 55ms, second);
    CHECK(sampler.finish_ack(10ms).app_limited);
    CHECK_FALSE(sampler.app_limited());
}

TEST_CASE("no sample comes of nothing, of no time, or of less than a round trip",
          "[congestion][delivery_rate]") {
    DeliveryRateSampler sampler;
    sampler.begin_ack();
    CHECK_FALSE(sampler.finish_ack(0ms).valid());
    const auto first = sampler.on_sent(kStart, 1000, 0);
    const auto second = sampler.on_sent(kStart, 1000, 1000);
    sampler.begin_ack();
    sampler.on_acked(kStart, first);
    CHECK_FALSE(sampler.finish_ack(0ms).valid());
    sampler.begin_ack();
    sampler.on_acked(kStart + 10ms, second);
    const auto sample = sampler.finish_ack(20ms);
    CHECK_FALSE(sample.valid());
    CHECK(sample.delivered == 2000);
    CHECK(sample.prior_in_flight == 2000);
}

TEST_CASE("a flight after a pause is measured from its own start", "[congestion][delivery_rate]") {
    DeliveryRateSampler sampler;
    const auto first = sampler.on_sent(kStart, 1000, 0);
    sampler.begin_ack();
    sampler.on_acked(kStart + 50ms, first);
    (void)sampler.finish_ack(50ms);
    const auto second = sampler.on_sent(kStart + 10s, 1000, 0);
    sampler.begin_ack();
    sampler.on_acked(kStart + 10s + 50ms, second);
    CHECK(sampler.finish_ack(50ms).interval == 50ms);
}

}  // namespace
}  // namespace streamkit::congestion
