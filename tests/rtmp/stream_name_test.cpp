#include "streamkit/rtmp/stream_name.hpp"

#include "support/catch.hpp"

namespace streamkit::rtmp {
namespace {

struct Case {
    const char* name;
    const char* app;
    const char* tc_url;
    const char* stream;
    StreamName expected;
};

const Case kCases[] = {
    {"plain", "live", "rtmp://h/live", "key", {"live", "key", ""}},
    {"instance in the application",
     "live/inst",
     "rtmp://h/live/inst",
     "key",
     {"live/inst", "key", ""}},
    {"slash in the name", "live", "rtmp://h/live", "inst/key", {"live/inst", "key", ""}},
    {"empty key of OBS", "live/key", "rtmp://h/live/key", "", {"live", "key", ""}},
    {"empty application", "", "rtmp://h/", "live/key", {"live", "key", ""}},
    {"application only in tcUrl", "", "rtmp://h:1935/live", "key", {"live", "key", ""}},
    {"tcUrl is no URL", "live", "?", "key", {"live", "key", ""}},
    {"query on the name",
     "live",
     "rtmp://h/live",
     "key?token=a&b=c",
     {"live", "key", "token=a&b=c"}},
    {"query on the application",
     "live?token=a",
     "rtmp://h/live?token=a",
     "key",
     {"live", "key", "token=a"}},
    {"query in tcUrl only", "live", "rtmp://h/live?token=a", "key", {"live", "key", "token=a"}},
    {"query on both sides", "live?a=1", "", "key?b=2", {"live", "key", "a=1&b=2"}},
    {"needless slashes", "/live/", "", "//key/", {"live", "key", ""}},
    {"percent-encoded", "li%76e", "", "caf%C3%A9%201", {"live", "caf\xC3\xA9 1", ""}},
    {"UTF-8", "live", "", "\xE6\x97\xA5\xE6\x9C\xAC", {"live", "\xE6\x97\xA5\xE6\x9C\xAC", ""}},
    {"a percent sign that encodes nothing", "live", "", "100%", {"live", "100%", ""}},
    {"quotes and XML", "live", "", "\"<a>&'", {"live", "\"<a>&'", ""}},
    {"type in front of the name", "live", "", "mp4:clip.mp4", {"live", "clip.mp4", ""}},
};

TEST_CASE("names are parsed as URLs are", "[rtmp][name]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto app = AppName::parse(c.app, c.tc_url);
        REQUIRE(app);
        const auto stream = StreamName::parse(*app, c.stream);
        REQUIRE(stream);
        CHECK(stream->app == c.expected.app);
        CHECK(stream->name == c.expected.name);
        CHECK(stream->query == c.expected.query);
    }
    CHECK(StreamName{"live", "key", "t"}.path() == "live/key");
}

TEST_CASE("names that could do harm are refused with a reason", "[rtmp][name]") {
    using namespace std::string_literals;
    struct BadCase {
        const char* name;
        std::string stream;
        Errc errc;
    };
    const BadCase cases[] = {
        {"no name", "", Errc::empty_stream_name},
        {"only slashes", "//", Errc::empty_stream_name},
        {"parent", "../key", Errc::stream_name_dot_segment},
        {"encoded parent", "%2e%2E/key", Errc::stream_name_dot_segment},
        {"encoded slash in front of a parent", "a%2f..", Errc::stream_name_dot_segment},
        {"dot", "./key", Errc::stream_name_dot_segment},
        {"backslash", "..\\key", Errc::stream_name_dot_segment},
        {"NUL", "a\0b"s, Errc::stream_name_control_character},
        {"encoded NUL", "a%00b", Errc::stream_name_control_character},
        {"line break", "a\r\nb", Errc::stream_name_control_character},
        {"invalid UTF-8", "a\xff", Errc::stream_name_not_utf8},
        {"encoded invalid UTF-8", "a%ff", Errc::stream_name_not_utf8},
        {"64 KB", std::string(65536, 'x'), Errc::stream_name_too_long},
        {"one byte too long", std::string(513, 'x'), Errc::stream_name_too_long},
        {"too long with its application", std::string(510, 'x'), Errc::stream_name_too_long},
        {"long query", "key?" + std::string(4097, 'x'), Errc::stream_name_too_long},
        {"line break in the query", "key?a\nb", Errc::stream_name_control_character},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const auto stream = StreamName::parse({"live", ""}, c.stream);
        REQUIRE_FALSE(stream);
        CHECK(stream.error().code == c.errc);
    }
    CHECK(AppName::parse("../etc", "").error().code == Errc::stream_name_dot_segment);
    CHECK(AppName::parse("", "rtmp://h/%2e%2e").error().code == Errc::stream_name_dot_segment);
    CHECK(StreamName::parse({"", ""}, "key").error().code == Errc::empty_stream_name);
}

}  // namespace
}  // namespace streamkit::rtmp
