#include "streamkit/json/writer.hpp"

#include <limits>

#include "support/catch.hpp"

namespace streamkit::json {
namespace {

TEST_CASE("JSON writer places commas and colons", "[json][writer]") {
    JsonWriter out;
    out.begin_object();
    out.member("status", "ok").key("ids").begin_array().value(7).value(-8).end_array();
    out.key("empty").begin_object().end_object();
    out.key("list").begin_array();
    out.begin_object().member("a", true).end_object();
    out.begin_object().member("b", 0.5).key("c").null().end_object();
    out.begin_array().end_array();
    out.end_array().member("last", std::uint64_t{1});
    out.end_object();
    CHECK(
        out.take() ==
        R"({"status":"ok","ids":[7,-8],"empty":{},"list":[{"a":true},{"b":0.5,"c":null},[]],"last":1})");
}

TEST_CASE("JSON writer starts anew after take", "[json][writer]") {
    JsonWriter out;
    CHECK(out.begin_array().value(1).end_array().take() == "[1]");
    CHECK(out.value("x").take() == R"("x")");
}

TEST_CASE("JSON writer escapes strings", "[json][writer]") {
    struct Case {
        std::string_view text, json;
    };
    const Case cases[] = {
        {"", R"("")"},
        {"quote \" and \\", R"("quote \" and \\")"},
        {"\n\r\t", R"("\n\r\t")"},
        {std::string_view{"\0\x1f", 2}, R"("\u0000\u001f")"},
        {"</script>", R"("</script>")"},
        {"\x7f h\xC3\xA9 \xF0\x9F\x98\x80", "\"\x7f h\xC3\xA9 \xF0\x9F\x98\x80\""},
        {"a\xFF"
         "b\xC3",
         "\"a\xEF\xBF\xBD"
         "b\xEF\xBF\xBD\""},
    };
    for (const auto& c : cases)
        CHECK(JsonWriter{}.value(c.text).take() == c.json);
    CHECK(JsonWriter{}.begin_object().member("a\"b", 1).end_object().take() == R"({"a\"b":1})");
}

TEST_CASE("JSON writer gives the shortest digits of a number", "[json][writer]") {
    const auto text = [](auto number) { return JsonWriter{}.value(number).take(); };
    CHECK(text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(text(std::uint8_t{7}) == "7");
    CHECK(text(0.1) == "0.1");
    CHECK(text(12345.0) == "12345");
    CHECK(text(123456789012345.0) == "123456789012345");
    CHECK(text(1.5e+20) == "1.5e+20");
    CHECK(text(-2.2250738585072014e-308) == "-2.2250738585072014e-308");
    CHECK(text(std::numeric_limits<double>::infinity()) == "null");
    CHECK(text(std::numeric_limits<double>::quiet_NaN()) == "null");
}

TEST_CASE("JSON writer takes ready JSON as it stands", "[json][writer]") {
    CHECK(JsonWriter{}.begin_array().raw("{\"a\":1}").raw("2").end_array().take() ==
          "[{\"a\":1},2]");
}

}  // namespace
}  // namespace streamkit::json
