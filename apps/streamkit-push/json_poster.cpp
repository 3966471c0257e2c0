#include "json_poster.hpp"

#include <optional>
#include <utility>
#include <variant>

#include "streamkit/base/overloaded.hpp"
#include "streamkit/http/client_connection.hpp"
#include "streamkit/net/connect.hpp"
#include "streamkit/net/stream_driver.hpp"
#include "streamkit/net/timer.hpp"
#include "streamkit/service/errc.hpp"

namespace streamkit::push {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::chrono::milliseconds kConnectTimeout{5'000};

}  // namespace

/// Joins the client's core to its socket and to the coroutine that waits for the answer.
class JsonPoster::Connection final : public net::StreamHandler {
public:
    Connection(http::ClientConfig config, const asio::any_io_executor& executor)
        : core_(std::move(config)), changed_(executor) {}

    // net::StreamHandler
    Result<void> handle_input(BytesView bytes, TimePoint now) override {
        auto result = core_.handle_input(bytes, now);
        take_events();
        return result;
    }
    Result<void> handle_timeout(TimePoint now) override {
        auto result = core_.handle_timeout(now);
        take_events();
        return result;
    }
    net::EndOfInput handle_end_of_input(TimePoint now) override {
        static_cast<void>(core_.handle_end_of_input(now));
        take_events();
        return net::EndOfInput::close;
    }
    std::span<const SharedBuffer> pending_output() const override { return core_.pending_output(); }
    void consume_output(std::size_t n) override { core_.consume_output(n); }
    std::optional<TimePoint> next_timeout() const override { return core_.next_timeout(); }
    std::size_t held_bytes() const override { return core_.held_bytes(); }
    bool closed() const override { return core_.closed(); }
    void on_closed(Error reason) override {
        ended_ = reason;
        changed_.notify();
    }

    void start(net::tcp::socket socket, const std::shared_ptr<Connection>& self) {
        driver_ = net::StreamDriver::create(std::move(socket));
        driver_->start(self);
    }

    [[nodiscard]] bool usable() const { return !ended_ && core_.idle() && !core_.closed(); }

    net::Task<int> exchange(http::ClientRequest request) {
        status_.reset();
        complete_ = false;
        auto begun = core_.request(std::move(request), net::now());
        if (!begun) co_return begun.error();
        driver_->wake();
        while (!complete_ && !ended_) {
            auto waited = co_await changed_.wait();
            if (!waited) co_return waited.error();
        }
        if (!complete_ || !status_) co_return *ended_;
        co_return *status_;
    }

private:
    void take_events() {
        while (auto event = core_.poll_event()) {
            std::visit(overloaded{
                           [&](const http::ResponseStarted& e) { status_ = e.head.status; },
                           [&](const http::ResponseData&) {},
                           [&](const http::ResponseComplete&) { complete_ = true; },
                       },
                       *event);
        }
        changed_.notify();
    }

    http::ClientConnection core_;
    net::Notifier changed_;
    std::shared_ptr<net::StreamDriver> driver_;  // which lets go of us when the socket is closed
    std::optional<int> status_;
    bool complete_ = false;
    std::optional<Error> ended_;
};

Result<JsonPoster> JsonPoster::to(std::string_view url) {
    auto uri = Uri::parse(url);
    if (!uri) return uri.error();
    if (uri->scheme != "http") return Error{ServiceErrc::unsupported_scheme, "metadata URL"};
    if (uri->port == 0) uri->port = kHttpPort;
    if (uri->path.empty()) uri->path = "/";
    return JsonPoster{*std::move(uri)};
}

net::Task<int> JsonPoster::post(std::string document) {
    http::ClientRequest request;
    request.method = http::Method::post;
    request.target = url_.path + (url_.query.empty() ? "" : "?" + url_.query);
    request.headers.add("Content-Type", "application/json");
    request.body.push_back(SharedBuffer::copy_of(as_bytes(document)));

    const bool kept_open = connection_ && connection_->usable();
    if (!kept_open) {
        auto connected = co_await connect();
        if (!connected) co_return connected.error();
    }
    auto first = request;
    auto status = co_await connection_->exchange(std::move(first));
    if (status || !kept_open) co_return status;
    // The server has closed the connection that it had kept open: once more on a new one.
    auto connected = co_await connect();
    if (!connected) co_return connected.error();
    co_return co_await connection_->exchange(std::move(request));
}

net::Task<> JsonPoster::connect() {
    connection_.reset();
    auto socket = co_await net::connect(url_.host, url_.port, kConnectTimeout);
    if (!socket) co_return socket.error();
    http::ClientConfig config;
    config.host = url_.authority();
    const auto executor = socket->get_executor();
    connection_ = std::make_shared<Connection>(std::move(config), executor);
    connection_->start(std::move(*socket), connection_);
    co_return Result<void>{};
}

}  // namespace streamkit::push
