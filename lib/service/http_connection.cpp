#include "http_connection.hpp"

#include <atomic>
#include <utility>
#include <variant>

#include "streamkit/base/overloaded.hpp"
#include "streamkit/http/cors.hpp"
#include "streamkit/http/problem.hpp"
#include "streamkit/http/static_response.hpp"
#include "streamkit/net/timer.hpp"
#include "wall_clock.hpp"

namespace streamkit {
namespace {

/// A client that does not read what is streamed to it is let go at this backlog.
constexpr std::size_t kMaxStreamBacklogBytes = 1024 * 1024;

}  // namespace

/// The answer's side of a request. Calls may come from any thread, so each is handed to the
/// connection's; a connection that is gone by then is no error.
class HttpConnection::Exchange final : public HttpExchange {
public:
    Exchange(http::Request request, HttpConnection& connection)
        : HttpExchange(std::move(request.head), connection.peer_, connection.executor()),
          id_(request.id),
          connection_(connection.weak_from_this()) {}

    ~Exchange() override {
        if (!answered_) respond(http::problem(500, "nothing answered this request"));
    }

    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    void append_body(BytesView bytes) { body_.insert(body_.end(), bytes.begin(), bytes.end()); }

    void respond(http::Response response) override {
        if (answered_.exchange(true)) return;
        send([id = id_, response = std::move(response)](HttpConnection& connection) {
            connection.shared_->log.debug(
                "answered",
                {{"peer", connection.peer_}, {"request", id}, {"status", response.head.status}});
            connection.core_.respond(id, response);
            connection.unanswered_.erase(id);
        });
    }

    void begin_stream(http::ResponseHead head) override {
        if (answered_.exchange(true)) return;
        send_later([id = id_, head = std::move(head)](HttpConnection& connection) {
            // There is nothing to stream for HEAD, or once the request is gone.
            if (!connection.core_.respond_streaming(id, head)) connection.on_aborted(id);
        });
    }

    void append(SharedBuffer bytes) override {
        send_later([id = id_, bytes = std::move(bytes)](HttpConnection& connection) {
            if (connection.core_.unsent_bytes(id) > kMaxStreamBacklogBytes) {
                connection.core_.abort(id);
            } else {
                connection.core_.append(id, bytes);
            }
        });
    }

    void finish() override {
        send_later([id = id_](HttpConnection& connection) {
            connection.core_.finish(id);
            connection.unanswered_.erase(id);
        });
    }

    void on_gone(std::function<void()> callback) override {
        // Here, and not by way of the connection's executor: the callback is read only there, and
        // handlers that set it run there too.
        on_gone_ = std::move(callback);
        if (connection_.expired()) gone();
    }

    /// The client will not get an answer any more.
    void gone() {
        answered_ = true;
        if (const auto callback = std::exchange(on_gone_, {})) callback();
    }

private:
    using Action = std::function<void(HttpConnection&)>;

    /// At once where we are on the connection's thread already.
    void send(Action action) { asio::dispatch(executor(), on_connection(std::move(action))); }
    /// Never at once: whoever streams to many may hold a lock.
    void send_later(Action action) { asio::post(executor(), on_connection(std::move(action))); }

    [[nodiscard]] std::function<void()> on_connection(Action action) const {
        return [weak = connection_, action = std::move(action)] {
            if (const auto connection = weak.lock()) {
                connection->core_.set_wall_time(wall_now());
                action(*connection);
                connection->driver_->wake();
            }
        };
    }

