#include "loss_detector.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::rudp;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kStart = TimePoint{} + 1h;
constexpr std::uint32_t kBytes = 1000;

// A sender; numbers in its calls count from the first packet number.
struct Sender final : LossDetector::Listener {
    explicit Sender(std::uint64_t first_number = 0) : first(first_number), packets(first_number) {}

    void send(TimePoint at, int count = 1, bool ack_eliciting = true, bool mtu_probe = false) {
        for (; count > 0; --count) {
            auto& packet = packets.add();
            packet.time = at;
            packet.bytes = kBytes;
            packet.ack_eliciting = ack_eliciting;
            packet.is_mtu_probe = mtu_probe;
            packets.on_sent(packet);
            if (ack_eliciting) detector.on_sent(at);
        }
    }
    AckFrame frame(std::initializer_list<AckRange> ranges) const {
        AckFrame out;
        for (const auto& range : ranges)
            out.ranges[out.range_count++] = {first + range.first, first + range.last};
        return out;
    }
    LossDetector::AckResult ack(TimePoint at, std::initializer_list<AckRange> ranges) {
        events.clear();
        return detector.on_ack(frame(ranges), at, *this).value();
    }
    LossDetector::TimeoutResult timeout(TimePoint at) {
        events.clear();
        return detector.on_timeout(at, *this);
    }

    void on_packet_acked(const SentPacket& packet, bool was_lost) override {
        events += (was_lost ? " found " : " acked ") + std::to_string(packet.packet_number - first);
    }
    void on_packet_lost(const SentPacket& packet, std::string_view trigger) override {
        events += " lost " + std::to_string(packet.packet_number - first);
        last_trigger = trigger;
    }

    std::uint64_t first;
    SentPackets packets;
    congestion::RttEstimator rtt;
    LossDetector detector{packets, rtt, {}};
    std::string events;
    std::string last_trigger;
};

}  // namespace

TEST_CASE("an acknowledgement settles packets and samples the RTT", "[rudp][loss_detector]") {
    for (const std::uint64_t first :
         {std::uint64_t{0}, (std::uint64_t{1} << 32) - 10, (std::uint64_t{1} << 62) - 10}) {
        Sender sender{first};
        sender.send(kStart, 4);
        sender.send(kStart + 10ms);
        auto result = sender.ack(kStart + 100ms, {{0, 1}});
        CHECK(sender.events == " acked 0 acked 1");
        CHECK(result.any_new);
        CHECK(result.acked_bytes == 2 * kBytes);
        CHECK(result.lost_bytes == 0);
        CHECK(result.largest_acked == first + 1);
        CHECK(result.rtt == 100ms);
        CHECK(sender.rtt.latest() == 100ms);
        CHECK(sender.packets.bytes_in_flight() == 3 * kBytes);

        result = sender.ack(kStart + 105ms, {{3, 4}, {0, 1}});
        CHECK(sender.events == " acked 3 acked 4");
        CHECK(result.rtt == 95ms);

        result = sender.ack(kStart + 106ms, {{3, 4}, {0, 1}});
        CHECK(sender.events.empty());
        CHECK_FALSE(result.any_new);
        CHECK_FALSE(result.rtt);
        CHECK(result.acked_bytes == 0);

        result = sender.ack(kStart + 107ms, {{0, 4}});
        CHECK(sender.events == " acked 2");
        CHECK_FALSE(result.rtt);  // the largest is not new
        CHECK(sender.packets.bytes_in_flight() == 0);
    }
}

TEST_CASE("the peer's delay is taken off an RTT sample up to its limit", "[rudp][loss_detector]") {
    Sender sender;
    sender.send(kStart);
    sender.ack(kStart + 100ms, {{0, 0}});
    sender.send(kStart + 1s);
    auto frame = sender.frame({{0, 1}});
    frame.delay_us = kMaxVarint;  // counts as the limit, 25 ms
    REQUIRE(sender.detector.on_ack(frame, kStart + 1s + 180ms, sender));
    CHECK(sender.rtt.latest() == 180ms);
    CHECK(sender.rtt.smoothed() == (7 * 100'000us + 155'000us) / 8);
}

