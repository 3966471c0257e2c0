#pragma once

// An HTTP/1.1 server with routes.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "streamkit/base/log.hpp"
#include "streamkit/http/server_connection.hpp"
#include "streamkit/net/listener.hpp"
#include "streamkit/net/runtime.hpp"
#include "streamkit/net/stream_driver.hpp"
#include "streamkit/service/http_exchange.hpp"

namespace streamkit {

struct HttpServerConfig {
    std::string listen = "0.0.0.0:8080";   ///< `host:port`; port 0: any free one
    std::size_t max_connections = 10'000;  ///< at one time; more are closed at once
    std::size_t max_connections_per_address = 1'000;
    http::ServerConfig connection{};  ///< limits and timeouts of each connection
    net::StreamDriverConfig driver{};
    LogSink log{};
};

/// Answers requests by routes. Every answer, errors included, allows any origin (CORS); errors are
/// problem documents (RFC 9457); HEAD goes to the handler of GET; preflights are answered here.
class HttpServer {
public:
    /// Called on the connection's thread when a request has come in full.
    ///
    /// `parameters`: the values of the pattern's names, in order.
    using Handler = std::function<void(const std::shared_ptr<HttpExchange>& exchange,
                                       const std::vector<std::string>& parameters)>;

    /// @param runtime  must outlive the server
    explicit HttpServer(net::Runtime& runtime, HttpServerConfig config = {});
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Answers one method of the paths that match; the first match of all routes is taken. Before
    /// `start`.
    ///
    /// @param pattern  see `http::PathPattern`: "/time", "/web/{file...}"
    void route(http::Method method, std::string_view pattern, Handler handler);
    /// Answers what no route matches. Before `start`.
    void otherwise(Handler handler);

    /// Opens the port. The server ends with the runtime: it answers what has been asked, then
    /// closes.
    ///
    /// @return an error of `net::Listener::open`
    Result<void> start();

    /// The port in use; 0 before `start`.
    [[nodiscard]] std::uint16_t port() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamkit
