// What every controller must bear: senseless events, and the bounds of its window.

#include "streamkit/congestion/controller.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "cubic.hpp"
#include "hystart.hpp"
#include "support/catch.hpp"

namespace streamkit::congestion {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{10s};
constexpr Algorithm kAlgorithms[] = {Algorithm::bbr, Algorithm::cubic, Algorithm::background};

void check_bounds(const Controller& controller, const ControllerConfig& config) {
    REQUIRE(controller.window() >=
            std::uint64_t{config.min_window_packets} * config.max_datagram_bytes);
    REQUIRE(controller.window() <= config.max_window_bytes);
    REQUIRE(controller.pacing_rate().bytes_per_second() > 0);
    REQUIRE_FALSE(controller.phase().empty());
}

/// Packets of 1200 bytes acknowledged one by one after a round trip, the window always full.
class Feed {
public:
    explicit Feed(Controller& controller) : controller_{controller} {}

    void round(Duration rtt, int losses = 0) {
        const auto packets = std::max<std::uint64_t>(controller_.window() / 1200, 1);
        const auto first = next_;
        std::vector<DeliveryState> sent;
        for (std::uint64_t i = 0; i < packets; ++i) {
            sent.push_back(sampler_.on_sent(now_, 1200, i * 1200));
            controller_.on_sent(now_, next_++, sent.back());
        }
        now_ += rtt;
        for (std::uint64_t i = 0; i < packets; ++i) {
            if (losses > 0) {
                --losses;
                sampler_.on_lost(sent[i]);
                controller_.on_lost(now_, {sent[i], first + i});
                last_lost_ = {sent[i], first + i};
                continue;
            }
            sampler_.begin_ack();
            sampler_.on_acked(now_, sent[i]);
            AckEvent event;
            event.now = now_;
            event.acked_bytes = 1200;
            // What is acknowledged makes room for the next packet at once.
            event.prior_in_flight = packets * 1200;
            event.in_flight = (packets - 1) * 1200;
            event.delivered = sampler_.delivered();
            event.largest_acked = first + i;
            event.largest_sent = next_ - 1;
            event.rtt = rtt;
            event.smoothed_rtt = rtt;
            event.minimum_rtt = rtt;
            event.rate = sampler_.finish_ack(rtt);
            controller_.on_ack(event);
        }
    }
    [[nodiscard]] TimePoint now() const { return now_; }
    [[nodiscard]] const LostPacket& last_lost() const { return last_lost_; }

private:
    Controller& controller_;
    DeliveryRateSampler sampler_;
    TimePoint now_ = kStart;
    std::uint64_t next_ = 0;
    LostPacket last_lost_;
};

TEST_CASE("each algorithm has a name and a controller", "[congestion][controller]") {
    SeededRandom random{1};
    std::set<std::string_view> names;
    for (const auto algorithm : kAlgorithms) {
        names.insert(name(algorithm));
        const auto controller = make_controller(algorithm, {}, random);
        REQUIRE(controller);
        check_bounds(*controller, {});
    }
    CHECK(names == std::set<std::string_view>{"bbr", "cubic", "background"});
}

TEST_CASE("a controller starts with ten packets and doubles", "[congestion][controller]") {
    SeededRandom random{1};
    for (const auto algorithm : {Algorithm::bbr, Algorithm::cubic}) {
        const auto controller = make_controller(algorithm, {}, random);
        INFO(name(algorithm));
        CHECK(controller->window() == 12'000);
        Feed feed{*controller};
        feed.round(50ms);
        CHECK(controller->window() == 24'000);
        feed.round(50ms);
        CHECK(controller->window() == 48'000);
    }
}

TEST_CASE("a controller stays within its window whatever it is told", "[congestion][controller]") {
    ControllerConfig config;
    config.max_window_bytes = 200'000;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SeededRandom random{seed};
        for (const auto algorithm : kAlgorithms) {
            INFO(name(algorithm) << ", seed " << seed);
            const auto controller = make_controller(algorithm, config, random);
            auto now = kStart;
            std::uint64_t number = 0;
            const auto any = [&random]() -> std::uint64_t {
                // Mostly sense, at times none.
                switch (random.below(8)) {
                    case 0:
                        return 0;
                    case 1:
                        return random.u64();
                    case 2:
                        return std::numeric_limits<std::uint64_t>::max();
                    default:
                        return random.below(300'000);
                }
            };
            const auto duration = [&random]() -> Duration {
                switch (random.below(6)) {
                    case 0:
                        return 0ns;
                    case 1:
                        return 1ns;
                    case 2:
                        return 100h;
                    default:
                        return Duration{static_cast<std::int64_t>(random.below(200'000'000))};
                }
            };
            for (int step = 0; step < 2'000; ++step) {
                now += Duration{static_cast<std::int64_t>(random.below(3) * 7'000'000)};
                DeliveryState state;
                state.sent_time = now - duration();
                state.first_sent_time = state.sent_time - duration();
                state.delivered_time = state.sent_time;
                state.delivered = any();
                state.lost = any();
                state.in_flight = any();
                state.bytes = static_cast<std::uint32_t>(random.below(1500));
                state.app_limited = random.below(4) == 0;
                switch (random.below(10)) {
                    case 0:
                        controller->on_lost(now, {state, number});
                        break;
                    case 1:
                        controller->on_spurious_loss(now, {state, number});
                        break;
                    case 2:
                        if (random.below(10) == 0) controller->on_persistent_congestion(now);
                        break;
                    case 3:
                        controller->on_idle_restart(now);
                        break;
                    case 4:
                        controller->on_sent(now, ++number, state);
                        break;
                    default: {
                        AckEvent event;
                        event.now = now;
                        event.acked_bytes = any();
                        event.lost_bytes = any();
                        event.in_flight = any();
                        event.prior_in_flight = any();
                        event.delivered = any();
                        event.largest_acked = any();
                        event.largest_sent = any();
                        if (random.below(3) > 0) event.rtt = duration();
                        event.smoothed_rtt = duration();
                        event.minimum_rtt = duration();
                        event.new_ce_marks = random.below(20) == 0 ? any() : 0;
                        event.rate.delivery_rate = Bandwidth::bytes_per_second(any());
                        event.rate.interval = duration();
                        event.rate.delivered = any();
                        event.rate.lost = any();
                        event.rate.prior_delivered = any();
                        event.rate.prior_in_flight = any();
                        event.rate.app_limited = random.below(4) == 0;
                        controller->on_ack(event);
                    }
                }
                check_bounds(*controller, config);
            }
        }
    }
}

TEST_CASE("an acknowledgement of nothing changes nothing", "[congestion][controller]") {
    SeededRandom random{1};
    for (const auto algorithm : kAlgorithms) {
        INFO(name(algorithm));
        const auto controller = make_controller(algorithm, {}, random);
        Feed feed{*controller};
        for (int i = 0; i < 3; ++i)
            feed.round(20ms);
        const auto window = controller->window();
        for (int i = 0; i < 1000; ++i) {
            AckEvent event;
            event.now = feed.now();
            event.smoothed_rtt = 20ms;
            event.minimum_rtt = 20ms;
            controller->on_ack(event);
        }
        CHECK(controller->window() == window);
    }
}

TEST_CASE("a controller begins small again after everything was lost", "[congestion][controller]") {
    SeededRandom random{1};
    for (const auto algorithm : kAlgorithms) {
        INFO(name(algorithm));
        const auto controller = make_controller(algorithm, {}, random);
        Feed feed{*controller};
        for (int i = 0; i < 5; ++i)
            feed.round(20ms);
        controller->on_persistent_congestion(feed.now());
        CHECK(controller->window() == 4 * 1200);
        for (int i = 0; i < 6; ++i)
            feed.round(20ms);
        CHECK(controller->window() >= 10 * 1200);
    }
}

TEST_CASE("a larger datagram raises the least window", "[congestion][controller]") {
    SeededRandom random{1};
    for (const auto algorithm : kAlgorithms) {
        const auto controller = make_controller(algorithm, {}, random);
        controller->on_persistent_congestion(kStart);
        controller->set_max_datagram_bytes(9000);
        CHECK(controller->window() >= 4 * 9000);
    }
}

TEST_CASE("one loss in a round trip reduces CUBIC's window once", "[congestion][cubic]") {
    Cubic cubic{ControllerConfig{}};
    Feed feed{cubic};
    for (int i = 0; i < 4; ++i)
        feed.round(50ms);
    REQUIRE(cubic.window() == 16 * 12'000);
    feed.round(50ms, 5);
    CHECK(cubic.window() >= 134'400);  // 0.7 of it: RFC 9438, 4.6
    CHECK(cubic.window() < 140'000);
    CHECK(cubic.phase() == "congestion_avoidance");
}

TEST_CASE("CUBIC is back at its old window after K seconds", "[congestion][cubic]") {
    Cubic cubic{ControllerConfig{}};
    cubic.resume(70 * 1200, 100 * 1200);
    Feed feed{cubic};
    // K = cbrt((100 - 70) / 0.4) = 4.2 s: RFC 9438, 4.2
    int rounds = 0;
    while (cubic.window() < 99 * 1200 && rounds < 1000) {
        feed.round(50ms);
        ++rounds;
    }
    CHECK(rounds * 50ms > 2s);
    CHECK(rounds * 50ms < 4500ms);
}

TEST_CASE("CUBIC undoes a reduction when no loss of it was one", "[congestion][cubic]") {
    Cubic cubic{ControllerConfig{}};
    Feed feed{cubic};
    for (int i = 0; i < 4; ++i)
        feed.round(50ms);
    const auto window = cubic.window();
    feed.round(50ms, 1);
    REQUIRE(cubic.window() < window);
    cubic.on_spurious_loss(feed.now(), feed.last_lost());
    CHECK(cubic.window() == window);
    cubic.on_spurious_loss(feed.now(), feed.last_lost());  // not twice
    CHECK(cubic.window() == window);
}

TEST_CASE("CUBIC takes a CE mark for a smaller loss", "[congestion][cubic][ecn]") {
    Cubic cubic{ControllerConfig{}};
    Feed feed{cubic};
    for (int i = 0; i < 4; ++i)
        feed.round(50ms);
    const auto window = cubic.window();
    AckEvent event;
    event.now = feed.now() + 1ms;
    event.smoothed_rtt = 50ms;
    event.new_ce_marks = 3;
    cubic.on_ack(event);
    const auto reduced = cubic.window();
    CHECK(reduced == window * 85 / 100);  // RFC 8511
    event.now += 10ms;
    cubic.on_ack(event);
    CHECK(cubic.window() == reduced);  // once a round trip
}

TEST_CASE("HyStart++ leaves slow start by way of a slower one when round trips grow",
          "[congestion][cubic][hystart]") {
    HystartPlusPlus hystart;
    std::uint64_t sent = 0;
    const auto round = [&](Duration rtt) {
        const auto first = sent;
        sent += 10;
        for (auto n = first; n < sent; ++n)
            hystart.on_ack(n, n + 10, rtt);  // ten in flight
    };
    round(40ms);
    round(40ms);
    round(43ms);  // RFC 9406, 4.2: an eighth of 40 ms, 5 ms, is the threshold
    CHECK(hystart.phase() == HystartPlusPlus::Phase::slow_start);
    CHECK(hystart.growth_divisor() == 1);
    round(49ms);
    CHECK(hystart.phase() == HystartPlusPlus::Phase::conservative);
    CHECK(hystart.growth_divisor() == 4);

    SECTION("and goes back if it was a passing growth") {
        round(41ms);
        CHECK(hystart.phase() == HystartPlusPlus::Phase::slow_start);
    }
    SECTION("and ends it after five rounds") {
        for (int i = 0; i < 5; ++i)
            round(50ms);
        CHECK(hystart.phase() == HystartPlusPlus::Phase::done);
    }
}

TEST_CASE("BBR does not take random loss for congestion", "[congestion][bbr]") {
    SeededRandom random{1};
    const auto controller = make_controller(Algorithm::bbr, {}, random);
    Feed feed{*controller};
    for (int i = 0; i < 7; ++i)
        feed.round(50ms);
    const auto bandwidth = controller->bandwidth();
    for (int i = 0; i < 8; ++i)
        feed.round(50ms, 1);
    CHECK(controller->bandwidth() >= bandwidth.times(0.9));
}

}  // namespace
}  // namespace streamkit::congestion
