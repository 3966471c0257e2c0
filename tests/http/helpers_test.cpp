// The small parts that stand on their own: content types, problems, router, Server-Sent Events.

#include "streamkit/http/content_type.hpp"
#include "streamkit/http/errc.hpp"
#include "streamkit/http/problem.hpp"
#include "streamkit/http/router.hpp"
#include "streamkit/http/sse.hpp"
#include "support/catch.hpp"

namespace streamkit::http {
namespace {

TEST_CASE("HTTP content type follows the extension", "[http][content-type]") {
    CHECK(content_type_of("live-manifest.mpd") == "application/dash+xml");
    CHECK(content_type_of("a/b/MASTER.M3U8") == "application/vnd.apple.mpegurl");
    CHECK(content_type_of("init-x-1.mp4") == "video/mp4");
    CHECK(content_type_of("x-1-90000.m4s") == "video/iso.segment");
    CHECK(content_type_of("index.html") == "text/html; charset=utf-8");
    CHECK(content_type_of("noextension") == "application/octet-stream");
    CHECK(content_type_of("a.") == "application/octet-stream");
    CHECK(content_type_of("mp4") == "application/octet-stream");
}

TEST_CASE("HTTP problem is a document", "[http][problem]") {
    const auto response = problem(404, "no stream \"x\"", "see /api/v1/streams");
    CHECK(response.head.status == 404);
    CHECK(response.head.headers.find("Content-Type") == "application/problem+json");
    CHECK(
        as_text(response.body.at(0)) ==
        R"({"status":404,"title":"Not Found","detail":"no stream \"x\"","hint":"see /api/v1/streams"})");
    CHECK(as_text(problem(500, "").body.at(0)) ==
          R"({"status":500,"title":"Internal Server Error"})");
    CHECK(status_of({std::make_error_code(std::errc::io_error), ""}) == 500);
}

TEST_CASE("HTTP error codes have a sentence and a shared condition", "[http][errc]") {
    for (auto value = static_cast<int>(Errc::malformed_head); value <= static_cast<int>(Errc::busy);
         ++value) {
        const auto code = make_error_code(static_cast<Errc>(value));
        CHECK(code.message() != "unknown error");
        CHECK(code.default_error_condition().category() != code.category());
    }
}

TEST_CASE("HTTP router finds the handler and the names", "[http][router]") {
    Router<int> router;
    router.add(Method::get, "/", 1);
    router.add(Method::get, "/time", 2);
    router.add(Method::post, "/metadata", 3);
    router.add(Method::get, "/metadata", 4);
    router.add(Method::get, "/web/{file...}", 5);
    router.add(Method::get, "/{app}/{key}/{file}", 6);

    struct Case {
        Method method;
        const char* path;
        int handler;  // 0: none
        std::vector<std::string> parameters;
        const char* allow;
    };
    const Case cases[] = {
        {Method::get, "/", 1, {}, ""},
        {Method::get, "/time", 2, {}, ""},
        {Method::head, "/time", 2, {}, ""},
        {Method::post, "/time", 0, {}, "GET, HEAD"},
        {Method::post, "/metadata", 3, {}, ""},
        {Method::delete_, "/metadata", 0, {}, "POST, GET, HEAD"},
        {Method::get, "/time/", 0, {}, ""},
        {Method::get, "/web/a/b.js", 5, {"a/b.js"}, ""},
        {Method::get, "/web/", 0, {}, ""},
        {Method::get, "/web", 0, {}, ""},
        {Method::get, "/live/app/manifest.mpd", 6, {"live", "app", "manifest.mpd"}, ""},
        {Method::get, "/live//manifest.mpd", 0, {}, ""},
        {Method::get, "/live/app/manifest.mpd/x", 0, {}, ""},
        {Method::options, "*", 0, {}, ""},
    };
    for (const auto& c : cases) {
        INFO(to_string(c.method) << " " << c.path);
        const auto match = router.match(c.method, c.path);
        CHECK((match.handler != nullptr ? *match.handler : 0) == c.handler);
        CHECK(match.parameters == c.parameters);
        CHECK(match.allow == c.allow);
    }
}

TEST_CASE("Server-Sent Events keep to their lines", "[http][sse]") {
    CHECK(format_event({.data = "hello"}) == "data: hello\n\n");
    CHECK(format_event({}) == "data: \n\n");
    CHECK(format_event({.data = "a\nb\r\nc\rd"}) == "data: a\ndata: b\ndata: c\ndata: d\n\n");
    CHECK(format_event({"x", "metadata", "42", std::chrono::milliseconds{1500}}) ==
          "event: metadata\nid: 42\nretry: 1500\ndata: x\n\n");
    CHECK(format_event({.data = "x", .event = "a\ndata: b", .id = "1\r\n2"}) ==
          "event: adata: b\nid: 12\ndata: x\n\n");
}

}  // namespace
}  // namespace streamkit::http
