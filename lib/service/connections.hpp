#pragma once

// The open connections of a server, on whatever shards they live.

#include <memory>
#include <mutex>
#include <unordered_map>

#include "streamkit/net/asio.hpp"
#include "streamkit/net/runtime.hpp"

namespace streamkit {

/// A connection that can be asked to end in order.
class ServerSideConnection {
public:
    virtual ~ServerSideConnection() = default;

    [[nodiscard]] virtual asio::any_io_executor executor() const = 0;
    /// Ends in order; called on the connection's shard.
    ///
    /// @param drain  to be kept until the connection is over
    virtual void shut_down(net::Drain drain) = 0;
};

/// Connections enter and leave on their own shards, so a mutex guards the list.
class Connections {
public:
    void add(const std::shared_ptr<ServerSideConnection>& connection) {
        const std::lock_guard lock{mutex_};
        open_.emplace(connection.get(), connection);
    }
    void remove(const ServerSideConnection* connection) {
        const std::lock_guard lock{mutex_};
        open_.erase(connection);
    }

    /// Asks all of them to end, each on its shard.
    void shut_down(const net::Drain& drain) {
        const std::lock_guard lock{mutex_};
        for (const auto& [key, weak] : open_) {
            if (auto connection = weak.lock()) {
                auto executor = connection->executor();
                asio::post(executor, [connection = std::move(connection), drain] {
                    connection->shut_down(drain);
                });
            }
        }
    }

private:
    std::mutex mutex_;
    std::unordered_map<const ServerSideConnection*, std::weak_ptr<ServerSideConnection>> open_;
};

}  // namespace streamkit