TEST_CASE("bad acknowledgements are refused and change nothing", "[rudp][loss_detector]") {
    Sender sender{100};
    sender.send(kStart, 3);  // 0, 1, 2
    sender.packets.skip();   // 3
    sender.send(kStart, 3);  // 4, 5, 6

    const struct {
        const char* name;
        std::vector<AckRange> ranges;
        Errc error;
    } cases[] = {
        {"of the next number", {{107, 107}}, Errc::ack_of_unsent_packet},
        {"of the future", {{kMaxPacketNumber, kMaxPacketNumber}}, Errc::ack_of_unsent_packet},
        {"of the largest number there is", {{100, UINT64_MAX}}, Errc::ack_of_unsent_packet},
        {"of one before the first", {{99, 100}}, Errc::ack_of_unsent_packet},
        {"of everything, with a skipped one", {{100, 106}}, Errc::ack_of_unsent_packet},
        {"of the skipped one alone", {{103, 103}}, Errc::ack_of_unsent_packet},
        {"good, then of a skipped one", {{104, 106}, {100, 103}}, Errc::ack_of_unsent_packet},
        {"reversed", {{102, 101}}, Errc::invalid_ack_ranges},
        {"overlapping", {{104, 106}, {101, 104}}, Errc::invalid_ack_ranges},
        {"in the wrong order", {{100, 101}, {105, 106}}, Errc::invalid_ack_ranges},
        {"twice the same", {{105, 106}, {105, 106}}, Errc::invalid_ack_ranges},
        {"none", {}, Errc::invalid_ack_ranges},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        AckFrame frame;
        for (const auto& range : c.ranges)
            frame.ranges[frame.range_count++] = range;
        const auto result = sender.detector.on_ack(frame, kStart + 50ms, sender);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == c.error);
        CHECK(sender.events.empty());
        CHECK(sender.packets.packets_in_flight() == 6);
        CHECK_FALSE(sender.rtt.has_sample());
    }
    AckFrame too_many;
    too_many.range_count = kMaxAckRanges + 1;
    CHECK_FALSE(sender.detector.on_ack(too_many, kStart, sender));

    sender.ack(kStart + 50ms, {{4, 6}, {0, 2}});
    CHECK(sender.packets.packets_in_flight() == 0);
}

TEST_CASE("without reordering a packet is lost three packets later", "[rudp][loss_detector]") {
    Sender sender;
    sender.send(kStart, 10);
    auto result = sender.ack(kStart + 100ms, {{2, 2}});
    CHECK(sender.events == " acked 2");
    result = sender.ack(kStart + 101ms, {{2, 4}});
    CHECK(sender.events == " acked 3 acked 4 lost 0 lost 1");
    CHECK(sender.last_trigger == "reordering_threshold");
    CHECK(result.lost_bytes == 2 * kBytes);
    CHECK_FALSE(result.persistent_congestion);
    CHECK(sender.packets.bytes_in_flight() == 5 * kBytes);
}

TEST_CASE("a packet is lost by time after one that left later arrived", "[rudp][loss_detector]") {
    Sender sender;
    sender.send(kStart);
    sender.send(kStart + 10ms);
    sender.send(kStart + 11ms);
    sender.ack(kStart + 111ms, {{2, 2}});  // RTT 100 ms, so the window is 25 ms
    CHECK(sender.events == " acked 2");
    CHECK(sender.detector.reordering_window() == 25ms);
    CHECK(sender.detector.next_timeout() == kStart + 125ms);
    sender.timeout(kStart + 125ms - 1ns);
    CHECK(sender.events.empty());
    auto result = sender.timeout(kStart + 125ms);
    CHECK(sender.events == " lost 0");
    CHECK(sender.last_trigger == "time_threshold");
    CHECK(result.lost_bytes == kBytes);
    CHECK(result.probes == 0);
    CHECK(sender.detector.next_timeout() == kStart + 135ms);
    sender.timeout(kStart + 135ms);
    CHECK(sender.events == " lost 1");
    CHECK_FALSE(sender.detector.next_timeout());
    CHECK(sender.detector.probe_count() == 0);
}

TEST_CASE("an acknowledgement finds at once what is late already", "[rudp][loss_detector]") {
    Sender sender;
    sender.send(kStart);
    sender.send(kStart + 25ms);
    sender.ack(kStart + 125ms, {{1, 1}});
    CHECK(sender.events == " acked 1 lost 0");
    CHECK(sender.last_trigger == "time_threshold");
}

