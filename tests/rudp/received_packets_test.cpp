#include "received_packets.hpp"

#include <set>

#include "streamkit/base/random.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart = TimePoint{} + 1h;
constexpr auto kDelay = 25ms;

ReceivedPackets from(std::uint64_t first) {
    return ReceivedPackets{{.max_ack_delay = kDelay, .first_packet_number = first}};
}

std::vector<AckRange> ranges_of(const ReceivedPackets& packets) {
    const auto ack = packets.make_ack(kStart);
    return {ack.ranges.begin(), ack.ranges.begin() + static_cast<std::ptrdiff_t>(ack.range_count)};
}

void add_all(ReceivedPackets& packets, std::initializer_list<std::uint64_t> numbers) {
    for (const auto n : numbers) {
        CHECK_FALSE(packets.is_duplicate(n));
        packets.add(n, true, Ecn::not_ect, kStart);
        CHECK(packets.is_duplicate(n));
    }
}

TEST_CASE("received packets are acknowledged as ranges, the newest first", "[rudp][received]") {
    // Where packet numbers wrap on the wire, and where they end.
    for (const std::uint64_t at :
         {std::uint64_t{0}, (std::uint64_t{1} << 32) - 10, (std::uint64_t{1} << 62) - 10}) {
        INFO("from " << at);
        auto packets = from(at);
        CHECK(packets.empty());
        CHECK(packets.next_expected() == at);

        add_all(packets, {at, at + 1, at + 2});
        CHECK(ranges_of(packets) == std::vector<AckRange>{{at, at + 2}});
        add_all(packets, {at + 5});
        CHECK(ranges_of(packets) == std::vector<AckRange>{{at + 5, at + 5}, {at, at + 2}});
        add_all(packets, {at + 9});
        CHECK(packets.next_expected() == at + 10);
        // Late ones: in a gap alone, above a range, below one, and between two.
        add_all(packets, {at + 7});
        CHECK(ranges_of(packets) ==
              std::vector<AckRange>{
                  {at + 9, at + 9}, {at + 7, at + 7}, {at + 5, at + 5}, {at, at + 2}});
        add_all(packets, {at + 3});
        add_all(packets, {at + 8});
        CHECK(ranges_of(packets) ==
              std::vector<AckRange>{{at + 7, at + 9}, {at + 5, at + 5}, {at, at + 3}});
        add_all(packets, {at + 4, at + 6});
        CHECK(ranges_of(packets) == std::vector<AckRange>{{at, at + 9}});
        CHECK(packets.next_expected() == at + 10);
    }
}

TEST_CASE("a first packet that is late leaves room below it", "[rudp][received]") {
    auto packets = from(100);
    CHECK(packets.is_duplicate(99));  // the peer began at 100
    add_all(packets, {103, 101, 100});
    CHECK(ranges_of(packets) == std::vector<AckRange>{{103, 103}, {100, 101}});
}

TEST_CASE("a packet number is taken once", "[rudp][received]") {
    auto packets = from(0);
    SeededRandom random{1};
    std::set<std::uint64_t> model;
    std::uint64_t top = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto back = random.below(300);
        const auto number = top + 3 >= back ? top + 3 - back : 0;
        const bool known = model.count(number) != 0;
        if (packets.is_duplicate(number) != known) FAIL("number " << number << ", step " << i);
        if (known) continue;
        packets.add(number, true, Ecn::not_ect, kStart);
        model.insert(number);
        top = std::max(top, number);
    }
    CHECK(packets.next_expected() == top + 1);
}

TEST_CASE("a packet older than the replay window counts as received", "[rudp][received]") {
    constexpr auto kWindow = ReceivedPackets::kReplayWindow;
    auto packets = from(0);
    add_all(packets, {0, 10});
    add_all(packets, {kWindow + 4});
    CHECK(packets.is_duplicate(4));
    CHECK_FALSE(packets.is_duplicate(5));
    CHECK(packets.is_duplicate(10));
    // Ahead by more than the window: nothing of the old is left.
    add_all(packets, {10 * kWindow});
    CHECK(packets.is_duplicate(9 * kWindow));
    for (auto n = 9 * kWindow + 1; n < 10 * kWindow; ++n) {
        if (packets.is_duplicate(n)) FAIL(n);
    }
}

