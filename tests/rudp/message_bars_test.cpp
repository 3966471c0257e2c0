// The live rows of the issue, in virtual time: how many messages arrive in time, at what price. The
// real measurement is the bench; this keeps what it rests on.

#include <string>

#include "message_path.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::rudp::test;
using namespace std::chrono_literals;

namespace {

struct Bar {
    const char* name;
    Duration rtt;
    double loss;
    Duration latency;
    double in_time_percent;  // at least
    double extra_percent;    // at most
};

constexpr std::uint64_t kSeeds = 20;
constexpr Duration kTime = 10s;

PathResult run(PathConfig config) {
    PathResult all;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
        all.add(MessagePath{config, seed}.run_for(kTime));
    return all;
}

}  // namespace

TEST_CASE("live messages reach the bars of the issue", "[rudp][message]") {
    const Bar bars[] = {
        {"RTT 40 ms, 5 %, latency 120 ms: time for two more tries", 40ms, 0.05, 120ms, 100, 8},
        {"RTT 100 ms, 5 %, latency 60 ms: no second try", 100ms, 0.05, 60ms, 99.5, 25},
        {"RTT 100 ms, 10 %, latency 120 ms: one more try, just", 100ms, 0.1, 120ms, 99.7, 30},
    };
    for (const auto& bar : bars) {
        for (const bool video : {false, true}) {
            PathConfig config;
            config.rtt = bar.rtt;
            config.loss = bar.loss;
            config.latency = bar.latency;
            config.video = video;
            const auto result = run(config);
            INFO(bar.name << (video ? ", frames of 16 and 60 KB" : ", 1316 bytes each")
                          << ", seeds 1 to " << kSeeds << ": " << result.in_time_percent()
                          << " % in time, " << result.extra_percent() << " % extra");
            CHECK(result.in_time_percent() >= bar.in_time_percent);
            CHECK(result.extra_percent() <= bar.extra_percent);
            // The sender may miss the news that a part was recovered, but seldom.
            CHECK(static_cast<double>(result.told_delivered) >=
                  0.999 * static_cast<double>(result.in_time));
        }
    }
}

TEST_CASE("without loss nothing is sent again", "[rudp][message]") {
    PathConfig config;
    config.rtt = 100ms;
    config.latency = 120ms;
    const auto result = MessagePath{config, 1}.run_for(kTime);
    CHECK(result.in_time == result.messages);
    CHECK(result.resent_bytes == 0);
    CHECK(result.extra_percent() < 4);  // the repair symbols of the first second
}

TEST_CASE("without FEC and without time, what is lost is given up and all the rest arrives",
          "[rudp][message]") {
    PathConfig config;
    config.rtt = 100ms;
    config.loss = 0.05;
    config.latency = 60ms;
    config.fec = false;
    MessagePath path{config, 1};
    const auto result = path.run_for(kTime);
    CHECK(result.resent_bytes == 0);
    CHECK(result.fec_bytes == 0);
    CHECK(result.in_time == result.told_delivered);
    CHECK(result.in_time_percent() > 93);
    CHECK(path.buffered() == 0);  // no fate is left open
}

TEST_CASE("jitter and bursts of loss cost messages, not the accounts", "[rudp][message]") {
    PathConfig config;
    config.rtt = 100ms;
    config.latency = 120ms;
    config.jitter = 3ms;
    config.burst_loss.p = 0.01;
    config.burst_loss.r = 0.3;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        INFO("seed " << seed);
        MessagePath path{config, seed};
        const auto result = path.run_for(kTime);
        CHECK(result.in_time_percent() > 96);
        CHECK(result.in_time + result.late >= result.told_delivered);
        CHECK(path.buffered() == 0);
    }
}
