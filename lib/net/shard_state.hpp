#pragma once

// What the drivers of one event loop share.

#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "streamkit/net/asio.hpp"
#include "streamkit/net/shard_driver.hpp"

namespace streamkit::net {

/// Lives in the event loop itself (an Asio service), so that a driver finds it by its socket.
class ShardState : public asio::execution_context::service {
public:
    using key_type = ShardState;
    static asio::execution_context::id id;

    explicit ShardState(asio::execution_context& context);

    [[nodiscard]] static ShardState& of(const asio::any_io_executor& executor);

    /// Every read from a stream on this shard goes through it: its bytes are taken before the next.
    [[nodiscard]] std::span<std::uint8_t> receive_buffer();
    /// The same for datagrams. Another buffer, as the handler of a datagram may make a stream's
    /// driver read while the datagrams behind it are still to be handled.
    [[nodiscard]] std::span<std::uint8_t> datagram_buffer();

    /// Wakes the driver on its shard; from any thread. One event in the loop wakes all that were
    /// asked for until then.
    void post_wake(const asio::any_io_executor& executor, std::shared_ptr<ShardDriver> driver);

    /// The open drivers are owned here; those still open when the loop ends let go of their handlers.
    using Position = std::list<std::shared_ptr<ShardDriver>>::iterator;
    [[nodiscard]] Position add(std::shared_ptr<ShardDriver> driver);
    void remove(Position position);

private:
    void shutdown() override;
    void run_wakes();

    std::vector<std::uint8_t> receive_buffer_;
    std::vector<std::uint8_t> datagram_buffer_;
    std::list<std::shared_ptr<ShardDriver>> drivers_;

    std::mutex mutex_;  // guards woken_ alone
    std::vector<std::shared_ptr<ShardDriver>> woken_;
    std::vector<std::shared_ptr<ShardDriver>> waking_;  // those that are being served
};

}  // namespace streamkit::net
