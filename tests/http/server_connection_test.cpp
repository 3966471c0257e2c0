#include "streamkit/http/server_connection.hpp"

#include "server_fixture.hpp"
#include "streamkit/http/errc.hpp"
#include "support/catch.hpp"

namespace streamkit::http::test {
namespace {

using streamkit::test::ContainsSubstring;
using streamkit::test::EndsWith;
using streamkit::test::every_split;

struct Case {
    const char* name;
    std::string input;
    std::string events;
};

const Case kCases[] = {
    {"a request without a body",
     "GET /live/app/manifest.mpd?a=1&b=%20 HTTP/1.1\r\n"
     "Host: localhost:8080\r\n"
     "Accept:  */*  \r\n"  // white space around a value is not part of it
     "X-Empty:\r\n"
     "\r\n",
     "request 1: GET /live/app/manifest.mpd ?a=1&b=%20 1.1 [Host=localhost:8080] [Accept=*/*] "
     "[X-Empty=]\n"
     "complete 1\n"},
    {"a body with Content-Length",
     "POST /metadata HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
     "request 1: POST /metadata ? 1.1 [Host=a] [Content-Length=5]\nbody 1: hello\ncomplete 1\n"},
    {"an empty body", "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
     "request 1: PUT /x ? 1.1 [Host=a] [Content-Length=0]\ncomplete 1\n"},
    {"a chunked body with extension and trailer",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "5;x=y\r\nhello\r\n"
     "A\r\n, world!!!\r\n"
     "0\r\nX-Trailer: t\r\n\r\n",
     "request 1: POST / ? 1.1 [Host=a] [Transfer-Encoding=chunked]\n"
     "body 1: hello, world!!!\ncomplete 1\n"},
    {"pipelined requests with empty lines between them",
     "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n"
     "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
     "DELETE /3 HTTP/1.1\r\nHost: a\r\n\r\n",
     "request 1: GET /1 ? 1.1 [Host=a]\ncomplete 1\n"
     "request 2: POST /2 ? 1.1 [Host=a] [Content-Length=2]\nbody 2: ab\ncomplete 2\n"
     "request 3: DELETE /3 ? 1.1 [Host=a]\ncomplete 3\n"},
    {"the absolute form", "HEAD http://example.org:80/a%20b HTTP/1.1\r\nHost: example.org\r\n\r\n",
     "request 1: HEAD /a b ? 1.1 [Host=example.org]\ncomplete 1\n"},
    {"OPTIONS for the server", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
     "request 1: OPTIONS * ? 1.1 [Host=a]\ncomplete 1\n"},
    {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "request 1: GET / ? 1.0\ncomplete 1\n"},
    {"an offer to upgrade, which is not taken",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
     "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
     "request 1: GET / ? 1.1 [Host=a] [Connection=Upgrade] [Upgrade=h2c]\ncomplete 1\n"
     "request 2: GET /2 ? 1.1 [Host=a]\ncomplete 2\n"},
};

TEST_CASE("HTTP server reads requests, however the input is cut", "[http][server]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        every_split(as_bytes(c.input), [&](BytesView first, BytesView second) {
            Server server;
            REQUIRE(server.connection.handle_input(first, server.now).has_value());
            REQUIRE(server.connection.handle_input(second, server.now).has_value());
            REQUIRE(server.events() == c.events);
        });
        Server server;
        for (const char byte : c.input)
            REQUIRE(server.receive({&byte, 1}).has_value());
        CHECK(server.events() == c.events);
        CHECK(server.sent().empty());
        CHECK_FALSE(server.connection.closed());
    }
}

TEST_CASE("HTTP server gives no complete request for a truncated one", "[http][server]") {
    streamkit::test::every_truncation(as_bytes(kCases[3].input), [](BytesView prefix) {
        Server server;
        REQUIRE(server.connection.handle_input(prefix, server.now).has_value());
        CHECK_THAT(server.events(), !ContainsSubstring("complete"));
        const auto end = server.connection.handle_end_of_input(server.now);
        CHECK(end.has_value() == prefix.empty());
        CHECK(server.connection.closed());
    });
}

