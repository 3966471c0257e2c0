#include "streamkit/base/utf8.hpp"

#include "support/catch.hpp"

using namespace streamkit;

TEST_CASE("valid UTF-8 is accepted in every length", "[base]") {
    for (const char* text :
         {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
          "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        CHECK(is_valid_utf8(text));
    }
    CHECK(is_valid_utf8(std::string_view{"\0", 1}));
}

TEST_CASE("invalid UTF-8 is found at its first bad byte", "[base]") {
    struct Case {
        const char* name;
        std::string_view text;
        std::size_t prefix;
    };
    const Case cases[] = {
        {"stray continuation", "a\x80", 1},          {"overlong two", "\xc0\xaf", 0},
        {"overlong three", "\xe0\x9f\xbf", 0},       {"overlong four", "\xf0\x8f\xbf\xbf", 0},
        {"surrogate", "ab\xed\xa0\x80", 2},          {"above U+10FFFF", "\xf4\x90\x80\x80", 0},
        {"five bytes", "\xf8\x88\x80\x80\x80", 0},   {"cut short", "x\xe2\x82", 1},
        {"continuation missing", "\xe2\x28\xa1", 0},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(valid_utf8_prefix(c.text) == c.prefix);
    }
}
