#include "streamkit/service/rtmp_server.hpp"

#include <utility>

#include "rtmp_connection.hpp"
#include "tcp_service.hpp"

namespace streamkit {

struct RtmpServer::Impl {
    explicit Impl(net::Runtime& runtime) : service(runtime) {}

    TcpService<RtmpConnection> service;
};

RtmpServer::RtmpServer(net::Runtime& runtime, RtmpServerConfig config)
    : impl_(std::make_unique<Impl>(runtime)) {
    auto& shared = impl_->service.shared();
    shared.log = Logger{config.log, "rtmp"};
    shared.config = std::move(config);
}

RtmpServer::~RtmpServer() = default;

void RtmpServer::on_publish(PublishHandler handler) {
    impl_->service.shared().on_publish = std::move(handler);
}

void RtmpServer::on_play(PlayHandler handler) {
    impl_->service.shared().on_play = std::move(handler);
}

Result<void> RtmpServer::start() { return impl_->service.start(); }

std::uint16_t RtmpServer::port() const { return impl_->service.port(); }

}  // namespace streamkit
