#include "streamkit/service/http_server.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "blocking_client.hpp"
#include "running_runtime.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using test::BlockingClient;
using test::http_get;
using test::http_post;
using test::read_answer;

namespace {

HttpServerConfig on_any_port() {
    HttpServerConfig config;
    config.listen = "127.0.0.1:0";
    return config;
}

SharedBuffer buffer(std::string_view text) { return SharedBuffer::copy_of(as_bytes(text)); }

http::Response text(std::string body) {
    return http::text_response(200, "text/plain", std::move(body));
}

}  // namespace

TEST_CASE("an HTTP server answers by its routes", "[service]") {
    net::Runtime runtime;
    HttpServer server{runtime, on_any_port()};
    server.route(http::Method::get, "/hello/{name}", [](const auto& exchange, const auto& names) {
        exchange->respond(text("hello " + names.at(0)));
    });
    server.route(http::Method::post, "/echo", [](const auto& exchange, const auto&) {
        exchange->respond(text(std::string{as_text(exchange->body())}));
    });
    REQUIRE(server.start());
    const test::RunningRuntime running{runtime};

    const auto hello = http_get(server.port(), "/hello/world");
    CHECK(hello.status == 200);
    CHECK(hello.body == "hello world");
    CHECK(hello.head.find("Access-Control-Allow-Origin: *\r\n") != std::string::npos);
    CHECK(hello.head.find("Server: streamkit/") != std::string::npos);
    CHECK(http_post(server.port(), "/echo", std::string(100'000, 'x')).body ==
          std::string(100'000, 'x'));

    const auto missing = http_get(server.port(), "/nothing");
    CHECK(missing.status == 404);
    CHECK(missing.head.find("application/problem+json") != std::string::npos);
    CHECK(missing.head.find("Access-Control-Allow-Origin: *\r\n") != std::string::npos);
    const auto wrong_method = http_get(server.port(), "/echo");
    CHECK(wrong_method.status == 405);
    CHECK(wrong_method.head.find("Allow: POST") != std::string::npos);
}

TEST_CASE("an exchange may be answered later, from another thread, in the order of requests",
          "[service]") {
    net::Runtime runtime{{.threads = 2}};
    HttpServer server{runtime, on_any_port()};
    std::mutex mutex;
    std::vector<std::shared_ptr<HttpExchange>> waiting;
    server.route(http::Method::get, "/later", [&](const auto& exchange, const auto&) {
        const std::lock_guard lock{mutex};
        waiting.push_back(exchange);
    });
    server.route(http::Method::get, "/now", [&](const auto& exchange, const auto&) {
        exchange->respond(text("now"));
        const std::lock_guard lock{mutex};
        // Both requests are here: the second is answered before the first.
        auto& other = runtime.shard(0).get_executor() == exchange->executor() ? runtime.shard(1)
                                                                              : runtime.shard(0);
        asio::post(other, [first = waiting.at(0)] { first->respond(text("later")); });
        waiting.clear();
    });
    REQUIRE(server.start());
    const test::RunningRuntime running{runtime};

    BlockingClient client{server.port()};
    client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(read_answer(client).body == "later");
    CHECK(read_answer(client).body == "now");
}

TEST_CASE("an exchange that nobody answers is answered with 500", "[service]") {
    net::Runtime runtime;
    HttpServer server{runtime, on_any_port()};
    server.route(http::Method::get, "/", [](const auto&, const auto&) {});
    REQUIRE(server.start());
    const test::RunningRuntime running{runtime};
    CHECK(http_get(server.port(), "/").status == 500);
}

TEST_CASE("an exchange may be answered bit by bit", "[service]") {
    net::Runtime runtime;
    HttpServer server{runtime, on_any_port()};
    server.route(http::Method::get, "/stream", [](const auto& exchange, const auto&) {
        exchange->begin_stream({});
        exchange->append(buffer("one"));
        exchange->append(buffer("two!"));
        exchange->finish();
    });
    REQUIRE(server.start());
    const test::RunningRuntime running{runtime};
    BlockingClient client{server.port()};
    client.send("GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const auto all = client.read_to_end();
    CHECK(all.find("\r\n\r\n3\r\none\r\n4\r\ntwo!\r\n0\r\n\r\n") != std::string::npos);
}

TEST_CASE("an exchange tells when its client has gone", "[service]") {
    net::Runtime runtime;
    HttpServer server{runtime, on_any_port()};
    bool gone = false;
    // A client that has closed may only have ended its own direction: it is gone when it takes
    // nothing any more.
    std::function<void(std::shared_ptr<HttpExchange>)> talk =
        [&](const std::shared_ptr<HttpExchange>& exchange) {
            if (gone) return;
            exchange->append(buffer("go away "));
            asio::post(exchange->executor(), [&, exchange] { talk(exchange); });
        };
    server.route(http::Method::get, "/talk", [&](const auto& exchange, const auto&) {
        exchange->on_gone([&, weak = std::weak_ptr{exchange}] {
            gone = true;
            weak.lock()->respond(text("too late"));  // harmless
            runtime.stop();
        });
        exchange->begin_stream({});
        talk(exchange);
    });
    REQUIRE(server.start());
    std::thread leaver{[&] {
        BlockingClient client{server.port()};
        client.send("GET /talk HTTP/1.1\r\nHost: x\r\n\r\n");
        client.read_until("go away");
    }};
    runtime.run_until_stopped();
    leaver.join();
    CHECK(gone);
}

TEST_CASE("garbage, a TLS hello and slow ends are refused without harm to others", "[service]") {
    net::Runtime runtime;
    HttpServer server{runtime, on_any_port()};
    server.route(http::Method::get, "/",
                 [](const auto& exchange, const auto&) { exchange->respond(text("fine")); });
    REQUIRE(server.start());
    const test::RunningRuntime running{runtime};
    BlockingClient other{server.port()};
    other.send("GET / HTTP/1.1\r\nHost: x\r\n");  // half a head

    for (const std::string& garbage :
         {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), std::string(1000, '\0'),
          std::string("\x03") + std::string(1536, 'x'), std::string("GET\r\n\r\n")}) {
        BlockingClient client{server.port()};
        client.send(garbage);
        CHECK(client.read_to_end().starts_with("HTTP/1.1 400 "));
    }
    BlockingClient huge{server.port()};
    huge.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
    CHECK(huge.read_to_end().starts_with("HTTP/1.1 413 "));

    other.send("\r\n");
    CHECK(read_answer(other).body == "fine");
}

TEST_CASE("a stopping HTTP server answers what was asked and closes", "[service]") {
    net::Runtime runtime;
    HttpServer server{runtime, on_any_port()};
    std::shared_ptr<HttpExchange> asked;
    server.route(http::Method::get, "/", [&](const auto& exchange, const auto&) {
        asked = exchange;
        runtime.stop();
        asio::post(exchange->executor(), [&] {
            asio::post(asked->executor(), [&] {
                asked->respond(text("last words"));
                asked.reset();
            });
        });
    });
    REQUIRE(server.start());
    test::RunningRuntime running{runtime};
    BlockingClient client{server.port()};
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto answer = client.read_to_end();
    CHECK(answer.ends_with("last words"));
    running.stop();
}

TEST_CASE("a busy port is an error that says so", "[service]") {
    net::Runtime runtime;
    HttpServer first{runtime, on_any_port()};
    REQUIRE(first.start());
    auto config = on_any_port();
    config.listen = "127.0.0.1:" + std::to_string(first.port());
    HttpServer second{runtime, config};
    const auto started = second.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().code == net::Errc::address_in_use);
}
