#include "streamkit/http/client_connection.hpp"

#include "server_fixture.hpp"
#include "streamkit/http/errc.hpp"
#include "support/catch.hpp"

namespace streamkit::http::test {
namespace {

using streamkit::test::ContainsSubstring;
using streamkit::test::every_split;

std::string drain(ClientConnection& client) {
    std::string text;
    bool in_body = false;
    while (auto event = client.poll_event()) {
        if (const auto* data = std::get_if<ResponseData>(&*event)) {
            if (!std::exchange(in_body, true)) text += "body: ";
            text += as_text(data->bytes);
            continue;
        }
        if (std::exchange(in_body, false)) text += '\n';
        if (const auto* response = std::get_if<ResponseStarted>(&*event)) {
            text += "response: " + std::to_string(response->head.status);
            for (const auto& field : response->head.headers) {
                text += " [" + field.name + "=" + field.value + "]";
            }
            text += '\n';
        } else {
            text += "complete\n";
        }
    }
    return text;
}

std::string sent(ClientConnection& client) {
    std::string text;
    for (const auto& slice : client.pending_output())
        text += as_text(slice);
    client.consume_output(text.size());
    return text;
}

ClientConnection client_after(ClientRequest request, ClientConfig config = {.host = "a"}) {
    ClientConnection client{std::move(config)};
    REQUIRE(client.request(std::move(request), TimePoint{}).has_value());
    static_cast<void>(sent(client));
    return client;
}

TEST_CASE("HTTP client writes requests", "[http][client]") {
    ClientConnection client{{.host = "localhost:8080"}};
    CHECK(client.idle());
    REQUIRE(client.request({.target = "/time"}, TimePoint{}).has_value());
    CHECK(sent(client) == "GET /time HTTP/1.1\r\nHost: localhost:8080\r\n\r\n");
    CHECK_FALSE(client.idle());
    CHECK(client.request({}, TimePoint{}).error().code == Errc::busy);

    ClientConnection poster{{.host = "[::1]:80"}};
    REQUIRE(poster
                .request({Method::post,
                          "/metadata",
                          {{"Content-Type", "application/json"}},
                          {SharedBuffer::copy_of(as_bytes("{}")),
                           SharedBuffer::copy_of(as_bytes("\n"))}},
                         TimePoint{})
                .has_value());
    CHECK(sent(poster) ==
          "POST /metadata HTTP/1.1\r\nHost: [::1]:80\r\nContent-Type: application/json\r\n"
          "Content-Length: 3\r\n\r\n{}\n");

    ClientConnection empty{{.host = "a"}};
    REQUIRE(empty.request({.method = Method::put}, TimePoint{}).has_value());
    CHECK(sent(empty) == "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("HTTP client refuses to write what would end too early", "[http][client]") {
    ClientConnection client{{.host = "a"}};
    for (const auto* target : {"", "/a b", "/a\r\nX: y", "/a\nb"}) {
        CHECK(client.request({.target = target}, TimePoint{}).error().code == Errc::malformed_head);
    }
    CHECK(client.request({.headers = {{"X", "a\r\nY: b"}}}, TimePoint{}).error().code ==
          Errc::malformed_head);
    CHECK(client.request({.headers = {{"X Y", "a"}}}, TimePoint{}).error().code ==
          Errc::malformed_head);
    CHECK(client.idle());
    CHECK(client.pending_output().empty());
}

struct Case {
    const char* name;
    std::string input;
    std::string events;
    bool closed = false;
};

const Case kCases[] = {
    {"a body with Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
     "response: 200 [Content-Length=5]\nbody: hello\ncomplete\n"},
    {"chunks",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
     "response: 200 [Transfer-Encoding=chunked]\nbody: hello\ncomplete\n"},
    {"no reason phrase", "HTTP/1.1 204 \r\n\r\n", "response: 204\ncomplete\n"},
    {"interim answers",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
     "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
     "response: 404 [Content-Length=0]\ncomplete\n"},
    {"Connection: close", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
     "response: 200 [Content-Length=2] [Connection=close]\nbody: hi\ncomplete\n", true},
    {"what follows an answer with Connection: close",
     "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\ngarbage",
     "response: 204 [Connection=close]\ncomplete\n", true},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
     "response: 200 [Content-Length=2]\nbody: hi\ncomplete\n", true},
};

TEST_CASE("HTTP client reads responses, however the input is cut", "[http][client]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        every_split(as_bytes(c.input), [&](BytesView first, BytesView second) {
            auto client = client_after({});
            REQUIRE(client.handle_input(first, TimePoint{}).has_value());
            REQUIRE(client.handle_input(second, TimePoint{}).has_value());
            REQUIRE(drain(client) == c.events);
            REQUIRE(client.closed() == c.closed);
            REQUIRE(client.idle() == !c.closed);
        });
    }
}