TEST_CASE("numbers that were jumped over count as missing, wherever the jump begins and ends",
          "[rudp][received]") {
    constexpr auto kWindow = ReceivedPackets::kReplayWindow;
    for (const std::uint64_t from_number : {0U, 1U, 63U, 64U, 100U}) {
        for (const std::uint64_t jump : {1U, 2U, 63U, 64U, 65U, 128U, 1000U, 8000U}) {
            INFO("from " << from_number << " by " << jump);
            auto packets = from(0);
            // A full window first, so that each bit is set.
            for (std::uint64_t n = 0; n < kWindow + from_number; ++n)
                packets.add(n, true, Ecn::not_ect, kStart);
            const auto next = kWindow + from_number;
            packets.add(next + jump, true, Ecn::not_ect, kStart);
            std::uint64_t missing = 0;
            for (auto n = next; n < next + jump; ++n)
                if (!packets.is_duplicate(n)) ++missing;
            CHECK(missing == jump);
            CHECK(packets.is_duplicate(next - 1));
            CHECK(packets.is_duplicate(next + jump));
        }
    }
}

TEST_CASE("of more ranges than an ACK can name the oldest is forgotten", "[rudp][received]") {
    auto packets = from(0);
    for (std::uint64_t i = 0; i < kMaxAckRanges + 8; ++i)
        add_all(packets, {2 * i});
    auto ranges = ranges_of(packets);
    CHECK(ranges.size() == kMaxAckRanges);
    CHECK(ranges.front() == AckRange{78, 78});
    CHECK(ranges.back() == AckRange{16, 16});
    // What is late behind all of them is taken all the same, once.
    CHECK(packets.is_duplicate(14));
    CHECK_FALSE(packets.is_duplicate(13));
    add_all(packets, {13});
    CHECK(ranges_of(packets) == ranges);
    // It is told where it joins a range.
    add_all(packets, {15});
    CHECK(ranges_of(packets).back() == AckRange{15, 16});
}

TEST_CASE("ranges that the peer knows are not told again", "[rudp][received]") {
    auto packets = from(0);
    add_all(packets, {0, 1, 3, 4, 6, 9});
    packets.forget_up_to(2);
    CHECK(ranges_of(packets) == std::vector<AckRange>{{9, 9}, {6, 6}, {3, 4}});
    packets.forget_up_to(3);  // 4 is not known yet
    CHECK(ranges_of(packets) == std::vector<AckRange>{{9, 9}, {6, 6}, {3, 4}});
    packets.forget_up_to(9);  // an ACK has at least one range
    CHECK(ranges_of(packets) == std::vector<AckRange>{{9, 9}});
    CHECK(packets.is_duplicate(3));
    // A late one below is news to the peer.
    CHECK_FALSE(packets.is_duplicate(5));
    add_all(packets, {5});
    CHECK(ranges_of(packets) == std::vector<AckRange>{{9, 9}, {5, 5}});
}

TEST_CASE("every second packet is acknowledged at once, a single one after a while",
          "[rudp][received]") {
    auto packets = from(0);
    CHECK_FALSE(packets.ack_due().has_value());
    packets.add(0, true, Ecn::not_ect, kStart);
    CHECK(packets.has_unacknowledged());
    CHECK(packets.ack_due() == kStart + kDelay);
    packets.add(1, true, Ecn::not_ect, kStart + 3ms);
    CHECK(packets.ack_due() == kStart + 3ms);
    packets.add(2, true, Ecn::not_ect, kStart + 4ms);  // before the ACK could leave
    CHECK(packets.ack_due() == kStart + 3ms);
    packets.on_ack_sent();
    CHECK_FALSE(packets.has_unacknowledged());
    CHECK_FALSE(packets.ack_due().has_value());
    packets.add(3, true, Ecn::not_ect, kStart + 10ms);
    CHECK(packets.ack_due() == kStart + 10ms + kDelay);
}

TEST_CASE("packets that do not ask for an acknowledgement get none, even late or marked",
          "[rudp][received]") {
    auto packets = from(0);
    packets.add(0, false, Ecn::not_ect, kStart);
    packets.add(5, false, Ecn::ce, kStart);
    packets.add(3, false, Ecn::not_ect, kStart);
    CHECK_FALSE(packets.ack_due().has_value());
    CHECK_FALSE(packets.has_unacknowledged());
    // But they are in the one that others bring about.
    packets.add(6, true, Ecn::not_ect, kStart);
    CHECK(ranges_of(packets) == std::vector<AckRange>{{5, 6}, {3, 3}, {0, 0}});
}

TEST_CASE("a gap, a late packet and a CE mark are acknowledged at once", "[rudp][received]") {
    auto packets = from(0);
    packets.set_frequency({.sequence = 1, .packets = 100, .max_delay_us = 50'000});
    packets.add(0, true, Ecn::ect0, kStart);
    CHECK(packets.ack_due() == kStart + 50ms);
    SECTION("a gap appears") {
        packets.add(2, true, Ecn::ect0, kStart + 1ms);
        CHECK(packets.ack_due() == kStart + 1ms);
        packets.on_ack_sent();
        // It is told; what follows in order is not urgent.
        packets.add(3, true, Ecn::ect0, kStart + 2ms);
        CHECK(packets.ack_due() == kStart + 52ms);
        // It is filled.
        packets.add(1, true, Ecn::ect0, kStart + 4ms);
        CHECK(packets.ack_due() == kStart + 4ms);
    }
    SECTION("a mark") {
        packets.add(1, true, Ecn::ce, kStart + 1ms);
        CHECK(packets.ack_due() == kStart + 1ms);
    }
}

TEST_CASE("the sender sets the pace of acknowledgements", "[rudp][received]") {
    auto packets = from(0);
    std::uint64_t number = 0;
    const auto packets_per_ack = [&] {
        for (int count = 1;; ++count) {
            packets.add(number++, true, Ecn::not_ect, kStart);
            if (packets.ack_due() != kStart) continue;
            packets.on_ack_sent();
            return count;
        }
    };
    CHECK(packets_per_ack() == 2);
    packets.set_frequency({.sequence = 3, .packets = 10, .max_delay_us = 5'000});
    CHECK(packets_per_ack() == 10);
    packets.add(number++, true, Ecn::not_ect, kStart);
    CHECK(packets.ack_due() == kStart + 5ms);
    packets.on_ack_sent();
    // Sent earlier, came later.
    packets.set_frequency({.sequence = 2, .packets = 4, .max_delay_us = 5'000});
    packets.set_frequency({.sequence = 3, .packets = 4, .max_delay_us = 5'000});
    CHECK(packets_per_ack() == 10);
    packets.set_frequency({.sequence = 4, .packets = 1, .max_delay_us = 0});
    CHECK(packets_per_ack() == 1);
}

TEST_CASE("an ACK says how long ago the largest came", "[rudp][received]") {
    auto packets = from(0);
    packets.add(0, true, Ecn::not_ect, kStart);
    packets.add(2, true, Ecn::not_ect, kStart + 10ms);
    packets.add(1, true, Ecn::not_ect, kStart + 15ms);  // late: not the largest
    CHECK(packets.make_ack(kStart + 17ms).delay_us == 7'000);
    CHECK(packets.make_ack(kStart).delay_us == 0);  // never below zero
}

TEST_CASE("ECN marks are counted once there are any", "[rudp][received]") {
    auto packets = from(0);
    packets.add(0, true, Ecn::not_ect, kStart);
    CHECK_FALSE(packets.make_ack(kStart).ecn.has_value());
    packets.add(1, true, Ecn::ect0, kStart);
    packets.add(2, false, Ecn::ect0, kStart);
    packets.add(3, true, Ecn::ect1, kStart);
    packets.add(4, true, Ecn::ce, kStart);
    packets.add(5, true, Ecn::not_ect, kStart);
    CHECK(packets.ecn_counts() == EcnCounts{.ect0 = 2, .ect1 = 1, .ce = 1});
    CHECK(packets.make_ack(kStart).ecn == EcnCounts{.ect0 = 2, .ect1 = 1, .ce = 1});
}

}  // namespace
}  // namespace streamkit::rudp
