#include "streamkit/base/timestamp.hpp"

#include <limits>

#include "support/catch.hpp"

using namespace streamkit;

TEST_CASE("rescale rounds to the nearest tick, halves away from zero", "[base]") {
    struct Case {
        std::int64_t ticks;
        std::uint32_t from, to;
        std::int64_t expected;
    };
    const Case cases[] = {
        {1001, 30000, 90000, 3003},
        {1, 1000, 90000, 90},
        {33, 1000, 30, 1},
        {1, 2, 1, 1},
        {-1, 2, 1, -1},
        {1, 3, 1, 0},
        {-2, 3, 1, -1},
        {7, 1000, 1000, 7},
        {0, 48000, 1000, 0},
    };
    for (const auto& c : cases)
        CHECK(rescale(c.ticks, c.from, c.to) == c.expected);
}

TEST_CASE("rescale does not overflow on the way", "[base]") {
    constexpr std::int64_t kHuge = std::int64_t{1} << 53;
    CHECK(rescale(kHuge, 1000, 90000) == kHuge * 90);
    CHECK(rescale(std::numeric_limits<std::int64_t>::max(), 90000, 1) > 0);
}

TEST_CASE("timestamps compare as times, not as ticks", "[base]") {
    CHECK(Timestamp{1, 30} == Timestamp{3000, 90000});
    CHECK(Timestamp{1, 30} < Timestamp{34, 1000});
    CHECK(Timestamp{-1, 30} < Timestamp{0, 1});
    CHECK(Timestamp{33, 1000} < Timestamp{1, 30});
    CHECK(Timestamp{5, 10}.seconds() == 0.5);
    CHECK(Timestamp{1, 30}.in(90000).ticks == 3000);
}
