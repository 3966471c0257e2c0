#include "streamkit/congestion/rtt.hpp"

#include "support/catch.hpp"

namespace streamkit::congestion {
namespace {

using namespace std::chrono_literals;

TEST_CASE("the first RTT sample sets everything", "[congestion][rtt]") {
    RttEstimator rtt;
    CHECK_FALSE(rtt.has_sample());
    CHECK(rtt.smoothed() == 333ms);
    CHECK(rtt.probe_timeout(25ms) == 333ms + 4 * 166500us + 25ms);
    rtt.add_sample(100ms, 20ms);
    CHECK(rtt.has_sample());
    CHECK(rtt.smoothed() == 100ms);
    CHECK(rtt.variation() == 50ms);
    CHECK(rtt.minimum() == 100ms);
}

TEST_CASE("later RTT samples are smoothed, less the peer's ack delay", "[congestion][rtt]") {
    RttEstimator rtt;
    rtt.add_sample(100ms, 0ms);
    rtt.add_sample(148ms, 40ms);
    CHECK(rtt.latest() == 148ms);
    CHECK(rtt.smoothed() == 101ms);  // 7/8 of 100 and 1/8 of 108
    CHECK(rtt.variation() == 39500us);
    CHECK(rtt.minimum() == 100ms);
}

TEST_CASE("an ack delay never brings an RTT sample below the minimum", "[congestion][rtt]") {
    RttEstimator rtt;
    rtt.add_sample(100ms, 0ms);
    rtt.add_sample(108ms, 40ms);
    CHECK(rtt.smoothed() == 101ms);
    rtt.add_sample(92ms, 400ms);
    CHECK(rtt.minimum() == 92ms);
}

TEST_CASE("the probe timeout has at least the timer's granularity", "[congestion][rtt]") {
    RttEstimator rtt;
    for (int i = 0; i < 100; ++i)
        rtt.add_sample(10ms, 0ms);
    CHECK(rtt.probe_timeout(25ms) == 36ms);
}

}  // namespace
}  // namespace streamkit::congestion
