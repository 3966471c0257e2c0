#include "streamkit/cmaf/event_schedule.hpp"

#include <string>
#include <vector>

#include "streamkit/cmaf/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::cmaf {
namespace {

using namespace std::chrono_literals;

const WallTime kStart = std::chrono::sys_days{std::chrono::year{2024} / 1 / 2} + 5s;  // 86 405 s

TimedEvent event(std::int64_t time_ms, std::int64_t duration_ms = 10'000, std::uint32_t id = 0) {
    return {"urn:x", "1", id, {time_ms, 1000}, {duration_ms, 1000}, test::text("m")};
}

std::vector<std::uint32_t> ids(const std::vector<EventSchedule::Event>& events) {
    std::vector<std::uint32_t> out;
    for (const auto& e : events)
        out.push_back(e->event.id);
    return out;
}

TEST_CASE("ids start at the seconds since 2024 and grow by one", "[cmaf][events]") {
    EventSchedule schedule{kStart};
    CHECK((*schedule.add(event(0), kStart))->event.id == 86'405);
    CHECK((*schedule.add(event(0), kStart))->event.id == 86'406);
    schedule.begin_presentation();
    CHECK((*schedule.add(event(0), kStart))->event.id == 86'407);

    EventSchedule wrong_clock{WallTime{}};
    CHECK((*wrong_clock.add(event(0), WallTime{}))->event.id == 1);
}

TEST_CASE("an id of the caller's own is kept and never used twice", "[cmaf][events]") {
    EventSchedule schedule{kStart};
    CHECK((*schedule.add(event(0, 1, 86'406), kStart))->event.id == 86'406);
    CHECK((*schedule.add(event(0), kStart))->event.id == 86'405);
    CHECK((*schedule.add(event(0), kStart))->event.id == 86'407);
    CHECK(schedule.add(event(5, 1, 86'406), kStart).error().code == Errc::event_id_taken);
    CHECK(schedule.contains(event(9, 9, 86'406)));
    auto other_value = event(0, 1, 86'406);
    other_value.value = std::string{"2"};  // GCC 12 warns of the literal, in vain (PR 105329)
    CHECK_FALSE(schedule.contains(other_value));
}

TEST_CASE("events are sorted by time, then id; the history by arrival", "[cmaf][events]") {
    EventSchedule schedule{kStart};
    for (const auto& [time, id] : {std::pair{500, 4U}, {100, 9U}, {500, 3U}, {0, 8U}}) {
        REQUIRE(schedule.add(event(time, 1, id), kStart));
    }
    CHECK(ids(schedule.scheduled()) == std::vector<std::uint32_t>{8, 9, 3, 4});
    CHECK(ids(schedule.all()) == std::vector<std::uint32_t>{4, 9, 3, 8});
    CHECK(schedule.all()[2]->sequence == 2);
    schedule.begin_presentation();
    CHECK(schedule.scheduled().empty());
    CHECK(schedule.all().size() == 4);
}

TEST_CASE("times are rounded to ms and durations are never 0", "[cmaf][events]") {
    EventSchedule schedule{kStart};
    auto fine = event(0);
    fine.time = {30'015, 30'000};
    fine.duration = {1, 90'000};
    const auto added = *schedule.add(fine, kStart);
    CHECK(added->event.time.timescale == 1000);
    CHECK(added->event.time.ticks == 1001);
    CHECK(added->event.duration.ticks == 1);
}

TEST_CASE("an event leaves when it has ended and was posted a window ago", "[cmaf][events]") {
    EventSchedule schedule{kStart};
    REQUIRE(schedule.add(event(0, 5000, 1), kStart));
    REQUIRE(schedule.add(event(0, 90'000, 2), kStart));           // still running
    REQUIRE(schedule.add(event(0, 5000, 3), kStart + 30s));       // posted late
    REQUIRE(schedule.add(event(100'000, 5000, 4), kStart));       // to come
    CHECK_FALSE(schedule.trim({5000, 1000}, 60s, kStart + 61s));  // ends where the window begins
    CHECK_FALSE(schedule.trim({6000, 1000}, 60s, kStart + 60s));
    CHECK(schedule.trim({6000, 1000}, 60s, kStart + 61s));
    CHECK(ids(schedule.scheduled()) == std::vector<std::uint32_t>{2, 3, 4});
    CHECK(schedule.trim({6000, 1000}, 60s, kStart + 91s));
    CHECK(ids(schedule.scheduled()) == std::vector<std::uint32_t>{2, 4});
    CHECK(schedule.all().size() == 4);
}

TEST_CASE("the schedule is bounded in number and bytes, oldest out", "[cmaf][events]") {
    EventSchedule few{kStart, {.max_events = 3}};
    for (std::uint32_t id = 1; id <= 5; ++id)
        REQUIRE(few.add(event(100 - id, 1, id), kStart));
    CHECK(ids(few.all()) == std::vector<std::uint32_t>{3, 4, 5});
    CHECK(ids(few.scheduled()) == std::vector<std::uint32_t>{5, 4, 3});

    EventSchedule small{kStart, {.max_total_bytes = 30, .max_event_bytes = 20}};
    for (std::uint32_t id = 1; id <= 5; ++id)
        REQUIRE(small.add(event(0, 1, id), kStart));
    CHECK(ids(small.all()) == std::vector<std::uint32_t>{2, 3, 4, 5});  // 7 bytes each
    auto large = event(0);
    large.message = Bytes(15);
    CHECK(small.add(large, kStart).error().code == Errc::event_too_large);
    CHECK(small.all().size() == 4);
}

TEST_CASE("a thousand events stay in order and unique", "[cmaf][events]") {
    EventSchedule schedule{kStart};
    for (int i = 0; i < 1000; ++i)
        REQUIRE(schedule.add(event(i * 7919 % 1000), kStart));
    const auto sorted = schedule.scheduled();
    REQUIRE(sorted.size() == 1000);
    for (std::size_t i = 0; i < 1000; ++i) {
        CHECK(sorted[i]->event.time.ticks == static_cast<std::int64_t>(i));
    }
    const auto arrived = schedule.all();
    for (std::uint32_t i = 0; i < 1000; ++i)
        CHECK(arrived[i]->event.id == 86'405 + i);
}

}  // namespace
}  // namespace streamkit::cmaf
