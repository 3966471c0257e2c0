#include "streamkit/dash/mpd.hpp"

#include "streamkit/dash/errc.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::dash;

namespace {

using Timeline = std::vector<TimelineEntry>;
using Segments = std::vector<TimelineSegment>;

std::error_code unfold_error(const Timeline& timeline,
                             std::optional<std::uint64_t> end = std::nullopt) {
    const auto segments = unfold_timeline(timeline, end);
    REQUIRE_FALSE(segments);
    return segments.error().code;
}

}  // namespace

TEST_CASE("a timeline folds equal durations, and unfolds to the same segments",
          "[dash][timeline]") {
    const struct {
        const char* name;
        Segments segments;
        Timeline timeline;
    } cases[] = {
        {"none", {}, {}},
        {"one at zero", {{0, 10}}, {{0, 10, 0}}},
        {"three of one duration", {{5, 10}, {15, 10}, {25, 10}}, {{5, 10, 2}}},
        {"durations that change",
         {{5, 10}, {15, 10}, {25, 7}, {32, 10}},
         {{5, 10, 1}, {std::nullopt, 7, 0}, {std::nullopt, 10, 0}}},
        {"a gap", {{0, 10}, {10, 10}, {30, 10}}, {{0, 10, 1}, {30, 10, 0}}},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(fold_timeline(c.segments) == c.timeline);
        const auto unfolded = unfold_timeline(c.timeline);
        REQUIRE(unfolded);
        CHECK(*unfolded == c.segments);
    }
}

TEST_CASE("an open timeline entry runs to the next one, or to the end", "[dash][timeline]") {
    CHECK(*unfold_timeline({{0, 10, -1}, {30, 5, 0}}) ==
          Segments{{0, 10}, {10, 10}, {20, 10}, {30, 5}});
    CHECK(*unfold_timeline({{0, 10, -1}, {25, 5, 0}}) ==
          Segments{{0, 10}, {10, 10}, {20, 10}, {25, 5}});
    CHECK(*unfold_timeline({{0, 10, -1}}, 21) == Segments{{0, 10}, {10, 10}, {20, 10}});
    CHECK(*unfold_timeline({{0, 10, -1}}, 20) == Segments{{0, 10}, {10, 10}});
    CHECK(unfold_error({{0, 10, -1}}) == Errc::malformed_timeline);
    CHECK(unfold_error({{20, 10, -1}}, 20) == Errc::malformed_timeline);
    CHECK(unfold_error({{0, 10, -1}, {std::nullopt, 5, 0}}) == Errc::malformed_timeline);
}

TEST_CASE("timelines that cannot be are refused before they take memory", "[dash][timeline]") {
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    CHECK(unfold_error({{0, 0, 0}}) == Errc::malformed_timeline);
    CHECK(unfold_error({{0, 10, 1}, {19, 10, 0}}) == Errc::malformed_timeline);
    CHECK(unfold_error({{0, 1, kMax}}) == Errc::too_many_elements);
    CHECK(unfold_error({{0, 1, 999'999}, {std::nullopt, 1, 0}}) == Errc::too_many_elements);
    CHECK(unfold_error({{0, 1, -1}}, kMax) == Errc::too_many_elements);
    CHECK(unfold_error({{std::uint64_t{1} << 63, 1, 0}}) == Errc::malformed_timeline);
    CHECK(unfold_error({{0, std::uint64_t{1} << 63, 0}}) == Errc::malformed_timeline);
    CHECK(unfold_error({{0, kMax, 1}}) == Errc::malformed_timeline);
    CHECK(unfold_error({{kMax, 1, 0}}) == Errc::malformed_timeline);
}

TEST_CASE("templates of file names", "[dash][template]") {
    Representation r;
    r.id = "v1";
    r.bandwidth = 900'000;
    const struct {
        const char* text;
        const char* name;
    } cases[] = {
        {"p-1-$Time$.m4s", "p-1-4711.m4s"},
        {"$RepresentationID$/$Bandwidth$/$Number$.m4s", "v1/900000/12.m4s"},
        {"$RepresentationID$-$Number%05d$-$Time%02d$", "v1-00012-4711"},
        {"plain.mp4", "plain.mp4"},
        {"", ""},
        {"5$$", "5$"},
        {"$$Time$$", "$Time$"},
        {"$Unknown$", "$Unknown$"},
        {"$Number%x$", "$Number%x$"},
        {"$Number%d$", "$Number%d$"},
        {"$Number%099d$", "$Number%099d$"},
        {"$RepresentationID%02d$", "$RepresentationID%02d$"},
        {"open $Time", "open $Time"},
        {"$", "$"},
    };
    for (const auto& c : cases) {
        INFO(c.text);
        CHECK(expand_template(c.text, r, 4711, 12) == c.name);
    }
}
