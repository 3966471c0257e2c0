#include "streamkit/file/media_map.hpp"

#include "streamkit/base/random.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::file;
using std::chrono::seconds;

namespace {

Entry film(std::uint64_t size, milliseconds duration, std::uint64_t bit_rate = 0) {
    Entry out;
    out.size = size;
    out.duration = duration;
    out.bit_rate = bit_rate;
    return out;
}

}  // namespace

TEST_CASE("a map goes by the mean rate at first", "[file][media_map]") {
    const MediaMap map{film(1'000'000, seconds{100})};
    CHECK(map.known());
    CHECK(map.bit_rate() == 80'000);
    CHECK(map.offset_at(milliseconds{0}) == 0);
    CHECK(map.offset_at(milliseconds{-5}) == 0);
    CHECK(map.offset_at(seconds{25}) == 250'000);
    CHECK(map.offset_at(seconds{100}) == 1'000'000);
    CHECK(map.offset_at(kMaxDuration) == 1'000'000);
    CHECK(map.time_at(0) == seconds{0});
    CHECK(map.time_at(250'000) == seconds{25});
    CHECK(map.time_at(UINT64_MAX) == seconds{100});
}

TEST_CASE("a map of a file without duration goes by its bit rate", "[file][media_map]") {
    const MediaMap map{film(1'000'000, seconds{0}, 80'000)};
    CHECK(map.offset_at(seconds{50}) == 500'000);
    CHECK(MediaMap{film(kMaxFileBytes, seconds{0}, 1)}.time_at(UINT64_MAX) == kMaxDuration);
}

TEST_CASE("a map of which nothing is known says so", "[file][media_map]") {
    for (const auto& entry :
         {film(1000, seconds{0}), film(0, seconds{10}), film(0, seconds{0}, 5)}) {
        MediaMap map{entry};
        CHECK_FALSE(map.known());
        CHECK(map.bit_rate() == 0);
        CHECK(map.offset_at(seconds{1}) == entry.size);
        CHECK(map.time_at(500) == seconds{0});
        CHECK_FALSE(map.add(seconds{1}, 10));
    }
}

TEST_CASE("points make a map follow the file", "[file][media_map]") {
    MediaMap map{film(1'000'000, seconds{100})};
    CHECK(map.add(seconds{50}, 800'000));
    CHECK(map.offset_at(seconds{25}) == 400'000);
    CHECK(map.offset_at(seconds{75}) == 900'000);
    CHECK(map.time_at(400'000) == seconds{25});
    CHECK(map.time_at(900'000) == seconds{75});
    CHECK(map.bit_rate() == 80'000);

    SECTION("those that contradict it are not taken") {
        CHECK_FALSE(map.add(seconds{50}, 800'000));
        CHECK_FALSE(map.add(seconds{50}, 700'000));
        CHECK_FALSE(map.add(seconds{60}, 800'000));
        CHECK_FALSE(map.add(seconds{60}, 700'000));
        CHECK_FALSE(map.add(seconds{40}, 800'000));
        CHECK_FALSE(map.add(seconds{40}, 0));
        CHECK_FALSE(map.add(seconds{0}, 10));
        CHECK_FALSE(map.add(seconds{-1}, 10));
        CHECK_FALSE(map.add(seconds{100}, 900'000));
        CHECK_FALSE(map.add(seconds{60}, 1'000'000));
        CHECK(map.offset_at(seconds{75}) == 900'000);
    }
}

TEST_CASE("both ways through a map meet", "[file][media_map]") {
    const std::uint64_t seed = 4711;
    INFO("seed " << seed);
    SeededRandom random{seed};
    MediaMap map{film(std::uint64_t{4} << 30, seconds{7200})};
    for (int i = 0; i < 1000; ++i) {
        map.add(milliseconds{static_cast<std::int64_t>(random.below(7'200'000))},
                random.below(std::uint64_t{4} << 30));
    }
    milliseconds last{-1};
    for (std::uint64_t offset = 0; offset < std::uint64_t{4} << 30; offset += 9'999'991) {
        const auto time = map.time_at(offset);
        CHECK(time >= last);
        last = time;
        CHECK(map.offset_at(time) <= offset);
        CHECK(map.offset_at(time + milliseconds{2}) >= offset);
    }
}
