#include "streamkit/cmaf/timeline.hpp"

#include <cmath>
#include <set>
#include <vector>

#include "support/catch.hpp"

namespace streamkit::cmaf {
namespace {

Timestamp ms(double seconds) { return {std::llround(seconds * 1000), 1000}; }

/// The differences between the decoding times of `frames` frames, rounded to ms before.
std::set<std::int64_t> steps(VideoTimeline& timeline, double rate, int frames, int begin = 0) {
    std::set<std::int64_t> found;
    std::int64_t last = -1;
    for (int i = begin; i < begin + frames; ++i) {
        const auto time = timeline.add(ms(i / rate), ms(i / rate)).dts;
        if (i > begin) found.insert(time - last);
        last = time;
    }
    return found;
}

TEST_CASE("every usual frame rate comes out in equal steps", "[cmaf][timeline]") {
    struct Case {
        FrameRate rate;
        std::uint32_t timescale;
        std::int64_t step;
    };
    const Case kCases[] = {
        {{24000, 1001}, 24000, 1001}, {{24, 1}, 24000, 1000},         {{25, 1}, 25000, 1000},
        {{30000, 1001}, 30000, 1001}, {{30, 1}, 30000, 1000},         {{50, 1}, 50000, 1000},
        {{60000, 1001}, 60000, 1001}, {{60, 1}, 60000, 1000},         {{15, 1}, 15000, 1000},
        {{25, 2}, 25000, 2000},       {{120000, 1001}, 120000, 1001},
    };
    for (const auto& c : kCases) {
        INFO(c.rate.numerator << "/" << c.rate.denominator);
        VideoTimeline timeline{c.rate};
        CHECK(timeline.timescale() == c.timescale);
        // an hour, so that a wrong rate would show
        CHECK(steps(timeline, c.rate.per_second(), static_cast<int>(c.rate.per_second() * 3600)) ==
              std::set{c.step});
        CHECK(timeline.off_grid() == 0);
    }
}

TEST_CASE("an encoder's fraction is taken for the usual rate beside it", "[cmaf][timeline]") {
    CHECK(frame_rate(60, 2) == FrameRate{30, 1});
    CHECK(frame_rate(2'997'000, 100'000) == FrameRate{30000, 1001});
    CHECK(frame_rate(10'000'000, 333'333) == FrameRate{30, 1});
    CHECK(frame_rate(23'976, 1000) == FrameRate{24000, 1001});
    CHECK(frame_rate(18, 1) == FrameRate{18, 1});
    CHECK_FALSE(frame_rate(0, 1).known());
    CHECK_FALSE(frame_rate(1, 0).known());
    CHECK_FALSE(frame_rate(2000, 2).known());  // 1000 a second: a clock, no frame rate
    CHECK_FALSE(frame_rate(1, 100).known());
    CHECK_FALSE(frame_rate(1'300'021, 50'000).known());  // no timescale for it
}

TEST_CASE("a frame rate is measured from the first frames", "[cmaf][timeline]") {
    for (const auto rate : {24.0, 25.0, 30.0, 50.0, 60.0, 15.0}) {
        std::vector<std::int64_t> times;
        for (int i = 0; i < 12; ++i)
            times.push_back(ms(7 + i / rate).ticks);
        CHECK(measure_frame_rate(times, 1000) == FrameRate{static_cast<std::uint32_t>(rate), 1});
    }
    CHECK_FALSE(measure_frame_rate(std::vector<std::int64_t>{0, 33}, 1000).known());
    CHECK_FALSE(measure_frame_rate(std::vector<std::int64_t>{0, 33, 100, 133}, 1000).known());
    CHECK_FALSE(measure_frame_rate(std::vector<std::int64_t>{0, 33, 33, 66}, 1000).known());
}

TEST_CASE("30 that is really 30000/1001 is tuned within seconds", "[cmaf][timeline]") {
    VideoTimeline timeline{FrameRate{30, 1}};
    static_cast<void>(steps(timeline, 30000 / 1001.0, 200));
    const auto before = timeline.off_grid();
    CHECK(before < 10);
    CHECK(steps(timeline, 30000 / 1001.0, 100'000, 200) == std::set<std::int64_t>{1001});
    CHECK(timeline.off_grid() == before);
}

TEST_CASE("an encoder that says double its rate is tuned too", "[cmaf][timeline]") {
    VideoTimeline timeline{FrameRate{60, 1}};
    CHECK(steps(timeline, 30, 1000) == std::set<std::int64_t>{2000});
    CHECK(timeline.frame_duration() == 2000);
}

TEST_CASE("jitter below 1 ms is absorbed and a variable rate passes", "[cmaf][timeline]") {
    VideoTimeline timeline{FrameRate{30, 1}};
    const std::int64_t raw[] = {0, 33, 67, 100, 133, 180, 213, 247};
    const std::int64_t placed[] = {0, 1000, 2000, 3000, 4000, 5400, 6400, 7400};
    for (std::size_t i = 0; i < std::size(raw); ++i) {
        CHECK(timeline.add({raw[i], 1000}, {raw[i], 1000}).dts == placed[i]);
    }
    CHECK(timeline.off_grid() == 1);

    VideoTimeline unknown{FrameRate{}};
    CHECK(unknown.timescale() == 90000);
    CHECK(unknown.add({0, 1000}, {0, 1000}).dts == 0);
    CHECK(unknown.add({41, 1000}, {41, 1000}).dts == 3690);
    CHECK(unknown.add({57, 1000}, {157, 1000}).pts == 14130);
}

TEST_CASE("a lost frame leaves a step of two", "[cmaf][timeline]") {
    VideoTimeline timeline{FrameRate{25, 1}};
    CHECK(timeline.add({0, 1000}, {0, 1000}).dts == 0);
    CHECK(timeline.add({80, 1000}, {80, 1000}).dts == 2000);
    CHECK(timeline.off_grid() == 0);
}

TEST_CASE("composition offsets are whole frames", "[cmaf][timeline]") {
    VideoTimeline timeline{FrameRate{30, 1}};
    // ffmpeg's FLV: 67, 100 and 33 ms stand for 2, 3 and 1 frames
    CHECK(timeline.add({0, 1000}, {67, 1000}).pts == 2000);
    CHECK(timeline.add({34, 1000}, {134, 1000}).pts == 4000);
    CHECK(timeline.add({67, 1000}, {100, 1000}).pts == 3000);
    CHECK(timeline.add({100, 1000}, {67, 1000}).pts == 2000);
    CHECK(timeline.add({133, 1000}, {99'000, 1000}).pts == 4000);  // not believed
}

TEST_CASE("decoding times always grow", "[cmaf][timeline]") {
    VideoTimeline timeline{FrameRate{30, 1}};
    std::int64_t last = timeline.add({1000, 1000}, {1000, 1000}).dts;
    for (int i = 1; i < 40; ++i) {  // 500 ms back, then on
        const auto time = timeline.add({500 + i * 100 / 3, 1000}, {500, 1000}).dts;
        CHECK(time - last >= 500);
        last = time;
    }
    CHECK(timeline.add({2500, 1000}, {2500, 1000}).dts == 75000);
}

TEST_CASE("audio is put on the grid of its samples", "[cmaf][timeline]") {
    for (const std::uint32_t rate : {44100U, 48000U, 22050U}) {
        AudioTimeline timeline{rate, 1024};
        std::int64_t last = timeline.add({5, 1000});
        for (int i = 1; i < 100'000; ++i) {
            const auto time = timeline.add(ms(0.005 + i * 1024.0 / rate));
            if (time - last != 1024) FAIL("step of " << time - last);
            last = time;
        }
        CHECK(timeline.off_grid() == 0);
    }
}

TEST_CASE("audio absorbs less than a frame and keeps a gap", "[cmaf][timeline]") {
    AudioTimeline timeline{48000, 1024};
    CHECK(timeline.add({0, 1000}) == 0);
    CHECK(timeline.add({40, 1000}) == 1024);   // 18 ms late
    CHECK(timeline.add({30, 1000}) == 2048);   // 12 ms early
    CHECK(timeline.add({100, 1000}) == 4800);  // a gap
    CHECK(timeline.add({50, 1000}) == 5312);   // 71 ms early: half a frame
    CHECK(timeline.off_grid() == 2);
}

}  // namespace
}  // namespace streamkit::cmaf
