#include "streamkit/dash/xs_time.hpp"

#include "streamkit/dash/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::dash;
using namespace std::chrono_literals;

TEST_CASE("xs:dateTime is written in UTC with milliseconds, and read back", "[dash][time]") {
    const struct {
        std::int64_t ms;
        const char* text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {951'782'400'000, "2000-02-29T00:00:00.000Z"},
        {1'795'179'600'123, "2026-11-20T13:00:00.123Z"},
        {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
    };
    for (const auto& c : cases) {
        INFO(c.text);
        const WallTime time{std::chrono::milliseconds{c.ms}};
        CHECK(format_date_time(time) == c.text);
        CHECK(parse_date_time(c.text) == time);
    }
}

TEST_CASE("xs:dateTime is read with any zone and any fraction", "[dash][time]") {
    const WallTime time{std::chrono::milliseconds{1'795'179'600'000}};
    CHECK(parse_date_time("2026-11-20T13:00:00Z") == time);
    CHECK(parse_date_time("2026-11-20T13:00:00") == time);
    CHECK(parse_date_time("2026-11-20T13:00:00.5Z") == time + 500ms);
    CHECK(parse_date_time("2026-11-20T13:00:00.123999Z") == time + 123ms);
    CHECK(parse_date_time("2026-11-20T14:30:00+01:30") == time);
    CHECK(parse_date_time("2026-11-20T08:00:00.25-05:00") == time + 250ms);
    CHECK(parse_date_time("2026-11-19T24:00:00Z") == time - 13h);
}

TEST_CASE("what is no xs:dateTime is refused", "[dash][time]") {
    for (const auto* text :
         {"", "2026", "2026-11-20", "2026-11-20 13:00:00Z", "2026-02-29T00:00:00Z",
          "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-11-20T24:00:01Z",
          "2026-11-20T25:00:00Z", "2026-11-20T13:60:00Z", "2026-11-20T13:00:60Z",
          "2026-11-20T13:00:00.Z", "2026-11-20T13:00:00ZZ", "2026-11-20T13:00:00+1:00",
          "2026-11-20T13:00:00+15:00", "2026-11-20T13:00:00+01:60", "-2026-11-20T13:00:00Z",
          "12026-11-20T13:00:00Z"}) {
        INFO(text);
        CHECK_FALSE(parse_date_time(text));
    }
    const std::string whole = "2026-11-20T13:00:00";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_FALSE(parse_date_time(whole.substr(0, size)));
    }
}

TEST_CASE("xs:duration is written in seconds, and read back", "[dash][time]") {
    const struct {
        std::chrono::microseconds duration;
        const char* text;
    } cases[] = {
        {0us, "PT0S"},      {1us, "PT0.000001S"},         {2s, "PT2S"},
        {1500ms, "PT1.5S"}, {7'507'508us, "PT7.507508S"}, {100ms, "PT0.1S"},
        {24h, "PT86400S"},  {60'000ms, "PT60S"},          {2'000'000h, "PT7200000000S"},
    };
    for (const auto& c : cases) {
        INFO(c.text);
        CHECK(format_duration(c.duration) == c.text);
        const auto parsed = parse_duration(c.text);
        REQUIRE(parsed);
        CHECK(*parsed == c.duration);
    }
    CHECK(format_duration(-5s) == "PT0S");
}

TEST_CASE("xs:duration is read with days, hours and minutes", "[dash][time]") {
    CHECK(*parse_duration("PT0H0M12.345678S") == 12'345'678us);  // as FFmpeg writes it
    CHECK(*parse_duration("PT1H2M3S") == 1h + 2min + 3s);
    CHECK(*parse_duration("P1DT1S") == 24h + 1s);
    CHECK(*parse_duration("P2D") == 48h);
    CHECK(*parse_duration("PT90M") == 90min);
    CHECK(*parse_duration("PT1.1234567S") == 1'123'456us);
}

TEST_CASE("what is no xs:duration is refused", "[dash][time]") {
    for (const auto* text : {"",
                             "P",
                             "PT",
                             "5",
                             "PT5",
                             "T5S",
                             "-PT5S",
                             "PT-5S",
                             "PT5S3M",
                             "PT5S5S",
                             "P5H",
                             "PT1.5H",
                             "PT1.S",
                             "PT.5S",
                             "P1DT",
                             "PT5Sx",
                             "P5Dx",
                             "PT99999999999S",
                             "PT99999999999999999999S",
                             "P999999999999D"}) {
        INFO(text);
        const auto parsed = parse_duration(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == Errc::malformed_attribute);
    }
    for (const auto* text : {"P1Y", "P1M", "P1Y2M3DT4S"}) {
        INFO(text);
        const auto parsed = parse_duration(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == Errc::unsupported_duration);
        CHECK(parsed.error().code == Failure::unsupported);
    }
}
