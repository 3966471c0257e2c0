#pragma once

// What the stream drivers of one event loop share.

#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "streamkit/net/asio.hpp"

namespace streamkit::net {

class StreamDriver;

/// Lives in the event loop itself (an Asio service), so that a driver finds it by its socket.
class ShardState : public asio::execution_context::service {
public:
    using key_type = ShardState;
    static asio::execution_context::id id;

    explicit ShardState(asio::execution_context& context);

    [[nodiscard]] static ShardState& of(const asio::any_io_executor& executor);

    /// Every read on this shard goes through it: its bytes are taken before the next one.
    [[nodiscard]] std::span<std::uint8_t> receive_buffer();

    /// Wakes the driver on its shard; from any thread. One event in the loop wakes all that were
    /// asked for until then.
    void post_wake(const asio::any_io_executor& executor, std::shared_ptr<StreamDriver> driver);

    /// The open drivers are owned here; those still open when the loop ends let go of their handlers.
    using Position = std::list<std::shared_ptr<StreamDriver>>::iterator;
    [[nodiscard]] Position add(std::shared_ptr<StreamDriver> driver);
    void remove(Position position);

private:
    void shutdown() override;
    void run_wakes();

    std::vector<std::uint8_t> receive_buffer_;
    std::list<std::shared_ptr<StreamDriver>> drivers_;

    std::mutex mutex_;  // guards woken_ alone
    std::vector<std::shared_ptr<StreamDriver>> woken_;
    std::vector<std::shared_ptr<StreamDriver>> waking_;  // those that are being served
};

}  // namespace streamkit::net
