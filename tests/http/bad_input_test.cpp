// What a stranger, or somebody who means harm, sends to an HTTP port: each gets a readable answer
// and a close, within a limit, however the bytes are cut.

#include "server_fixture.hpp"
#include "streamkit/http/errc.hpp"
#include "streamkit/json/reader.hpp"
#include "support/catch.hpp"

namespace streamkit::http::test {
namespace {

using streamkit::test::ContainsSubstring;
using streamkit::test::every_split;
using streamkit::test::hex;
using streamkit::test::StartsWith;

std::string request(std::string_view fields, std::string_view body = "") {
    std::string text = "POST / HTTP/1.1\r\nHost: a\r\n";
    text += fields;
    text += "\r\n";
    text += body;
    return text;
}

std::string bytes(std::string_view digits) { return std::string{as_text(hex(digits))}; }

struct BadCase {
    const char* name;
    std::string input;
    Errc errc;
    int status;
};

const std::string kChunked = "Transfer-Encoding: chunked\r\n";

const BadCase kBadCases[] = {
    // Not HTTP at all
    {"a TLS ClientHello", bytes("16 0301 0200 01 0001fc 0303"), Errc::tls_on_plain_port, 400},
    {"an RTMP handshake", bytes("03 00000000 00000000"), Errc::rtmp_on_http_port, 400},
    {"the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Errc::unsupported_version, 505},
    {"garbage", "\xde\xad\xbe\xef\r\n\r\n", Errc::malformed_head, 400},
    {"words", "hello there, how are you\r\n\r\n", Errc::unsupported_method, 501},
    {"NUL bytes", std::string(8, '\0'), Errc::malformed_head, 400},
    // The request line
    {"an unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", Errc::unsupported_method, 501},
    {"a method of another protocol", "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n",
     Errc::unsupported_method, 501},
    {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", Errc::unsupported_method, 501},
    {"HTTP/0.9", "GET /\r\n\r\n", Errc::unsupported_version, 505},
    {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", Errc::unsupported_version, 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", Errc::unsupported_version, 505},
    {"a dot segment", "GET /live/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
     Errc::malformed_target, 400},
    {"an encoded dot segment", "GET /live/%2e%2E%2fetc HTTP/1.1\r\nHost: a\r\n\r\n",
     Errc::malformed_target, 400},
    {"an encoded NUL", "GET /a%00.mpd HTTP/1.1\r\nHost: a\r\n\r\n", Errc::malformed_target, 400},
    {"an encoded line break", "GET /a%0d%0ab HTTP/1.1\r\nHost: a\r\n\r\n", Errc::malformed_target,
     400},
    {"half a percent sign", "GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n", Errc::malformed_target, 400},
    {"invalid UTF-8 in the path", "GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", Errc::malformed_target,
     400},
    {"a target of 64 KB", "GET /" + std::string(65536, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
     Errc::target_too_long, 414},
    // Header fields
    {"no Host", "GET / HTTP/1.1\r\n\r\n", Errc::malformed_host, 400},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Errc::malformed_host, 400},
    {"LF without CR", "GET / HTTP/1.1\nHost: a\n\n", Errc::malformed_head, 400},
    {"CR without LF", "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", Errc::malformed_head, 400},
    {"a folded field", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", Errc::malformed_head,
     400},
    {"white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
     Errc::malformed_head, 400},
    {"white space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", Errc::malformed_head,
     400},
    {"a field without a name", "GET / HTTP/1.1\r\n: a\r\n\r\n", Errc::malformed_head, 400},
    {"a field without a colon", "GET / HTTP/1.1\r\nHost: a\r\nhello\r\n\r\n", Errc::malformed_head,
     400},
    {"NUL in a value", std::string{"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29},
     Errc::malformed_head, 400},
    {"a field of 40 KB", request("X: " + std::string(40'000, 'x') + "\r\n"), Errc::head_too_large,
     431},
    {"101 fields", request([] {
         std::string fields;
         for (int i = 0; i < 100; ++i)
             fields += "X: y\r\n";
         return fields;
     }()),
     Errc::head_too_large, 431},
    {"an unknown expectation", request("Expect: miracles\r\n"), Errc::unsupported_expectation, 417},
    // The length of the body: RFC 9112, 6.3 and 11.2
    {"Content-Length and Transfer-Encoding",
     request("Content-Length: 3\r\n" + kChunked, "3\r\nabc\r\n0\r\n\r\n"), Errc::ambiguous_length,
     400},
    {"Transfer-Encoding and Content-Length",
     request(kChunked + "Content-Length: 3\r\n", "3\r\nabc\r\n0\r\n\r\n"), Errc::ambiguous_length,
     400},
    {"two lengths", request("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"),
     Errc::ambiguous_length, 400},
    {"a list of lengths", request("Content-Length: 3, 3\r\n", "abc"), Errc::malformed_head, 400},
    {"a signed length", request("Content-Length: +3\r\n", "abc"), Errc::malformed_head, 400},
    {"a length beyond 64 bits", request("Content-Length: 18446744073709551616\r\n"),
     Errc::malformed_head, 400},
    {"another coding", request("Transfer-Encoding: gzip, chunked\r\n"), Errc::unsupported_coding,
     501},
    {"a coding that is not the last", request("Transfer-Encoding: chunked, gzip\r\n"),
     Errc::unsupported_coding, 501},
    {"identity", request("Transfer-Encoding: identity\r\n"), Errc::unsupported_coding, 501},
    {"chunks twice", request("Transfer-Encoding: chunked, chunked\r\n"), Errc::unsupported_coding,
     501},
    {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\n" + kChunked + "\r\n0\r\n\r\n",
     Errc::ambiguous_length, 400},
    {"1 GB, announced", request("Content-Length: 1073741824\r\n"), Errc::body_too_large, 413},
};

void check_answer(const std::string& sent, int status) {
    CHECK_THAT(sent, StartsWith("HTTP/1.1 " + std::to_string(status) + " "));
    CHECK_THAT(sent, ContainsSubstring("\r\nConnection: close\r\n"));
    CHECK_THAT(sent, ContainsSubstring("\r\nContent-Type: application/problem+json\r\n"));
    const auto body = json::read(std::string_view{sent}.substr(sent.find("\r\n\r\n") + 4));
    REQUIRE(body.has_value());
    CHECK(body->find("status")->as_int64() == status);
    CHECK_FALSE(body->find("detail")->as_string()->empty());
}

TEST_CASE("HTTP server answers a bad head, and closes", "[http][server][bad-input]") {
    for (const auto& c : kBadCases) {
        INFO(c.name);
        Server server;
        const auto result = server.receive(c.input);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().code == c.errc);
        CHECK(server.events().empty());
        const auto sent = server.sent();
        check_answer(sent, c.status);
        CHECK(server.connection.closed());
        CHECK(server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
        CHECK(server.events().empty());
        CHECK(server.sent().empty());
        CHECK_FALSE(server.connection.next_timeout().has_value());

        if (c.input.size() > 200) continue;
        every_split(as_bytes(c.input), [&](BytesView first, BytesView second) {
            Server other;
            auto outcome = other.connection.handle_input(first, other.now);
            if (outcome) outcome = other.connection.handle_input(second, other.now);
            REQUIRE_FALSE(outcome.has_value());
            REQUIRE(outcome.error() == result.error());
            REQUIRE(other.sent() == sent);
        });
    }
}

TEST_CASE("HTTP server answers what came before a bad request", "[http][server][bad-input]") {
    Server server;
    REQUIRE_FALSE(
        server.receive("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nBREW / HTTP/1.1\r\nHost: a\r\n\r\n")
            .has_value());
    CHECK_FALSE(server.connection.closed());
    CHECK(server.sent().empty());
    server.respond(1, "1");
    const auto sent = server.sent();
    CHECK_THAT(sent, StartsWith(plain_answer("1") + "HTTP/1.1 501 "));
    CHECK(server.connection.closed());
}

struct BadBody {
    const char* name;
    std::string body;
};

const BadBody kBadBodies[] = {
    {"no size", "\r\nabc"},
    {"a size that is no number", "xyz\r\nabc"},
    {"a signed size", "+3\r\nabc"},
    {"a size with 0x", "0x3\r\nabc"},
    {"a size beyond 64 bits", "10000000000000000\r\nabc"},
    {"LF behind the size", "3\nabc\r\n0\r\n\r\n"},
    {"CR behind the size", "3\rXabc\r\n0\r\n\r\n"},
    {"no line end behind the data", "3\r\nabcXX0\r\n\r\n"},
    {"too much data", "3\r\nabcd\r\n0\r\n\r\n"},
};

TEST_CASE("HTTP server aborts a request whose chunks are malformed", "[http][server][bad-input]") {
    for (const auto& c : kBadBodies) {
        INFO(c.name);
        const auto input = request(kChunked, c.body);
        every_split(as_bytes(input), [&](BytesView first, BytesView second) {
            Server server;
            auto result = server.connection.handle_input(first, server.now);
            if (result) result = server.connection.handle_input(second, server.now);
            REQUIRE_FALSE(result.has_value());
            CHECK(result.error().code == Errc::malformed_body);
            CHECK_THAT(server.events(),
                       ContainsSubstring("aborted 1: not a valid chunked body\n") &&
                           !ContainsSubstring("complete"));
            check_answer(server.sent(), 400);
            CHECK(server.connection.closed());
        });
    }
}

TEST_CASE("HTTP server counts a chunked body that never ends", "[http][server][bad-input]") {
    Server server;
    REQUIRE(server.receive(request(kChunked)).has_value());
    const auto chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    Result<void> result;
    std::size_t received = 0;
    while (result && received < 1'000'000'000) {
        result = server.receive(chunk);
        static_cast<void>(server.connection.poll_event());
        received += 0x10000;
    }
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == Errc::body_too_large);
    CHECK(received == 17 * 0x10000);  // the first that does not fit into 1 MiB
    check_answer(server.sent(), 413);
    CHECK(server.connection.closed());
}

TEST_CASE("HTTP server bounds what stands around the chunks", "[http][server][bad-input]") {
    const auto feed_forever = [](Server& server, const std::string& piece) {
        Result<void> result;
        std::size_t received = 0;
        while (result && received < 100'000'000) {
            result = server.receive(piece);
            received += piece.size();
            static_cast<void>(server.events());
        }
        return std::pair{result, received};
    };
    Server server;
    SECTION("an extension") {
        REQUIRE(server.receive(request(kChunked, "3;")).has_value());
        CHECK_FALSE(feed_forever(server, std::string(1000, 'x')).first.has_value());
    }
    SECTION("a trailer") {
        REQUIRE(server.receive(request(kChunked, "0\r\n")).has_value());
        CHECK_FALSE(
            feed_forever(server, "X: " + std::string(1000, 'x') + "\r\n").first.has_value());
    }
    CHECK(server.connection.closed());
    CHECK(server.connection.held_bytes() < 2000);  // the answer
}

TEST_CASE("HTTP server lets small chunks pass", "[http][server]") {
    Server server;
    REQUIRE(server.receive(request(kChunked)).has_value());
    for (int i = 0; i < 100'000; ++i)
        REQUIRE(server.receive("1\r\nx\r\n").has_value());
    REQUIRE(server.receive("0\r\n\r\n").has_value());
}

TEST_CASE("HTTP server gives up an answer in progress when the body breaks",
          "[http][server][bad-input]") {
    Server server;
    REQUIRE(server.receive(request(kChunked, "3\r\nabc\r\n")).has_value());
    static_cast<void>(server.events());
    REQUIRE(server.connection.respond_streaming(1, {200, {}}));
    server.connection.append(1, SharedBuffer::copy_of(as_bytes("part")));
    REQUIRE_FALSE(server.receive("xyz").has_value());
    CHECK(server.events() == "aborted 1: not a valid chunked body\n");
    CHECK(server.connection.closed());
    CHECK_THAT(server.sent(), !ContainsSubstring("0\r\n\r\n"));
}

}  // namespace
}  // namespace streamkit::http::test
