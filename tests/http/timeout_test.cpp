#include "server_fixture.hpp"
#include "streamkit/http/errc.hpp"
#include "support/catch.hpp"

namespace streamkit::http::test {
namespace {

using streamkit::test::ContainsSubstring;
using streamkit::test::StartsWith;

TEST_CASE("HTTP server closes a connection on which nothing is asked", "[http][server][timeout]") {
    Server server;
    CHECK(server.connection.next_timeout() == TimePoint{} + 60s);
    REQUIRE(server.wait(59s).has_value());
    CHECK_FALSE(server.connection.closed());
    const auto result = server.wait(2s);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == Errc::idle_timed_out);
    CHECK(result.error().code == Failure::timed_out);
    CHECK(server.connection.closed());
    CHECK(server.sent().empty());
    CHECK_FALSE(server.connection.next_timeout().has_value());
}

TEST_CASE("HTTP server keeps an idle connection for one to two timeouts",
          "[http][server][timeout]") {
    Server server;
    REQUIRE(server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
    REQUIRE(server.wait(600s).has_value());  // the answer may take its time
    server.respond(1, "late");
    static_cast<void>(server.sent());
    REQUIRE(server.wait(59s).has_value());
    CHECK_FALSE(server.connection.closed());
    CHECK(server.wait(61s).error().code == Errc::idle_timed_out);
}

TEST_CASE("HTTP server answers 408 to slow headers", "[http][server][timeout]") {
    Server server;
    REQUIRE(server.wait(30s).has_value());
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyy";
    Result<void> result;
    std::size_t received = 0;
    for (; result && received < head.size(); ++received) {  // a byte each second
        REQUIRE(server.receive(head.substr(received, 1)).has_value());
        result = server.wait(1s);
    }
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == Errc::head_timed_out);
    CHECK(received == 10);
    CHECK_THAT(server.sent(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
    CHECK(server.connection.closed());
}

TEST_CASE("HTTP server does not take empty lines for a request", "[http][server][timeout]") {
    Server server;
    Result<void> result;
    int seconds = 0;
    for (; result && seconds < 100; ++seconds) {
        REQUIRE(server.receive("\r\n").has_value());
        result = server.wait(1s);
    }
    CHECK(result.error().code == Errc::idle_timed_out);
    CHECK(seconds == 60);
}

TEST_CASE("HTTP server answers 408 to a body that comes to a halt", "[http][server][timeout]") {
    Server server;
    REQUIRE(server.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n").has_value());
    for (int i = 0; i < 3; ++i) {
        REQUIRE(server.wait(29s).has_value());
        REQUIRE(server.receive("x").has_value());
    }
    static_cast<void>(server.events());
    const auto result = server.wait(30s);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == Errc::body_timed_out);
    CHECK(server.events() == "aborted 1: the body did not arrive in time\n");
    CHECK_THAT(server.sent(), StartsWith("HTTP/1.1 408 "));
    CHECK(server.connection.closed());
}

TEST_CASE("HTTP server closes on a peer that does not read", "[http][server][timeout]") {
    Server server;
    REQUIRE(server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n").has_value());
    static_cast<void>(server.events());
    REQUIRE(server.connection.respond_streaming(1, {200, {}}));
    server.connection.append(1, SharedBuffer::take(Bytes(1000)));
    for (int i = 0; i < 20; ++i) {  // a little each 20 s is enough
        REQUIRE(server.wait(20s).has_value());
        server.connection.consume_output(10);
    }
    REQUIRE_FALSE(server.connection.closed());
    const auto result = server.wait(61s);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == Errc::send_timed_out);
    CHECK(server.connection.closed());
    CHECK(server.connection.pending_output().empty());
    CHECK(server.events() == "aborted 1: the peer does not read what it asked for\n");
}

TEST_CASE("HTTP server does not wait for ever to send its last answer", "[http][server][timeout]") {
    Server server;
    REQUIRE_FALSE(server.receive("garbage\r\n\r\n").has_value());
    REQUIRE(server.connection.closed());
    REQUIRE_FALSE(server.connection.pending_output().empty());
    CHECK(server.wait(61s).error().code == Errc::send_timed_out);
    CHECK(server.connection.pending_output().empty());
}

TEST_CASE("HTTP server takes spurious timeouts", "[http][server][timeout]") {
    Server server;
    for (const auto* piece :
         {"GET / HT", "TP/1.1\r\nHost: a\r\nContent-Le", "ngth: 2\r\n\r\na", "b"}) {
        REQUIRE(server.receive(piece).has_value());
        REQUIRE(server.connection.handle_timeout(server.now).has_value());
    }
    CHECK_THAT(server.events(), ContainsSubstring("complete 1"));
}

}  // namespace
}  // namespace streamkit::http::test
