#pragma once

// Takes connections in and spreads them over the shards.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "streamkit/base/log.hpp"
#include "streamkit/net/asio.hpp"
#include "streamkit/net/runtime.hpp"

namespace streamkit::net {

/// Reads "host:port": "0.0.0.0:1935", "[::]:80", "localhost:0". A name is resolved (this waits for
/// the resolver); no host, or `*`, means every IPv4 address.
///
/// @return `Errc::malformed_address` with the offset, or `Errc::unknown_host`
[[nodiscard]] Result<tcp::endpoint> parse_listen_address(std::string_view text);

/// Counts as one connection of a listener for as long as it, or a copy, lives. Let the handler of
/// the connection keep it.
///
/// A `shared_ptr` because the count goes down on the connection's thread, maybe after the listener
/// is gone.
using ConnectionSlot = std::shared_ptr<const void>;

struct ListenerConfig {
    std::size_t max_connections = 10'000;             ///< at one time; more are refused
    std::size_t max_connections_per_address = 1'000;  ///< at one time; more are refused
    int backlog = 1024;                               ///< connections that wait to be accepted
    /// Called on shard 0 for each refused connection, before it is closed: `Errc::too_many_…`.
    /// May write a last word to the socket, which does not block.
    std::function<void(tcp::socket& socket, const tcp::endpoint& peer, Error why)> on_refused = {};
    LogSink log = {};
};

/// An open port. Lives on shard 0: create and destroy it before the runtime runs, after, or there.
class Listener {
public:
    /// Gets each accepted socket, on the socket's own shard (so, with several, on several threads at
    /// a time). May still come after `close`, for a connection that is on its way to its shard.
    using OnAccept =
        std::function<void(tcp::socket socket, const tcp::endpoint& peer, ConnectionSlot slot)>;

    /// Opens the port; connections come in as soon as the runtime runs.
    ///
    /// @param runtime  must outlive the listener
    /// @param address  see `parse_listen_address`; port 0 lets the system choose
    /// @return `Errc::malformed_address`, `unknown_host`, `address_in_use`,
    ///         `address_not_available`, `permission_denied`, or an error of the system
    [[nodiscard]] static Result<std::unique_ptr<Listener>> open(Runtime& runtime,
                                                                std::string_view address,
                                                                OnAccept on_accept,
                                                                ListenerConfig config = {});
    /// Closes.
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Accepts no more; connections that were accepted stay. Call on shard 0.
    void close();

    /// Stays after `close`.
    [[nodiscard]] const tcp::endpoint& local_endpoint() const noexcept { return local_endpoint_; }
    [[nodiscard]] std::uint16_t local_port() const noexcept { return local_endpoint_.port(); }
    /// Open now, as counted by their slots; from any thread.
    [[nodiscard]] std::size_t connections() const;

private:
    struct Acceptor;
    explicit Listener(std::shared_ptr<Acceptor> acceptor);

    std::shared_ptr<Acceptor> acceptor_;  // shared with its pending operation
    tcp::endpoint local_endpoint_;
};

}  // namespace streamkit::net
