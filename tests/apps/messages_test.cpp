#include "streamkit-push/messages.hpp"

#include <string>
#include <vector>

#include "streamkit/net/runtime.hpp"
#include "streamkit/service/http_server.hpp"
#include "support/catch.hpp"

namespace streamkit::push {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a template gets the number of its message", "[apps][push]") {
    CHECK(expand("message {n}", 7) == "message 7");
    CHECK(expand("{n}/{n} {x}", 12) == "12/12 {x}");
    CHECK(expand("plain", 1) == "plain");
    CHECK(expand("", 1).empty());
}

/// A server that answers with the statuses in their order, then with 200, and keeps the bodies.
class Inbox {
public:
    Inbox(net::Runtime& runtime, std::vector<int> statuses, std::size_t wanted)
        : server_(runtime, make_config()),
          statuses_(std::move(statuses)),
          wanted_(wanted),
          changed_(runtime.shard(0).get_executor()) {
        server_.route(http::Method::post, "/metadata", [this](const auto& exchange, const auto&) {
            bodies.emplace_back(as_text(exchange->body()));
            const auto n = bodies.size() - 1;
            http::Response response;
            response.head.status = n < statuses_.size() ? statuses_[n] : 200;
            // A server may close the connection that was to be kept.
            if (n % 3 == 0) response.head.headers.set("Connection", "close");
            exchange->respond(std::move(response));
            changed_.notify();
        });
    }

    Result<void> start() { return server_.start(); }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_.port()) + "/metadata?a=b";
    }
    net::Task<> wait_until_full() {
        while (bodies.size() < wanted_) {
            auto waited = co_await changed_.wait();
            if (!waited) co_return waited;
        }
        co_return Result<void>{};
    }

    std::vector<std::string> bodies;

private:
    static HttpServerConfig make_config() {
        HttpServerConfig config;
        config.listen = "127.0.0.1:0";
        return config;
    }

    HttpServer server_;
    std::vector<int> statuses_;
    std::size_t wanted_;
    net::Notifier changed_;
};

net::Task<> post_until_full(Inbox& inbox, Messages& messages) {
    messages.start();
    messages.start();
    auto full = co_await inbox.wait_until_full();
    if (!full) co_return full;
    auto stopped = co_await messages.stop();
    co_return stopped;
}

TEST_CASE("messages are posted in order, again where they were not taken", "[apps][push]") {
    net::Runtime runtime;
    Inbox inbox{runtime, {409, 404, 200, 503}, 6};
    REQUIRE(inbox.start());
    auto poster = JsonPoster::to(inbox.url());
    REQUIRE(poster);
    MessagesConfig config;
    config.stream = "live/app";
    config.every = 1ms;
    config.count = 4;
    Messages messages{*std::move(poster), config, runtime.shard(0).get_executor()};
    REQUIRE(runtime.run(post_until_full(inbox, messages)));
    CHECK(messages.posted() == 3);
    const auto document = [](int n) {
        return R"({"metadata":"message )" + std::to_string(n) + R"(","stream":"live/app"})";
    };
    CHECK(inbox.bodies == std::vector{document(1), document(1), document(1), document(2),
                                      document(2), document(3)});
}

TEST_CASE("only HTTP URLs are posted to", "[apps][push]") {
    CHECK_FALSE(JsonPoster::to("https://localhost/metadata"));
    CHECK_FALSE(JsonPoster::to("localhost:8080"));
    CHECK(JsonPoster::to("http://localhost:8080"));
}

}  // namespace
}  // namespace streamkit::push