    http::RequestId id_;
    std::weak_ptr<HttpConnection> connection_;
    std::atomic<bool> answered_{false};
    std::function<void()> on_gone_;
};

HttpConnection::HttpConnection(std::shared_ptr<Shared> shared,
                               std::shared_ptr<net::StreamDriver> driver, std::string peer,
                               net::ConnectionSlot slot)
    : shared_(std::move(shared)),
      driver_(std::move(driver)),
      peer_(std::move(peer)),
      slot_(std::move(slot)),
      core_(shared_->config.connection, net::now(), wall_now()) {}

Result<void> HttpConnection::handle_input(BytesView bytes, TimePoint now) {
    core_.set_wall_time(wall_now());
    auto result = core_.handle_input(bytes, now);
    dispatch_events();
    return result;
}

Result<void> HttpConnection::handle_timeout(TimePoint now) {
    core_.set_wall_time(wall_now());
    auto result = core_.handle_timeout(now);
    dispatch_events();
    return result;
}

Result<void> HttpConnection::handle_wake(TimePoint /*now*/) {
    core_.set_wall_time(wall_now());
    dispatch_events();
    return {};
}

net::EndOfInput HttpConnection::handle_end_of_input(TimePoint now) {
    // A client that half-closes still reads; an error shows in `closed()`.
    static_cast<void>(core_.handle_end_of_input(now));
    dispatch_events();
    return net::EndOfInput::keep_sending;
}

void HttpConnection::consume_output(std::size_t n) {
    core_.consume_output(n);
    dispatch_events();  // input that waited for answers to leave may go on
}

void HttpConnection::on_closed(Error reason) {
    shared_->log.debug("connection closed", {{"peer", peer_},
                                             {"reason", reason.message()},
                                             {"bytes_in", driver_->bytes_in()},
                                             {"bytes_out", driver_->bytes_out()}});
    shared_->connections.remove(this);
    for (const auto& [id, exchange] : std::exchange(unanswered_, {})) {
        if (const auto alive = exchange.lock()) alive->gone();
    }
    for (const auto& [id, exchange] : std::exchange(arriving_, {}))
        exchange->gone();
    slot_.reset();
    drain_.reset();
}

void HttpConnection::shut_down(net::Drain drain) {
    drain_ = std::move(drain);
    core_.shut_down();
    driver_->wake();
}

void HttpConnection::dispatch_events() {
    while (auto event = core_.poll_event()) {
        std::visit(overloaded{
                       [&](http::Request& e) { on_request(std::move(e)); },
                       [&](const http::BodyData& e) { on_body(e); },
                       [&](const http::RequestComplete& e) { on_complete(e.id); },
                       [&](const http::BodyDrained&) {},
                       [&](const http::RequestAborted& e) { on_aborted(e.id); },
                   },
                   *event);
    }
}

void HttpConnection::on_request(http::Request request) {
    const auto id = request.id;
    arriving_.emplace(id, std::make_shared<Exchange>(std::move(request), *this));
}

void HttpConnection::on_body(const http::BodyData& data) {
    if (const auto found = arriving_.find(data.id); found != arriving_.end()) {
        found->second->append_body(data.bytes);
    }
}

void HttpConnection::on_complete(http::RequestId id) {
    auto arrived = arriving_.extract(id);
    if (arrived.empty()) return;
    const auto exchange = std::move(arrived.mapped());
    unanswered_.emplace(id, exchange);
    route(exchange);
}

void HttpConnection::on_aborted(http::RequestId id) {
    if (const auto arrived = arriving_.extract(id)) arrived.mapped()->gone();
    if (const auto waiting = unanswered_.extract(id)) {
        if (const auto alive = waiting.mapped().lock()) alive->gone();
    }
}

void HttpConnection::route(const std::shared_ptr<HttpExchange>& exchange) {
    const auto& head = exchange->head();
    shared_->log.debug(
        "request",
        {{"peer", peer_}, {"method", http::to_string(head.method)}, {"path", head.target.path}});
    const auto allow_all = [](const HttpRoutes::Match& match) {
        return match.handler != nullptr ? std::string{"GET, HEAD, POST"} : match.allow;
    };
    const auto& routes = shared_->routes;
    auto match = routes.router.match(head.method, head.target.path);
    if (auto preflight = http::cors_preflight(head, allow_all(match))) {
        return exchange->respond(std::move(*preflight));
    }
    if (match.handler != nullptr) return (*match.handler)(exchange, match.parameters);
    if (!match.allow.empty()) return exchange->respond(http::method_not_allowed(match.allow));
    if (routes.otherwise) return routes.otherwise(exchange, {});
    exchange->respond(
        http::problem(404, "there is nothing at this path", "GET /openapi.json lists what is"));
}

}  // namespace streamkit
