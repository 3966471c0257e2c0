#include "streamkit/http/date.hpp"

#include "support/catch.hpp"

namespace streamkit::http {
namespace {

using namespace std::chrono_literals;

TEST_CASE("HTTP date is written and read", "[http][date]") {
    struct Case {
        std::string_view text;
        std::chrono::seconds since_epoch;
    };
    const Case cases[] = {
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0s},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777s},  // RFC 9110, 5.6.7
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199s},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799s},
    };
    for (const auto& c : cases) {
        const WallTime time{c.since_epoch};
        CHECK(format_date(time) == c.text);
        CHECK(format_date(time + 999ms) == c.text);
        CHECK(parse_date(c.text) == time);
    }
}

TEST_CASE("HTTP date is read in the obsolete forms", "[http][date]") {
    CHECK(parse_date("Sunday, 06-Nov-94 08:49:37 GMT") == WallTime{784111777s});
    CHECK(parse_date("Sun Nov  6 08:49:37 1994") == WallTime{784111777s});
    CHECK(parse_date("Wed Nov 16 08:49:37 1994") == WallTime{784975777s});
    CHECK(parse_date("Friday, 01-Jan-69 00:00:00 GMT") == WallTime{3124224000s});  // 2069
}

TEST_CASE("HTTP date that is none is not read", "[http][date]") {
    for (const auto* text :
         {"", "Sun", "Sun,", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
          "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
          "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nox 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
          "Sun, 06 Nov 1994 08:49:-1 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:37 UTC", "Sun Nov  6 08:49:37 1994x", "1994-11-06T08:49:37Z"}) {
        INFO(text);
        CHECK_FALSE(parse_date(text).has_value());
    }
}

}  // namespace
}  // namespace streamkit::http
