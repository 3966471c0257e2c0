#include "streamkit/http/static_response.hpp"

#include "streamkit/http/cors.hpp"
#include "support/catch.hpp"

namespace streamkit::http {
namespace {

using namespace std::chrono_literals;

Object segment() {
    return {{"\"s1\"", WallTime{784111777s}},
            "video/mp4",
            std::string{kImmutable},
            {SharedBuffer::copy_of(as_bytes("01234")), SharedBuffer::copy_of(as_bytes("56789"))}};
}

Response answer_to(Method method, Headers headers = {}) {
    return static_response({method, {"/s.m4s", ""}, 1, std::move(headers)}, segment());
}

std::string body_of(const Response& response) {
    std::string text;
    for (const auto& slice : response.body)
        text += as_text(slice);
    return text;
}

TEST_CASE("HTTP object is sent whole, with what caches and players need", "[http][static]") {
    const auto response = answer_to(Method::get);
    const auto& headers = response.head.headers;
    CHECK(response.head.status == 200);
    CHECK(body_of(response) == "0123456789");
    CHECK(headers.find("Content-Type") == "video/mp4");
    CHECK(headers.find("ETag") == "\"s1\"");
    CHECK(headers.find("Last-Modified") == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(headers.find("Cache-Control") == "public, max-age=31536000, immutable");
    CHECK(headers.find("Accept-Ranges") == "bytes");
    CHECK(headers.find("Access-Control-Allow-Origin") == "*");
    CHECK(headers.has_token("Access-Control-Expose-Headers", "Content-Range"));
    // HEAD is the same; the connection leaves the body out.
    CHECK(answer_to(Method::head).head == response.head);
    CHECK(answer_to(Method::head, {{"Range", "bytes=0-1"}}).head == response.head);
}

TEST_CASE("HTTP object is sent in part", "[http][static]") {
    struct Case {
        const char* range;
        int status;
        const char* content_range;
        const char* body;
    };
    const Case cases[] = {
        {"bytes=3-6", 206, "bytes 3-6/10", "3456"},
        {"bytes=8-", 206, "bytes 8-9/10", "89"},
        {"bytes=-1", 206, "bytes 9-9/10", "9"},
        {"bytes=0-100", 206, "bytes 0-9/10", "0123456789"},
        {"bytes=0-1,4-5", 200, nullptr, "0123456789"},
    };
    for (const auto& c : cases) {
        INFO(c.range);
        const auto response = answer_to(Method::get, {{"Range", c.range}});
        CHECK(response.head.status == c.status);
        CHECK(body_of(response) == c.body);
        const auto content_range = response.head.headers.find("Content-Range");
        CHECK(content_range.has_value() == (c.content_range != nullptr));
        if (content_range) CHECK(*content_range == c.content_range);
    }
    CHECK(answer_to(Method::get, {{"Range", "bytes=0-1"}, {"If-Range", "\"old\""}}).head.status ==
          200);
}

TEST_CASE("HTTP object answers a range behind its end with 416", "[http][static]") {
    const auto response = answer_to(Method::get, {{"Range", "bytes=10-"}});
    CHECK(response.head.status == 416);
    CHECK(response.head.headers.find("Content-Range") == "bytes */10");
    CHECK(response.head.headers.find("Access-Control-Allow-Origin") == "*");
    CHECK(response.head.headers.find("Content-Type") == "application/problem+json");
}

TEST_CASE("HTTP object that the client has is not sent again", "[http][static]") {
    const auto response =
        answer_to(Method::get, {{"If-None-Match", "\"s1\""}, {"Range", "bytes=10-"}});
    CHECK(response.head.status == 304);
    CHECK(response.body.empty());
    CHECK(response.head.headers.find("ETag") == "\"s1\"");
    CHECK(response.head.headers.contains("Cache-Control"));
    CHECK(answer_to(Method::get, {{"If-Match", "\"s2\""}}).head.status == 412);
}

TEST_CASE("HTTP object allows reading only", "[http][static]") {
    const auto response = answer_to(Method::delete_);
    CHECK(response.head.status == 405);
    CHECK(response.head.headers.find("Allow") == "GET, HEAD, OPTIONS");
    CHECK(response.head.headers.count("Access-Control-Allow-Origin") == 1);
    CHECK(answer_to(Method::options).head.status == 204);
    CHECK(answer_to(Method::options).head.headers.find("Allow") == "GET, HEAD, OPTIONS");
}

TEST_CASE("HTTP object answers a preflight", "[http][static][cors]") {
    const auto response =
        answer_to(Method::options, {{"Origin", "https://example.org"},
                                    {"Access-Control-Request-Method", "GET"},
                                    {"Access-Control-Request-Headers", "cmcd-object, range"}});
    const auto& headers = response.head.headers;
    CHECK(response.head.status == 204);
    CHECK(headers.find("Access-Control-Allow-Origin") == "*");
    CHECK(headers.find("Access-Control-Allow-Methods") == "GET, HEAD, OPTIONS");
    CHECK(headers.find("Access-Control-Allow-Headers") == "cmcd-object, range");
    CHECK(headers.find("Access-Control-Max-Age") == "86400");
    CHECK_FALSE(cors_preflight({}, "GET").has_value());
}

}  // namespace
}  // namespace streamkit::http