TEST_CASE("HTTP server answers and keeps the connection open", "[http][server]") {
    Server server;
    for (RequestId id = 1; id <= 3; ++id) {
        REQUIRE(server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
        server.respond(id, "hello");
        CHECK(server.sent() == plain_answer("hello"));
    }
    CHECK_FALSE(server.connection.closed());
    CHECK(server.connection.held_bytes() == 0);
}

TEST_CASE("HTTP server lets pipelined answers out in the order of the requests",
          "[http][server][pipelining]") {
    Server server;
    REQUIRE(server
                .receive("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                         "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                         "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
                .has_value());
    const std::vector<RequestId> orders[] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
                                             {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
    for (const auto& order : orders) {
        Server one;
        REQUIRE(one.receive("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                            "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                            "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
                    .has_value());
        std::string sent;
        for (const auto id : order) {
            one.respond(id, std::to_string(id));
            sent += one.sent();
        }
        CHECK(sent == plain_answer("1") + plain_answer("2") + plain_answer("3"));
    }
}

TEST_CASE("HTTP server holds a streaming answer back until its turn",
          "[http][server][pipelining]") {
    Server server;
    REQUIRE(server
                .receive("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                         "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
                .has_value());
    static_cast<void>(server.events());
    REQUIRE(server.connection.respond_streaming(2, {200, {}}));
    server.connection.append(2, SharedBuffer::copy_of(as_bytes("abc")));
    CHECK(server.sent().empty());
    CHECK(server.connection.unsent_bytes(2) > 3);
    CHECK(server.connection.held_bytes() == server.connection.unsent_bytes(2));
    server.respond(1, "one");
    CHECK(server.sent() ==
          plain_answer("one") + answer("200 OK", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n"));
    CHECK(server.events() == "drained 2\n");
    server.connection.finish(2);
    CHECK(server.sent() == "0\r\n\r\n");
}

TEST_CASE("HTTP server reads no further while too many requests wait",
          "[http][server][pipelining]") {
    ServerConfig config;
    config.max_pipelined_requests = 2;
    Server server{config};
    std::string input;
    for (int i = 1; i <= 5; ++i) {
        input += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    }
    REQUIRE(server.receive(input).has_value());
    CHECK_THAT(server.events(), ContainsSubstring("complete 2") && !ContainsSubstring("request 3"));
    CHECK(server.connection.held_bytes() > 0);
    server.respond(1, "1");
    REQUIRE(server.connection.next_timeout() == server.now);  // at once
    REQUIRE(server.connection.handle_timeout(server.now).has_value());
    CHECK_THAT(server.events(), ContainsSubstring("complete 3") && !ContainsSubstring("request 4"));
    for (RequestId id = 2; id <= 5; ++id) {
        server.respond(id, std::to_string(id));
        REQUIRE(server.connection.handle_timeout(server.now).has_value());
    }
    CHECK_THAT(server.sent(), EndsWith(plain_answer("5")));
}

TEST_CASE("HTTP server reports that a streamed body has left", "[http][server]") {
    Server server;
    REQUIRE(server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
    static_cast<void>(server.events());
    REQUIRE(server.connection.respond_streaming(1, {200, {}}));
    server.connection.append(1, SharedBuffer::copy_of(as_bytes("0123456789abcdef")));
    server.connection.append(1, {});
    CHECK_THAT(server.sent(), EndsWith("\r\n\r\n10\r\n0123456789abcdef\r\n"));
    CHECK(server.events() == "drained 1\n");
    CHECK(server.connection.unsent_bytes(1) == 0);
    server.connection.append(1, SharedBuffer::copy_of(as_bytes("x")));
    server.connection.consume_output(3);
    CHECK(server.connection.unsent_bytes(1) == 3);
    CHECK(server.events().empty());
    server.connection.finish(1);
    CHECK(server.sent() == "x\r\n0\r\n\r\n");
    CHECK(server.events().empty());
}

TEST_CASE("HTTP server streams a body of known length without chunks", "[http][server]") {
    const auto part = SharedBuffer::copy_of(as_bytes("abc"));
    const auto begin = [](Server& server) {
        REQUIRE(server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
        REQUIRE(server.connection.respond_streaming(1, {200, {}}, 5));
    };
    SECTION("in full, and what is beyond is dropped") {
        Server server;
        begin(server);
        server.connection.append(1, part);
        server.connection.append(1, part);
        server.connection.finish(1);
        CHECK(server.sent() == answer("200 OK", "Content-Length: 5\r\n", "abcab"));
        CHECK_FALSE(server.connection.closed());
    }
    SECTION("too short: the connection is closed") {
        Server server;
        begin(server);
        server.connection.append(1, part);
        server.connection.finish(1);
        CHECK_THAT(server.sent(), EndsWith("abc"));
        CHECK(server.connection.closed());
    }
}

TEST_CASE("HTTP server ends an aborted answer without a clean end", "[http][server]") {
    Server server;
    REQUIRE(server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
                .has_value());
    static_cast<void>(server.events());
    REQUIRE(server.connection.respond_streaming(1, {200, {}}));
    server.connection.append(1, SharedBuffer::copy_of(as_bytes("abc")));
    server.connection.abort(1);
    CHECK_THAT(server.sent(), EndsWith("3\r\nabc\r\n"));
    CHECK(server.connection.closed());
    CHECK(server.events() == "aborted 2: the connection is closed\n");
    server.respond(2, "ignored");
    CHECK(server.sent().empty());
}

TEST_CASE("HTTP server leaves the body out where there must be none", "[http][server]") {
    Server server;
    const std::vector<SharedBuffer> body{SharedBuffer::copy_of(as_bytes("hello"))};
    SECTION("HEAD keeps the length") {
        REQUIRE(server.receive("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
        server.connection.respond(1, {200, {}}, body);
        CHECK(server.sent() == answer("200 OK", "Content-Length: 5\r\n", ""));
    }
    SECTION("HEAD of a stream is complete with its head") {
        REQUIRE(server.receive("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
        CHECK_FALSE(server.connection.respond_streaming(1, {200, {}}));
        server.connection.append(1, body[0]);
        server.connection.finish(1);
        CHECK(server.sent() == answer("200 OK", "Transfer-Encoding: chunked\r\n", ""));
    }
    SECTION("204 and 304 have no length") {
        REQUIRE(server
                    .receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                             "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    .has_value());
        server.connection.respond(1, {204, {}}, body);
        server.connection.respond(2, {304, {}}, body);
        CHECK(server.sent() ==
              answer("204 No Content", "", "") + answer("304 Not Modified", "", ""));
    }
    CHECK_FALSE(server.connection.closed());
}

TEST_CASE("HTTP server closes where the client or the answer asks for it", "[http][server]") {
    Server server;
    SECTION("Connection: close, and what follows it is ignored") {
        REQUIRE(server
                    .receive("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n"
                             "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
                    .has_value());
        CHECK_THAT(server.events(), !ContainsSubstring("request 2"));
        CHECK_FALSE(server.connection.closed());
        server.respond(1, "x");
        CHECK(server.sent() == plain_answer("x", "Connection: close\r\n"));
    }
    SECTION("HTTP/1.0") {
        REQUIRE(server.receive("GET / HTTP/1.0\r\n\r\n").has_value());
        server.respond(1, "x");
        CHECK(server.sent() == plain_answer("x", "Connection: close\r\n"));
    }
    SECTION("HTTP/1.0 stream") {
        REQUIRE(server.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").has_value());
        REQUIRE(server.connection.respond_streaming(1, {200, {}}));
        server.connection.append(1, SharedBuffer::copy_of(as_bytes("abc")));
        server.connection.finish(1);
        CHECK(server.sent() == answer("200 OK", "Connection: close\r\n", "abc"));
    }
    SECTION("the application") {
        REQUIRE(server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
        server.connection.respond(1, Response{{503, {{"Connection", "close"}}}});
        CHECK(server.sent() ==
              answer("503 Service Unavailable", "Content-Length: 0\r\nConnection: close\r\n", ""));
    }
    CHECK(server.connection.closed());
}

TEST_CASE("HTTP server keeps HTTP/1.0 open where the client says so", "[http][server]") {
    Server server;
    REQUIRE(server.receive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").has_value());
    server.respond(1, "x");
    CHECK(server.sent() == plain_answer("x", "Connection: keep-alive\r\n"));
    CHECK_FALSE(server.connection.closed());
}

TEST_CASE("HTTP server says 100 Continue in its turn", "[http][server]") {
    Server server;
    REQUIRE(server
                .receive("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                         "POST /2 HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n"
                         "Content-Length: 2\r\n\r\n")
                .has_value());
    CHECK(server.sent().empty());
    server.respond(1, "1");
    CHECK(server.sent() == plain_answer("1") + "HTTP/1.1 100 Continue\r\n\r\n");
    REQUIRE(server.receive("ab").has_value());
    server.respond(2, "2");
    CHECK(server.sent() == plain_answer("2"));
}

TEST_CASE("HTTP server reads over the body of a request that is answered", "[http][server]") {
    Server server;
    REQUIRE(server.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234")
                .has_value());
    static_cast<void>(server.events());
    server.respond(1, "no");
    CHECK(server.sent() == plain_answer("no"));
    REQUIRE(server.receive("56789GET /2 HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
    CHECK(server.events() == "request 2: GET /2 ? 1.1 [Host=a]\ncomplete 2\n");
}

TEST_CASE("HTTP server adds common fields and guards the framing", "[http][server]") {
    ServerConfig config;
    config.common_headers = {{"Access-Control-Allow-Origin", "*"}, {"Server", "streamkit"}};
    Server server{config};
    REQUIRE(server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
    server.connection.respond(1, Response{{200,
                                           {{"server", "mine"},
                                            {"Content-Length", "99"},
                                            {"Transfer-Encoding", "chunked"},
                                            {"Location", "/a\r\nSet-Cookie: b"}}}});
    CHECK(server.sent() == answer("200 OK",
                                  "server: mine\r\n"
                                  "Location: /a  Set-Cookie: b\r\n"
                                  "Access-Control-Allow-Origin: *\r\n"
                                  "Content-Length: 0\r\n",
                                  ""));
    REQUIRE_FALSE(server.receive("garbage\r\n\r\n").has_value());
    CHECK_THAT(server.sent(), ContainsSubstring("Access-Control-Allow-Origin: *\r\n"));
}

TEST_CASE("HTTP server shuts down after the answers that it owes", "[http][server]") {
    Server server;
    SECTION("at once when it is idle") {}
    SECTION("after the request in progress") {
        REQUIRE(
            server.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na").has_value());
        server.connection.shut_down();
        CHECK_FALSE(server.connection.closed());
        REQUIRE(server.receive("bcGET /2 HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
        CHECK_THAT(server.events(),
                   ContainsSubstring("complete 1") && !ContainsSubstring("request 2"));
        server.respond(1, "x");
        CHECK(server.sent() == plain_answer("x", "Connection: close\r\n"));
    }
    SECTION("after all pipelined requests, the last of which says so") {
        REQUIRE(server
                    .receive("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                             "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
                    .has_value());
        server.connection.shut_down();
        server.respond(1, "1");
        server.respond(2, "2");
        CHECK(server.sent() == plain_answer("1") + plain_answer("2", "Connection: close\r\n"));
    }
    server.connection.shut_down();
    CHECK(server.connection.closed());
}

TEST_CASE("HTTP server answers a client that has closed its side", "[http][server]") {
    Server server;
    REQUIRE(server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
    REQUIRE(server.connection.handle_end_of_input(server.now).has_value());
    CHECK_FALSE(server.connection.closed());
    server.respond(1, "x");
    CHECK(server.sent() == plain_answer("x"));
    CHECK(server.connection.closed());
}

TEST_CASE("HTTP server counts the bytes it holds", "[http][server]") {
    Server server;
    REQUIRE(server.receive("POST / HTTP/1.1\r\nHost: a\r\n").has_value());
    CHECK(server.connection.held_bytes() == 26);
    REQUIRE(server.receive("Content-Length: 100\r\n\r\n0123456789").has_value());
    const auto with_body = server.connection.held_bytes();
    static_cast<void>(server.events());
    CHECK(server.connection.held_bytes() == with_body - 10);
}

}  // namespace
}  // namespace streamkit::http::test
