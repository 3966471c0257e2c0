#include "streamkit/json/reader.hpp"

#include <limits>

#include "streamkit/json/errc.hpp"
#include "streamkit/json/writer.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::json {
namespace {

Value text(std::string_view t) { return Value{std::string{t}}; }
Value integer(std::int64_t n) { return Value{n}; }

struct Case {
    const char* name;
    std::string_view text;
    Value value;
};

const Case kCases[] = {
    {"null", "null", Value{}},
    {"true", " true ", Value{true}},
    {"an integer", "-42", integer(-42)},
    {"the smallest 64-bit integer", "-9223372036854775808",
     integer(std::numeric_limits<std::int64_t>::min())},
    {"the largest 64-bit integer", "18446744073709551615",
     Value{std::numeric_limits<std::uint64_t>::max()}},
    {"a number with a fraction", "12.5", Value{12.5}},
    {"a number with an exponent", "1e3", Value{1000.0}},
    {"an empty string", R"("")", text("")},
    {"escapes", R"("a\"\\\/\b\f\n\r\t\u00e9")", text("a\"\\/\b\f\n\r\t\xC3\xA9")},
    {"a surrogate pair", R"("\ud83d\ude00")", text("\xF0\x9F\x98\x80")},
    {"U+0000 in a string", R"("a\u0000b")", text(std::string_view{"a\0b", 3})},
    {"an empty array", "[]", Value{Array{}}},
    {"an array", "[1, [2], null]", Value{Array{integer(1), Value{Array{integer(2)}}, Value{}}}},
    {"an empty object", "{ }", Value{Object{}}},
    {"the body of POST /metadata", R"({"metadata":"hello","time":5})",
     Value{Object{{"metadata", text("hello")}, {"time", integer(5)}}}},
};

TEST_CASE("JSON reader reads every kind of value", "[json][reader]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto value = read(c.text);
        REQUIRE(value.has_value());
        CHECK(*value == c.value);
        const auto written = JsonWriter{}.value(*value).take();
        CHECK(JsonWriter{}.value(*read(written)).take() == written);
    }
}

struct BadCase {
    const char* name;
    std::string_view text;
    Errc errc;
    std::uint64_t offset = 0;
};

const BadCase kBadCases[] = {
    {"nothing", "", Errc::malformed},
    {"white space only", "  \n", Errc::malformed},
    {"two documents", "1 2", Errc::malformed},
    {"text behind the document", "{} x", Errc::malformed},
    {"a byte order mark", "\xEF\xBB\xBF{}", Errc::malformed},
    {"a comma before the end", "[1,]", Errc::malformed},
    {"a missing colon", R"({"a" 1})", Errc::malformed},
    {"a name without quotes", "{a:1}", Errc::malformed},
    {"single quotes", "{'a':1}", Errc::malformed},
    {"an unknown escape", R"("\x41")", Errc::malformed},
    {"a line break in a string", "\"a\nb\"", Errc::malformed},
    {"a string without an end", "\"abc", Errc::malformed},
    {"a surrogate without its other half", R"("\ud83d")", Errc::malformed},
    {"NaN", "NaN", Errc::malformed},
    {"a leading zero", "01", Errc::malformed_number},
    {"a leading plus", "+1", Errc::malformed},
    {"an integer beyond 64 bits", "18446744073709551616", Errc::malformed_number},
    {"a number beyond a double", "1e999", Errc::malformed_number},
    {"a name that stands twice", R"({"a":1,"b":2,"a":3})", Errc::duplicate_name},
    {"the same name, escaped once", R"([{"a":1,"\u0061":3}])", Errc::duplicate_name},
    {"a byte that is not UTF-8", "\"ab\xFF\"", Errc::invalid_utf8, 3},
    {"an overlong form", "\"\xC0\x80\"", Errc::invalid_utf8, 1},
    {"NUL", std::string_view{"\0", 1}, Errc::malformed},
};

TEST_CASE("JSON reader refuses what is not JSON", "[json][reader]") {
    for (const auto& c : kBadCases) {
        INFO(c.name);
        const auto value = read(c.text);
        REQUIRE_FALSE(value.has_value());
        CHECK(value.error().code == c.errc);
        CHECK(value.error().offset == c.offset);
    }
}

TEST_CASE("JSON reader refuses every truncation of an object", "[json][reader]") {
    constexpr std::string_view kText = R"({"metadata":"h\u00e9llo","time":5.25,"a":[true,null]})";
    REQUIRE(read(kText).has_value());
    test::every_truncation(as_bytes(kText), [](BytesView prefix) {
        const auto value = read(as_text(prefix));
        REQUIRE_FALSE(value.has_value());
        CHECK(value.error().code == Failure::malformed);
    });
}

TEST_CASE("JSON reader limits the depth", "[json][reader]") {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    CHECK(read(nested(32)).has_value());
    CHECK(read(nested(33)).error().code == Errc::too_deep);
    CHECK(read(nested(10'000)).error().code == Errc::too_deep);
    CHECK(read("[[1]]", {.max_depth = 2}).has_value());
    CHECK(read("[[[1]]]", {.max_depth = 2}).error().code == Errc::too_deep);
    CHECK(read("{\"a\":{\"a\":{}}}", {.max_depth = 2}).error().code == Errc::too_deep);
}

TEST_CASE("JSON reader limits the length", "[json][reader]") {
    CHECK(read("12345", {.max_bytes = 5}).has_value());
    const auto too_long = read("123456", {.max_bytes = 5});
    CHECK(too_long.error().code == Errc::too_long);
    CHECK(too_long.error().offset == 5);
}

TEST_CASE("JSON values convert numbers only where nothing is lost", "[json][value]") {
    CHECK(read("5")->as_number() == 5.0);
    CHECK(read("5.0")->as_int64() == 5);
    CHECK(read("5.5")->as_int64() == std::nullopt);
    CHECK(read("-1")->as_uint64() == std::nullopt);
    CHECK(read("18446744073709551615")->as_int64() == std::nullopt);
    CHECK(read("18446744073709551615")->as_uint64() == std::numeric_limits<std::uint64_t>::max());
    CHECK(read("9.3e18")->as_int64() == std::nullopt);
    CHECK(read("9.3e18")->as_uint64() == 9'300'000'000'000'000'000U);
    CHECK(read("1.9e19")->as_uint64() == std::nullopt);
    CHECK(read("\"5\"")->as_number() == std::nullopt);
    CHECK(read("true")->as_number() == std::nullopt);
    CHECK(read("1")->as_bool() == std::nullopt);
}

TEST_CASE("JSON values find members by name", "[json][value]") {
    const auto value = read(R"({"stream":"live/app","n":null})");
    REQUIRE(value.has_value());
    REQUIRE(value->find("stream") != nullptr);
    CHECK(*value->find("stream")->as_string() == "live/app");
    CHECK(value->find("n")->is_null());
    CHECK(value->find("other") == nullptr);
    CHECK(value->find("stream")->find("x") == nullptr);
    CHECK(value->find("stream")->as_array() == nullptr);
}

}  // namespace
}  // namespace streamkit::json