TEST_CASE("a loss that was none is reported and widens the window", "[rudp][loss_detector]") {
    Sender sender;
    sender.send(kStart, 4);
    sender.ack(kStart + 100ms, {{3, 3}});
    CHECK(sender.events == " acked 3 lost 0");
    const auto result = sender.ack(kStart + 101ms, {{3, 3}, {0, 0}});
    CHECK(sender.events == " found 0");
    CHECK(result.any_new);
    CHECK(result.acked_bytes == 0);  // it was not in flight any more
    CHECK(sender.packets.bytes_in_flight() == 2 * kBytes);
    CHECK(sender.detector.reordering_window() == 50ms);

    // From now on three packets are no reason.
    auto now = kStart + 200ms;
    sender.send(now, 10);
    sender.ack(now + 100ms, {{13, 13}, {0, 3}});
    CHECK(sender.events == " acked 1 acked 2 acked 13");
    CHECK(sender.detector.next_timeout() == now + 150ms);
    sender.timeout(now + 150ms);
    CHECK(sender.packets.packets_in_flight() == 0);
}

TEST_CASE("reordering alone ends the threshold of three packets", "[rudp][loss_detector]") {
    Sender sender;
    sender.send(kStart, 10);
    sender.ack(kStart + 100ms, {{2, 2}});
    sender.ack(kStart + 100ms, {{1, 2}});
    sender.ack(kStart + 100ms, {{5, 9}, {1, 2}});
    CHECK(sender.events == " acked 5 acked 6 acked 7 acked 8 acked 9");
    CHECK(sender.detector.reordering_window() == 25ms);
}

TEST_CASE("the window widens once a round trip, up to the smoothed RTT", "[rudp][loss_detector]") {
    Sender sender;
    auto now = kStart;
    std::uint64_t next = 0;
    const auto spurious_round = [&] {
        // Two packets that are very late, and two behind them.
        sender.send(now, 2);
        sender.send(now + 150ms, 1);
        sender.ack(now + 250ms, {{next + 2, next + 2}});
        CHECK(sender.packets.packets_in_flight() == 0);
        sender.ack(now + 251ms, {{next + 2, next + 2}, {next, next}});
        sender.ack(now + 251ms, {{next, next + 2}});
        next += 3;
        now += 1s;
    };
    spurious_round();
    CHECK(sender.detector.reordering_window() == 50ms);
    spurious_round();
    CHECK(sender.detector.reordering_window() == 75ms);
    for (int i = 0; i < 10; ++i)
        spurious_round();
    CHECK(sender.detector.reordering_window() == sender.rtt.smoothed());

    SECTION("sixteen true losses in a row narrow it again") {
        const auto lose = [&](int count) {
            sender.send(now, count);
            sender.send(now + 200ms, 1);
            next += static_cast<std::uint64_t>(count) + 1;
            sender.ack(now + 300ms, {{next - 1, next - 1}});
            CHECK(sender.packets.packets_in_flight() == 0);
            now += 1s;
        };
        lose(15);
        CHECK(sender.detector.reordering_window() == 100ms);
        lose(1);
        CHECK(sender.detector.reordering_window() == 75ms);
        lose(500);
        CHECK(sender.detector.reordering_window() == 25ms);
    }
}

TEST_CASE("the tail is probed after a timeout, then twice and later", "[rudp][loss_detector]") {
    Sender sender;
    CHECK_FALSE(sender.detector.next_timeout());
    sender.send(kStart);
    // RFC 9002, 6.2.2: 333 ms, 4 times half of it, and the peer's 25 ms.
    CHECK(sender.detector.next_timeout() == kStart + 1024ms);
    sender.ack(kStart + 100ms, {{0, 0}});
    CHECK_FALSE(sender.detector.next_timeout());

    sender.send(kStart + 1s, 3);
    const auto timeout = sender.rtt.probe_timeout(25ms);
    CHECK(timeout == 325ms);  // 100 ms and 4 times half of it
    CHECK(sender.detector.next_timeout() == kStart + 1s + timeout);
    CHECK(sender.timeout(kStart + 1s + timeout - 1ns).probes == 0);
    auto now = kStart + 1s + timeout;
    CHECK(sender.timeout(now).probes == 1);
    CHECK(sender.events.empty());  // a probe is no loss
    CHECK(sender.detector.probe_count() == 1);
    sender.send(now);
    CHECK(sender.detector.next_timeout() == now + 2 * timeout);
    now += 2 * timeout;
    CHECK(sender.timeout(now).probes == 2);
    sender.send(now, 2);
    CHECK(sender.detector.next_timeout() == now + 4 * timeout);

    // The answer to a probe shows what was lost before it.
    sender.ack(now + 100ms, {{6, 6}, {0, 0}});
    CHECK(sender.events == " acked 6 lost 1 lost 2 lost 3 lost 4");
    CHECK(sender.detector.probe_count() == 0);
}