TEST_CASE("HTTP client reads a body that runs until the end", "[http][client]") {
    auto client = client_after({});
    REQUIRE(client.handle_input(as_bytes("HTTP/1.1 200 OK\r\n\r\nhel"), TimePoint{}).has_value());
    REQUIRE(client.handle_input(as_bytes("lo"), TimePoint{}).has_value());
    CHECK(drain(client) == "response: 200\nbody: hello");
    REQUIRE(client.handle_end_of_input(TimePoint{}).has_value());
    CHECK(drain(client) == "complete\n");
    CHECK(client.closed());
}

TEST_CASE("HTTP client notices a response that is cut short", "[http][client]") {
    for (std::size_t i = 0; i < 2; ++i) {
        streamkit::test::every_truncation(as_bytes(kCases[i].input), [](BytesView prefix) {
            auto client = client_after({});
            REQUIRE(client.handle_input(prefix, TimePoint{}).has_value());
            CHECK(client.handle_end_of_input(TimePoint{}).error().code == Errc::closed_early);
            CHECK(client.closed());
            CHECK_THAT(drain(client), !ContainsSubstring("complete"));
        });
    }
    ClientConnection idle{{.host = "a"}};
    CHECK(idle.handle_end_of_input(TimePoint{}).has_value());
    CHECK(idle.closed());
    CHECK(idle.request({}, TimePoint{}).error().code == Errc::aborted);
}

TEST_CASE("HTTP client expects no body for HEAD", "[http][client]") {
    auto client = client_after({.method = Method::head});
    REQUIRE(
        client
            .handle_input(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"), TimePoint{})
            .has_value());
    CHECK(drain(client) == "response: 200 [Content-Length=5000]\ncomplete\n");
    REQUIRE(client.request({}, TimePoint{}).has_value());
    REQUIRE(
        client.handle_input(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), TimePoint{})
            .has_value());
    CHECK(drain(client) == "response: 200 [Content-Length=1]\nbody: x\ncomplete\n");
}

TEST_CASE("HTTP client refuses bad responses", "[http][client][bad-input]") {
    struct BadCase {
        const char* name;
        std::string input;
        Errc errc;
    };
    const BadCase cases[] = {
        {"garbage", "garbage\r\n\r\n", Errc::malformed_head},
        {"RTMP", std::string{"\x03\0\0\0", 4}, Errc::malformed_head},
        {"a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n", Errc::malformed_head},
        {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
         Errc::ambiguous_length},
        {"a body beyond the limit", "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
         Errc::body_too_large},
        {"a body that grows beyond the limit", "HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'),
         Errc::body_too_large},
        {"bad chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx",
         Errc::malformed_body},
        {"an endless head", "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'),
         Errc::head_too_large},
        {"an answer to nothing",
         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
         Errc::malformed_head},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        auto client = client_after({}, {.host = "a", .limits = {.max_body_bytes = 100}});
        const auto result = client.handle_input(as_bytes(c.input), TimePoint{});
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().code == c.errc);
        CHECK(client.closed());
    }
}

