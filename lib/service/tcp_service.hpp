#pragma once

// What the servers have in common: a port, and connections that share one state.

#include <cstdint>
#include <memory>
#include <utility>

#include "peer_name.hpp"
#include "streamkit/net/listener.hpp"
#include "streamkit/net/runtime.hpp"
#include "streamkit/net/stream_driver.hpp"

namespace streamkit {

/// @tparam Connection  a `net::StreamHandler` and `ServerSideConnection` whose `Shared` has `config`
///                     (with `listen`, the limits, `driver` and `log`), `connections` and `log`
template <class Connection>
class TcpService {
public:
    using Shared = typename Connection::Shared;

    explicit TcpService(net::Runtime& runtime)
        : runtime_(runtime), shared_(std::make_shared<Shared>()) {}

    [[nodiscard]] Shared& shared() noexcept { return *shared_; }

    /// Opens the port; when the runtime stops, it is closed and the connections end in order.
    Result<void> start() {
        const auto& config = shared_->config;
        net::ListenerConfig limits;
        limits.max_connections = config.max_connections;
        limits.max_connections_per_address = config.max_connections_per_address;
        limits.log = config.log;
        limits.on_refused = [log = shared_->log](net::tcp::socket&, const net::tcp::endpoint& peer,
                                                 const Error& why) {
            log.warn("connection refused", {{"peer", peer_name(peer)}, {"reason", why.message()}});
        };
        auto listener = net::Listener::open(
            runtime_, config.listen,
            [shared = shared_](net::tcp::socket socket, const net::tcp::endpoint& peer,
                               net::ConnectionSlot slot) {
                auto driver = net::StreamDriver::create(std::move(socket), shared->config.driver);
                auto connection =
                    std::make_shared<Connection>(shared, driver, peer_name(peer), std::move(slot));
                shared->connections.add(connection);
                driver->start(std::move(connection));
            },
            std::move(limits));
        if (!listener) return listener.error();
        listener_ = std::move(*listener);
        on_stop_ = runtime_.on_stop([this](const net::Drain& drain) {
            listener_->close();
            shared_->connections.shut_down(drain);
        });
        return {};
    }

    [[nodiscard]] std::uint16_t port() const {
        return listener_ ? listener_->local_port() : std::uint16_t{0};
    }

private:
    net::Runtime& runtime_;
    std::shared_ptr<Shared> shared_;  // with the connections, which end after the server
    std::unique_ptr<net::Listener> listener_;
    Registration on_stop_;
};

}  // namespace streamkit
