#include "streamkit/base/random.hpp"

#include <array>

#include "support/catch.hpp"

using namespace streamkit;

TEST_CASE("the same seed gives the same bytes", "[base]") {
    SeededRandom a{42};
    SeededRandom b{42};
    SeededRandom c{43};
    const auto first = a.u64();
    CHECK(first == b.u64());
    CHECK(first != c.u64());
}

TEST_CASE("bounded numbers stay under their bound and reach all of it", "[base]") {
    SeededRandom random{1};
    std::array<int, 7> counts{};
    for (int i = 0; i < 7000; ++i)
        ++counts.at(random.below(7));
    for (const auto count : counts) {
        CHECK(count > 800);
        CHECK(count < 1200);
    }
    CHECK(random.below(1) == 0);
}

TEST_CASE("a fill of any length is filled", "[base]") {
    SeededRandom random{1};
    std::array<std::uint8_t, 13> bytes{};
    random.fill(bytes);
    int zeros = 0;
    for (const auto byte : bytes)
        zeros += byte == 0;
    CHECK(zeros < 4);
}