TEST_CASE("probes are at most 4 s apart, and each later than the last, even if none can leave",
          "[rudp][loss_detector]") {
    Sender sender;
    sender.send(kStart);
    auto now = kStart;
    for (int i = 0; i < 100; ++i) {
        const auto due = sender.detector.next_timeout();
        REQUIRE(due);
        CHECK(*due > now);
        CHECK(*due - now <= 4s);
        now = *due;
        CHECK(sender.timeout(now).probes > 0);
    }
    CHECK(sender.detector.probe_count() == 100);
}

TEST_CASE("packets that ask for no acknowledgement are not probed for nor lost",
          "[rudp][loss_detector]") {
    Sender sender;
    sender.send(kStart, 2, false);
    CHECK_FALSE(sender.detector.next_timeout());
    sender.send(kStart + 1ms);
    sender.send(kStart + 100ms, 3);
    auto result = sender.ack(kStart + 200ms, {{3, 5}, {1, 1}});
    CHECK(sender.events == " acked 1 acked 3 acked 4 acked 5 lost 2");
    CHECK(result.acked_bytes == 3 * kBytes);
    CHECK(result.lost_bytes == kBytes);
    // One that comes late tells nothing but itself.
    result = sender.ack(kStart + 201ms, {{3, 5}, {0, 1}});
    CHECK(sender.events == " acked 0");
    CHECK(sender.detector.reordering_window() == 25ms);

    // The RTT is not sampled from one either: it was not acknowledged on its own behalf.
    sender.send(kStart + 300ms, 1, false);
    CHECK_FALSE(sender.ack(kStart + 400ms, {{3, 6}}).rtt);
}

TEST_CASE("an MTU probe is lost without blame", "[rudp][loss_detector]") {
    Sender sender;
    sender.send(kStart, 1, true, true);
    sender.send(kStart, 3);
    auto result = sender.ack(kStart + 100ms, {{1, 3}});
    CHECK(sender.events == " acked 1 acked 2 acked 3 lost 0");
    CHECK(result.lost_bytes == 0);
    result = sender.ack(kStart + 110ms, {{0, 3}});
    CHECK(sender.events == " found 0");
    CHECK(sender.detector.reordering_window() == 25ms);
    sender.send(kStart + 200ms, 4);
    sender.ack(kStart + 300ms, {{7, 7}, {0, 3}});
    CHECK(sender.events == " acked 7 lost 4");  // still by the threshold of three
}

TEST_CASE("what was in flight on an old path is lost without blame", "[rudp][loss_detector]") {
    Sender sender;
    sender.send(kStart, 3);
    sender.ack(kStart + 100ms, {{1, 1}});
    sender.send(kStart + 110ms, 1, false);
    sender.events.clear();
    sender.detector.on_path_changed(sender);
    CHECK(sender.events == " lost 0 lost 2");
    CHECK(sender.last_trigger == "path_change");
    CHECK(sender.packets.packets_in_flight() == 0);
    CHECK_FALSE(sender.detector.next_timeout());

    // Acknowledgements of them still count, but tell nothing of the new path.
    sender.rtt = {};
    sender.send(kStart + 150ms, 4);
    auto result = sender.ack(kStart + 200ms, {{1, 2}});
    CHECK(sender.events == " found 2");
    CHECK(result.any_new);
    CHECK_FALSE(result.rtt);
    CHECK_FALSE(sender.rtt.has_sample());
    result = sender.ack(kStart + 170ms + 1ms, {{7, 7}, {0, 2}});
    CHECK(sender.events == " found 0 acked 7 lost 4");
    CHECK(result.rtt == 21ms);
    CHECK(sender.detector.reordering_window() == 21ms / 4.0);
}

