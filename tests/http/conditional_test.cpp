#include "streamkit/http/conditional.hpp"

#include "support/catch.hpp"

namespace streamkit::http {
namespace {

using namespace std::chrono_literals;

const Validators kCurrent{"\"v2\"", WallTime{784111777s + 250ms}};
constexpr const char* kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";

RequestHead request(Method method, Headers headers) { return {method, {}, 1, std::move(headers)}; }

TEST_CASE("HTTP preconditions are evaluated in their order", "[http][conditional]") {
    struct Case {
        const char* name;
        Method method;
        Headers headers;
        Precondition expected;
    };
    const Case cases[] = {
        {"none", Method::get, {}, Precondition::holds},
        {"same tag", Method::get, {{"If-None-Match", "\"v2\""}}, Precondition::not_modified},
        {"same tag for HEAD",
         Method::head,
         {{"if-none-match", "\"v2\""}},
         Precondition::not_modified},
        {"weak tag", Method::get, {{"If-None-Match", "W/\"v2\""}}, Precondition::not_modified},
        {"one of a list",
         Method::get,
         {{"If-None-Match", "\"v1\" , W/\"v2\""}},
         Precondition::not_modified},
        {"any", Method::get, {{"If-None-Match", "*"}}, Precondition::not_modified},
        {"another tag", Method::get, {{"If-None-Match", "\"v1\""}}, Precondition::holds},
        {"tag without quotes", Method::get, {{"If-None-Match", "v2"}}, Precondition::holds},
        {"tag without an end", Method::get, {{"If-None-Match", "\"v2"}}, Precondition::holds},
        {"none of these, for PUT", Method::put, {{"If-None-Match", "*"}}, Precondition::failed},
        {"same second", Method::get, {{"If-Modified-Since", kSame}}, Precondition::not_modified},
        {"modified since", Method::get, {{"If-Modified-Since", kBefore}}, Precondition::holds},
        {"not modified since",
         Method::get,
         {{"If-Modified-Since", kAfter}},
         Precondition::not_modified},
        {"a date that is none",
         Method::get,
         {{"If-Modified-Since", "yesterday"}},
         Precondition::holds},
        {"a date for POST", Method::post, {{"If-Modified-Since", kAfter}}, Precondition::holds},
        {"the tag counts, not the date",
         Method::get,
         {{"If-None-Match", "\"v1\""}, {"If-Modified-Since", kAfter}},
         Precondition::holds},
        {"If-Match", Method::put, {{"If-Match", "\"v1\", \"v2\""}}, Precondition::holds},
        {"If-Match of another", Method::put, {{"If-Match", "\"v1\""}}, Precondition::failed},
        {"If-Match is a strong comparison",
         Method::put,
         {{"If-Match", "W/\"v2\""}},
         Precondition::failed},
        {"If-Unmodified-Since", Method::put, {{"If-Unmodified-Since", kSame}}, Precondition::holds},
        {"If-Unmodified-Since fails",
         Method::put,
         {{"If-Unmodified-Since", kBefore}},
         Precondition::failed},
        {"If-Match counts, not the date",
         Method::put,
         {{"If-Match", "*"}, {"If-Unmodified-Since", kBefore}},
         Precondition::holds},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(evaluate_preconditions(request(c.method, c.headers), kCurrent) == c.expected);
    }
    CHECK(evaluate_preconditions(request(Method::get, {{"If-None-Match", "\"\""}}), {}) ==
          Precondition::holds);
    CHECK(evaluate_preconditions(request(Method::get, {{"If-Modified-Since", kAfter}}), {}) ==
          Precondition::holds);
}

TEST_CASE("HTTP range counts only for the version that If-Range names", "[http][conditional]") {
    const auto applies = [](const char* if_range) {
        return range_applies(request(Method::get, {{"If-Range", if_range}}), kCurrent);
    };
    CHECK(range_applies(request(Method::get, {}), kCurrent));
    CHECK_FALSE(range_applies(request(Method::head, {}), kCurrent));
    CHECK(applies("\"v2\""));
    CHECK_FALSE(applies("\"v1\""));
    CHECK_FALSE(applies("W/\"v2\""));
    CHECK(applies(kSame));
    CHECK_FALSE(applies(kAfter));
    CHECK_FALSE(applies("x"));
}

TEST_CASE("HTTP entity tag has quotes and nothing that breaks them", "[http][conditional]") {
    CHECK(make_etag("v42") == "\"v42\"");
    CHECK(make_etag("a\"b\r\n c") == "\"abc\"");
}

}  // namespace
}  // namespace streamkit::http
