#pragma once

// Reliable UDP on sockets: one endpoint on one shard, or a server with one on each.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "streamkit/base/log.hpp"
#include "streamkit/base/registration.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/socket_address.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/net/datagram_driver.hpp"
#include "streamkit/net/runtime.hpp"
#include "streamkit/rudp/endpoint.hpp"

namespace streamkit {

/// What becomes of the connections of an endpoint when the program ends.
enum class RudpShutDown : std::uint8_t {
    close_links,  ///< they are closed at once
    /// The application closes them itself; the endpoint goes with the last one. The runtime's
    /// `drain_timeout` is the limit.
    wait_for_links,
};

/// What an application does with the connections ("links") of an endpoint. Every function is called
/// on the endpoint's shard, never from within another one; what is written to connections, or asked
/// of the endpoint, takes effect right after the call.
class RudpApplication {
public:
    virtual ~RudpApplication() = default;

    /// @see rudp::Event. `rudp::Incoming` is to be accepted or rejected before this returns;
    ///      unanswered means rejected.
    virtual void on_event(rudp::Endpoint& endpoint, rudp::Event event, TimePoint now) = 0;
    /// Somebody called `wake` or `post_wake`.
    virtual void on_wake(rudp::Endpoint& /*endpoint*/, TimePoint /*now*/) {}

    /// When `on_timeout` is to be called; asked after each round of calls.
    [[nodiscard]] virtual std::optional<TimePoint> next_timeout() const { return {}; }
    virtual void on_timeout(rudp::Endpoint& /*endpoint*/, TimePoint /*now*/) {}

    /// The program ends: who wants in from now on is refused.
    [[nodiscard]] virtual RudpShutDown on_shut_down(rudp::Endpoint& /*endpoint*/,
                                                    TimePoint /*now*/) {
        return RudpShutDown::close_links;
    }
    /// The socket is closed; the last call.
    virtual void on_closed(Error /*reason*/) {}
};

struct RudpEndpointConfig {
    rudp::EndpointConfig core{};
    net::DatagramSocketConfig socket{};
    LogSink log{};
};

/// One socket with the connections of a client, a server, or both. It lives on one shard, which
/// owns it while it is open; the application too, which may hold its endpoint.
class RudpEndpoint {
public:
    /// Opens the port; datagrams come in as soon as the shard runs. Call on the shard, or before the
    /// runtime runs.
    ///
    /// @param local  all zeros: any port, and IPv4 and IPv6 alike (see `net::DatagramSocket::open`);
    ///               `net::parse_datagram_address` reads one
    /// @return an error of `net::DatagramSocket::open`
    [[nodiscard]] static Result<std::shared_ptr<RudpEndpoint>> open(
        asio::any_io_executor shard, const SocketAddress& local, RudpEndpointConfig config,
        std::shared_ptr<RudpApplication> application);
    ~RudpEndpoint();
    RudpEndpoint(const RudpEndpoint&) = delete;
    RudpEndpoint& operator=(const RudpEndpoint&) = delete;

    /// Calls the function on the shard, with the core, soon, and sends what comes of it. From any
    /// thread; nothing is called once the endpoint is closed.
    void post(std::function<void(rudp::Endpoint& endpoint, TimePoint now)> function);
    /// Calls `on_wake`. On the shard; from within a call of the application's it is done right after
    /// that call.
    void wake();
    /// The same from any thread, soon; many calls before it happens count as one.
    void post_wake();

    /// Ends in order, as `RudpApplication::on_shut_down` says. On the shard.
    ///
    /// @param drain  kept until the socket is closed
    void shut_down(net::Drain drain = {});
    /// Sends what is due at once and closes the socket; the peers of open connections find out by
    /// their idle timeout. On the shard.
    void close();

    /// Stays after `close`.
    [[nodiscard]] const SocketAddress& local_address() const noexcept;
    [[nodiscard]] asio::any_io_executor executor() const;
    /// From any thread.
    [[nodiscard]] net::DatagramCounters counters() const noexcept;

private:
    friend class RudpServer;
    class Handler;
    RudpEndpoint(asio::any_io_executor shard, net::DatagramSocket socket, RudpEndpointConfig config,
                 std::shared_ptr<RudpApplication> application);
    void start();

    std::shared_ptr<net::DatagramDriver> driver_;
    std::shared_ptr<Handler> handler_;  // shared with the driver
};

struct RudpServerConfig {
    std::string listen = "0.0.0.0:0";  ///< `host:port`; port 0: any free one
    /// Its limits hold for each shard; `core.shard` is set by the server.
    RudpEndpointConfig endpoint{};
};

/// A port with an endpoint on each shard: connections are spread by their client's address, and stay
/// on their shard when the client moves to another one.
class RudpServer {
public:
    /// Makes the application of one shard.
    using MakeApplication = std::function<std::shared_ptr<RudpApplication>(std::size_t shard)>;

    /// The first byte of a connection id names the shard.
    static constexpr std::size_t kMaxShards = 256;

    /// @param runtime  must outlive the server
    RudpServer(net::Runtime& runtime, RudpServerConfig config, MakeApplication make_application);
    /// Closes the port, soon.
    ~RudpServer();
    RudpServer(const RudpServer&) = delete;
    RudpServer& operator=(const RudpServer&) = delete;

    /// Opens the port. The server ends with the runtime. Call before the runtime runs.
    ///
    /// @return an error of `net::parse_datagram_address` or `net::DatagramSocket::open`
    Result<void> start();

    /// The port in use; 0 before `start`.
    [[nodiscard]] std::uint16_t port() const;
    /// One a shard, in their order; empty before `start`.
    [[nodiscard]] std::span<const std::shared_ptr<RudpEndpoint>> endpoints() const {
        return endpoints_;
    }

private:
    net::Runtime& runtime_;
    RudpServerConfig config_;
    MakeApplication make_application_;
    std::vector<std::shared_ptr<RudpEndpoint>> endpoints_;
    Registration on_stop_;
};

}  // namespace streamkit
