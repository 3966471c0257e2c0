#include "rate_meter.hpp"

#include "publisher.hpp"
#include "support/catch.hpp"

namespace streamkit::live {

using namespace test;
using streamkit::test::Approx;

TEST_CASE("the byte rate follows the last seconds", "[live][stats]") {
    ByteRate rate;
    TimePoint now{100s};
    CHECK(rate.bits_per_second(now) == 0);
    for (int i = 0; i < 100; ++i, now += 100ms)
        rate.add(1000, now);
    CHECK(rate.bits_per_second(now) == Approx(80'000));
    for (int i = 0; i < 100; ++i, now += 100ms)
        rate.add(2000, now);
    CHECK(rate.bits_per_second(now) == Approx(160'000));
    CHECK(rate.bits_per_second(now + 2s) == Approx(160'000 * 3 / 5.0));
    CHECK(rate.bits_per_second(now + 10s) == 0);
}

TEST_CASE("a young byte rate counts the time since its start", "[live][stats]") {
    ByteRate rate;
    rate.add(1000, TimePoint{100s});
    rate.add(1000, TimePoint{101s});
    CHECK(rate.bits_per_second(TimePoint{102s}) == Approx(8000));
}

TEST_CASE("the frame rate follows the media time, whatever the speed of arrival", "[live][stats]") {
    FrameRate rate;
    CHECK(rate.per_second() == 0);
    for (int i = 0; i < 500; ++i)
        rate.add({i * 1001, 30'000});
    CHECK(rate.per_second() == Approx(30'000 / 1001.0));
    rate.add({0, 1000});  // a jump: anew
    CHECK(rate.per_second() == 0);
    rate.add({20, 1000});
    CHECK(rate.per_second() == Approx(50));
}

}  // namespace streamkit::live
