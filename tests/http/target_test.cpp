#include "streamkit/http/target.hpp"

#include "streamkit/http/errc.hpp"
#include "support/catch.hpp"

namespace streamkit::http {
namespace {

TEST_CASE("HTTP target is split and decoded", "[http][target]") {
    struct Case {
        std::string_view text;
        Target target;
    };
    const Case cases[] = {
        {"/", {"/", ""}},
        {"*", {"*", ""}},
        {"/live/app/manifest.mpd", {"/live/app/manifest.mpd", ""}},
        {"/a?", {"/a", ""}},
        {"/a?b=%20&c?d", {"/a", "b=%20&c?d"}},
        {"/caf%C3%A9/%7euser", {"/caf\xC3\xA9/~user", ""}},
        {"/a%2Fb", {"/a/b", ""}},
        {"//double//slash/", {"//double//slash/", ""}},
        {"/...", {"/...", ""}},
        {"/.hidden/a..b/..c", {"/.hidden/a..b/..c", ""}},
        {"http://example.org", {"/", ""}},
        {"HTTP://example.org:8080/a?b", {"/a", "b"}},
        {"https://example.org?b", {"/", "b"}},
    };
    for (const auto& c : cases) {
        INFO(c.text);
        const auto target = Target::parse(c.text);
        REQUIRE(target.has_value());
        CHECK(*target == c.target);
    }
}

TEST_CASE("HTTP target is refused where it is not safe", "[http][target]") {
    constexpr std::string_view kTexts[] = {
        "",          "a",     "?a",    "**",        "ftp://a/b",  "http://",     "http://?a",
        "http:///a", "/..",   "/../a", "/a/..",     "/a/./b",     "/%2e%2e",     "/a%2f..%2fb",
        "/a%00",     "/a%0a", "/a%7f", "/%",        "/%4",        "/%4x",        "/%c3",
        "/%c0%af",   "/a b",  "/a#b",  "/\xC3\xA9", {"/a\0b", 4}, "http://a/..",
    };
    for (const auto text : kTexts) {
        INFO(text);
        const auto target = Target::parse(text);
        REQUIRE_FALSE(target.has_value());
        CHECK(target.error().code == Errc::malformed_target);
    }
}

}  // namespace
}  // namespace streamkit::http
