#include "streamkit/service/http_server.hpp"

#include <utility>

#include "http_connection.hpp"
#include "streamkit/http/cors.hpp"
#include "streamkit/version.hpp"
#include "tcp_service.hpp"

namespace streamkit {

struct HttpServer::Impl {
    explicit Impl(net::Runtime& runtime) : service(runtime) {}

    TcpService<HttpConnection> service;
};

HttpServer::HttpServer(net::Runtime& runtime, HttpServerConfig config)
    : impl_(std::make_unique<Impl>(runtime)) {
    auto& shared = impl_->service.shared();
    shared.log = Logger{config.log, "http"};
    shared.config = std::move(config);
    auto& common = shared.config.connection.common_headers;
    common.add("Server", "streamkit/" + std::string{kVersion});
    common.add("X-Content-Type-Options", "nosniff");
    for (const auto& field : http::cors_headers())
        common.add(field.name, field.value);
}

HttpServer::~HttpServer() = default;

void HttpServer::route(http::Method method, std::string_view pattern, Handler handler) {
    impl_->service.shared().routes.router.add(method, pattern, std::move(handler));
}

void HttpServer::otherwise(Handler handler) {
    impl_->service.shared().routes.otherwise = std::move(handler);
}

Result<void> HttpServer::start() { return impl_->service.start(); }

std::uint16_t HttpServer::port() const { return impl_->service.port(); }

}  // namespace streamkit
