#include "byte_ranges.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include "streamkit/base/random.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::rudp;

namespace {

using Range = ByteRanges::Range;

std::vector<Range> all(const ByteRanges& set) { return {set.all().begin(), set.all().end()}; }

}  // namespace

TEST_CASE("byte ranges join what touches", "[rudp][byte_ranges]") {
    ByteRanges set;
    CHECK(set.empty());
    CHECK(set.add(10, 20) == 10);
    CHECK(set.add(30, 40) == 10);
    CHECK(set.add(30, 30) == 0);
    CHECK(set.add(20, 25) == 5);
    CHECK(all(set) == std::vector<Range>{{10, 25}, {30, 40}});
    CHECK(set.add(0, 5) == 5);
    CHECK(set.add(12, 13) == 0);
    CHECK(all(set) == std::vector<Range>{{0, 5}, {10, 25}, {30, 40}});
    CHECK(set.add(5, 10) == 5);
    CHECK(all(set) == std::vector<Range>{{0, 25}, {30, 40}});
    CHECK(set.add(1, 50) == 15);
    CHECK(all(set) == std::vector<Range>{{0, 50}});
    CHECK(set.bytes() == 50);
    CHECK(set.front() == Range{0, 50});
}

TEST_CASE("byte ranges are split by what is removed", "[rudp][byte_ranges]") {
    ByteRanges set;
    set.add(0, 100);
    set.remove(40, 60);
    CHECK(all(set) == std::vector<Range>{{0, 40}, {60, 100}});
    set.remove(30, 70);
    CHECK(all(set) == std::vector<Range>{{0, 30}, {70, 100}});
    set.remove(0, 10);
    set.remove(90, 200);
    CHECK(all(set) == std::vector<Range>{{10, 30}, {70, 90}});
    CHECK(set.bytes() == 40);
    set.remove(50, 50);
    set.remove(40, 60);
    set.remove(90, 95);
    CHECK(set.count() == 2);
    set.remove(0, 1000);
    CHECK(set.empty());
    CHECK(set.bytes() == 0);
    set.remove(0, 10);
    CHECK(set.add(5, 6) == 1);
}

TEST_CASE("byte ranges tell what they hold and what not", "[rudp][byte_ranges]") {
    ByteRanges set;
    set.add(10, 20);
    set.add(30, 40);
    CHECK(set.contains(10, 20));
    CHECK(set.contains(12, 12));
    CHECK_FALSE(set.contains(9, 11));
    CHECK_FALSE(set.contains(15, 35));
    CHECK(set.overlapping(0, 10).empty());
    CHECK(set.overlapping(19, 31).size() == 2);
    CHECK(set.overlapping(20, 30).empty());

    std::vector<Range> gaps;
    set.for_each_gap(0, 50, [&](std::uint64_t from, std::uint64_t to) {
        gaps.push_back({from, to});
    });
    CHECK(gaps == std::vector<Range>{{0, 10}, {20, 30}, {40, 50}});
    gaps.clear();
    set.for_each_gap(12, 18, [&](std::uint64_t from, std::uint64_t to) {
        gaps.push_back({from, to});
    });
    set.for_each_gap(35, 35, [&](std::uint64_t from, std::uint64_t to) {
        gaps.push_back({from, to});
    });
    CHECK(gaps.empty());
    set.for_each_gap(15, 32, [&](std::uint64_t from, std::uint64_t to) {
        gaps.push_back({from, to});
    });
    CHECK(gaps == std::vector<Range>{{20, 30}});
}

TEST_CASE("byte ranges do as a table of bytes does", "[rudp][byte_ranges]") {
    constexpr std::size_t kBytes = 400;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        INFO("seed " << seed);
        SeededRandom random{seed};
        const auto base = seed % 3 == 0 ? (std::uint64_t{1} << 62) - kBytes : seed * 1'000;
        ByteRanges set;
        std::array<bool, kBytes> model{};
        for (int step = 0; step < 400; ++step) {
            const auto from = random.below(kBytes);
            const auto to = std::min<std::uint64_t>(kBytes, from + random.below(seed % 2 ? 6 : 60));
            const bool add = random.below(100) < (step / 100 % 2 == 0 ? 80 : 20);
            std::uint64_t changed = 0;
            for (auto i = from; i < to; ++i) {
                changed += model[i] != add;
                model[i] = add;
            }
            if (add) {
                REQUIRE(set.add(base + from, base + to) == changed);
            } else {
                set.remove(base + from, base + to);
            }
            std::vector<Range> expected;
            std::uint64_t bytes = 0;
            for (std::uint64_t i = 0; i < kBytes; ++i) {
                if (!model[i]) continue;
                ++bytes;
                if (!expected.empty() && expected.back().end == base + i) {
                    ++expected.back().end;
                } else {
                    expected.push_back({base + i, base + i + 1});
                }
            }
            REQUIRE(all(set) == expected);
            REQUIRE(set.bytes() == bytes);
            REQUIRE(set.count() == expected.size());
            bool holds = true;
            for (auto i = from; i < to; ++i)
                holds = holds && model[i];
            REQUIRE(set.contains(base + from, base + to) == holds);
        }
    }
}