TEST_CASE("losing everything for three probe timeouts is persistent congestion",
          "[rudp][loss_detector]") {
    // RFC 9002, 7.6.
    Sender sender;
    sender.send(kStart);
    sender.ack(kStart + 100ms, {{0, 0}});
    const auto duration = 3 * sender.rtt.probe_timeout(25ms);
    CHECK(duration == 975ms);  // and 825 ms after another sample of 100 ms

    const auto first = kStart + 200ms;
    SECTION("longer than that") {
        sender.send(first);                     // 1
        sender.send(first + 500ms, 2);          // 2, 3
        sender.send(first + duration + 100ms);  // 4
        sender.send(first + duration + 500ms);  // 5
        auto result = sender.ack(first + duration + 600ms, {{5, 5}, {0, 0}});
        CHECK(sender.events == " acked 5 lost 1 lost 2 lost 3 lost 4");
        CHECK(result.lost_bytes == 4 * kBytes);
        CHECK(result.persistent_congestion);
        // It is reported once.
        sender.send(first + 3s);
        sender.send(first + 3s + 200ms);
        result = sender.ack(first + 3s + 300ms, {{7, 7}, {5, 5}, {0, 0}});
        CHECK(sender.events == " acked 7 lost 6");
        CHECK_FALSE(result.persistent_congestion);
    }
    SECTION("not as long") {
        sender.send(first);
        sender.send(first + 825ms);
        sender.send(first + duration + 500ms);
        const auto result = sender.ack(first + duration + 600ms, {{3, 3}, {0, 0}});
        CHECK(sender.events == " acked 3 lost 1 lost 2");
        CHECK_FALSE(result.persistent_congestion);
    }
    SECTION("one between them arrived") {
        sender.send(first);
        sender.send(first + 500ms);
        sender.send(first + duration + 100ms);
        sender.send(first + duration + 500ms);
        const auto result = sender.ack(first + duration + 600ms, {{4, 4}, {2, 2}, {0, 0}});
        CHECK(sender.events == " acked 2 acked 4 lost 1 lost 3");
        CHECK_FALSE(result.persistent_congestion);
    }
    SECTION("found in two steps, with nothing that arrived between") {
        sender.send(first);
        sender.send(first + 200ms);
        sender.send(first + duration + 100ms);
        sender.send(first + duration + 110ms);
        auto result = sender.ack(first + duration + 210ms, {{4, 4}, {0, 0}});
        CHECK(sender.events == " acked 4 lost 1 lost 2");
        CHECK_FALSE(result.persistent_congestion);
        REQUIRE(sender.detector.next_timeout());
        CHECK(sender.timeout(*sender.detector.next_timeout()).persistent_congestion);
        CHECK(sender.events == " lost 3");
    }
    SECTION("packets from before the first sample do not count") {
        Sender fresh;
        fresh.send(kStart);
        fresh.send(kStart + 5s);
        fresh.send(kStart + 6s);
        const auto result = fresh.ack(kStart + 6s + 100ms, {{2, 2}});
        CHECK(fresh.events == " acked 2 lost 0 lost 1");
        CHECK_FALSE(result.persistent_congestion);
    }
    SECTION("MTU probes do not count") {
        sender.send(first, 1, true, true);
        sender.send(first + duration + 100ms);
        sender.send(first + duration + 500ms);
        const auto result = sender.ack(first + duration + 600ms, {{3, 3}, {0, 0}});
        CHECK(sender.events == " acked 3 lost 1 lost 2");
        CHECK_FALSE(result.persistent_congestion);
    }
}

TEST_CASE("what is lost is remembered for some round trips, and not for ever",
          "[rudp][loss_detector]") {
    Sender sender;
    sender.send(kStart, 4);
    sender.ack(kStart + 100ms, {{1, 3}});
    CHECK(sender.events == " acked 1 acked 2 acked 3 lost 0");
    CHECK(sender.packets.oldest() == 0);
    sender.send(kStart + 300ms);
    sender.ack(kStart + 400ms, {{1, 4}});
    CHECK(sender.packets.oldest() == 0);
    sender.send(kStart + 600ms);
    sender.ack(kStart + 700ms, {{1, 5}});
    CHECK(sender.packets.oldest() == 6);
    const auto result = sender.ack(kStart + 710ms, {{0, 5}});
    CHECK_FALSE(result.any_new);
    CHECK(sender.events.empty());
}

TEST_CASE("old ranges cost nothing", "[rudp][loss_detector]") {
    // Every acknowledgement repeats up to 200 000 packets: walked one by one it would take minutes.
    Sender sender;
    sender.send(kStart);
    constexpr std::uint64_t kPackets = 200'000;
    auto now = kStart;
    std::uint64_t acked = 0;
    for (std::uint64_t i = 1; i < kPackets; i += 2) {
        now += 1us;
        sender.send(now, 2);
        sender.events.clear();
        const auto frame = i < 3 ? sender.frame({{i, i + 1}}) : sender.frame({{1, i + 1}});
        const auto result = sender.detector.on_ack(frame, now + 100ms, sender);
        REQUIRE(result);
        acked += result->acked_bytes;
    }
    CHECK(acked == kPackets * kBytes);
}