TEST_CASE("HTTP client gives up on a silent server", "[http][client][timeout]") {
    ClientConnection client{{.host = "a"}};
    TimePoint now{};
    CHECK_FALSE(client.next_timeout().has_value());
    REQUIRE(client.request({}, now).has_value());
    CHECK(client.next_timeout() == now + 30s);
    static_cast<void>(sent(client));
    REQUIRE(client.handle_timeout(now += 30s).has_value());  // the request has only just left
    REQUIRE(client.handle_timeout(now += 29s).has_value());
    CHECK(client.handle_timeout(now += 1s).error().code == Errc::response_timed_out);
    CHECK(client.closed());
}

TEST_CASE("HTTP client closes when it was answered before it had sent all", "[http][client]") {
    ClientConnection client{{.host = "a"}};
    REQUIRE(client.request({Method::post, "/", {}, {SharedBuffer::take(Bytes(1000))}}, TimePoint{})
                .has_value());
    client.consume_output(100);
    REQUIRE(
        client
            .handle_input(as_bytes("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"),
                          TimePoint{})
            .has_value());
    CHECK_THAT(drain(client), ContainsSubstring("complete"));
    CHECK(client.closed());
    CHECK(client.pending_output().empty());
}

/// Carries bytes both ways until neither side has any, a few at a time.
void exchange(ClientConnection& client, Server& server, std::size_t step) {
    while (!client.pending_output().empty() || !server.connection.pending_output().empty()) {
        if (!client.pending_output().empty()) {
            const auto bytes = client.pending_output()[0].slice(0, step);
            client.consume_output(bytes.size());
            REQUIRE(server.connection.handle_input(bytes, server.now).has_value());
        }
        if (!server.connection.pending_output().empty()) {
            const auto bytes = server.connection.pending_output()[0].slice(0, step);
            server.connection.consume_output(bytes.size());
            REQUIRE(client.handle_input(bytes, server.now).has_value());
        }
    }
}

TEST_CASE("HTTP client and server understand each other", "[http][client][server]") {
    for (const std::size_t step : {1U, 2U, 7U, 1000U}) {
        ClientConnection client{{.host = "localhost"}};
        Server server;
        RequestId id = 0;
        for (int round = 0; round < 3; ++round) {
            REQUIRE(client
                        .request({Method::post,
                                  "/metadata?stream=live%2Fapp",
                                  {{"Expect", "100-continue"}},
                                  {SharedBuffer::copy_of(as_bytes("{\"metadata\":\"hello\"}"))}},
                                 server.now)
                        .has_value());
            exchange(client, server, step);
            const auto number = std::to_string(++id);
            CHECK(server.events() == "request " + number +
                                         ": POST /metadata ?stream=live%2Fapp 1.1 [Host=localhost] "
                                         "[Expect=100-continue] [Content-Length=20]\nbody " +
                                         number + ": {\"metadata\":\"hello\"}\ncomplete " + number +
                                         "\n");
            server.respond(id, "known");
            exchange(client, server, step);
            CHECK_THAT(drain(client), ContainsSubstring("response: 200") &&
                                          ContainsSubstring("body: known\ncomplete\n"));

            REQUIRE(client.request({.target = "/stream"}, server.now).has_value());
            exchange(client, server, step);
            REQUIRE(server.connection.respond_streaming(++id, {200, {}}));
            for (const auto* piece : {"one ", "two ", "three"}) {
                server.connection.append(id, SharedBuffer::copy_of(as_bytes(piece)));
                exchange(client, server, step);
            }
            server.connection.finish(id);
            exchange(client, server, step);
            CHECK_THAT(drain(client), ContainsSubstring("body: one two three\ncomplete\n"));
            static_cast<void>(server.events());
        }
        CHECK(client.idle());
        CHECK(server.connection.held_bytes() == 0);
    }
}

}  // namespace
}  // namespace streamkit::http::test
