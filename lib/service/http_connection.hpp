#pragma once

// One connection of an HttpServer: joins the protocol core to the routes.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "connections.hpp"
#include "streamkit/base/log.hpp"
#include "streamkit/http/router.hpp"
#include "streamkit/http/server_connection.hpp"
#include "streamkit/net/listener.hpp"
#include "streamkit/net/stream_driver.hpp"
#include "streamkit/service/http_exchange.hpp"
#include "streamkit/service/http_server.hpp"

namespace streamkit {

/// What a server answers; read-only once the server has started.
struct HttpRoutes {
    using Match = http::Router<HttpServer::Handler>::Match;

    http::Router<HttpServer::Handler> router;
    HttpServer::Handler otherwise;
};

class HttpConnection final : public net::StreamHandler,
                             public ServerSideConnection,
                             public std::enable_shared_from_this<HttpConnection> {
public:
    /// What all connections of a server share; outlives them.
    struct Shared {
        HttpServerConfig config;
        HttpRoutes routes;
        Connections connections;
        Logger log;
    };

    HttpConnection(std::shared_ptr<Shared> shared, std::shared_ptr<net::StreamDriver> driver,
                   std::string peer, net::ConnectionSlot slot);

    // net::StreamHandler
    Result<void> handle_input(BytesView bytes, TimePoint now) override;
    Result<void> handle_timeout(TimePoint now) override;
    Result<void> handle_wake(TimePoint now) override;
    net::EndOfInput handle_end_of_input(TimePoint now) override;
    std::span<const SharedBuffer> pending_output() const override { return core_.pending_output(); }
    void consume_output(std::size_t n) override;
    std::optional<TimePoint> next_timeout() const override { return core_.next_timeout(); }
    std::size_t held_bytes() const override { return core_.held_bytes(); }
    bool closed() const override { return core_.closed(); }
    void on_closed(Error reason) override;

    // ServerSideConnection
    asio::any_io_executor executor() const override { return driver_->executor(); }
    void shut_down(net::Drain drain) override;

private:
    class Exchange;

    void dispatch_events();
    void on_request(http::Request request);
    void on_body(const http::BodyData& data);
    void on_complete(http::RequestId id);
    void on_aborted(http::RequestId id);
    void route(const std::shared_ptr<HttpExchange>& exchange);

    std::shared_ptr<Shared> shared_;
    std::shared_ptr<net::StreamDriver> driver_;  // which lets go of us when the socket is closed
    std::string peer_;
    net::ConnectionSlot slot_;
    http::ServerConnection core_;
    std::unordered_map<http::RequestId, std::shared_ptr<Exchange>> arriving_;
    std::unordered_map<http::RequestId, std::weak_ptr<Exchange>> unanswered_;
    net::Drain drain_;
};

}  // namespace streamkit
