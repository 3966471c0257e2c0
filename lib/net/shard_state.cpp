#include "shard_state.hpp"

#include <utility>

#include "streamkit/net/datagram_socket.hpp"

namespace streamkit::net {
namespace {

// A full socket buffer of a fast sender in a few reads; one per shard, so its size is no matter.
constexpr std::size_t kReceiveBufferBytes = 256 * 1024;

}  // namespace

asio::execution_context::id ShardState::id;

ShardState::ShardState(asio::execution_context& context)
    : asio::execution_context::service(context) {}

ShardState& ShardState::of(const asio::any_io_executor& executor) {
    auto& context =
        asio::query(executor, asio::execution::context_as_t<asio::execution_context&>{});
    return asio::use_service<ShardState>(context);
}

std::span<std::uint8_t> ShardState::receive_buffer() {
    if (receive_buffer_.empty()) receive_buffer_.resize(kReceiveBufferBytes);
    return receive_buffer_;
}

std::span<std::uint8_t> ShardState::datagram_buffer() {
    if (datagram_buffer_.empty()) datagram_buffer_.resize(DatagramSocket::kReceiveBufferBytes);
    return datagram_buffer_;
}

void ShardState::post_wake(const asio::any_io_executor& executor,
                           std::shared_ptr<ShardDriver> driver) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = woken_.empty();
        woken_.push_back(std::move(driver));
    }
    if (first) asio::post(executor, [this] { run_wakes(); });
}

void ShardState::run_wakes() {
    {
        const std::lock_guard lock(mutex_);
        waking_.swap(woken_);
    }
    for (const auto& driver : waking_)
        driver->on_posted_wake();
    waking_.clear();
}

ShardState::Position ShardState::add(std::shared_ptr<ShardDriver> driver) {
    return drivers_.insert(drivers_.end(), std::move(driver));
}

void ShardState::remove(Position position) { drivers_.erase(position); }

void ShardState::shutdown() {
    std::vector<std::shared_ptr<ShardDriver>> woken;
    {
        const std::lock_guard lock(mutex_);
        woken.swap(woken_);
    }
    const auto drivers = std::move(drivers_);
    for (const auto& driver : drivers)
        driver->abandon();
}

}  // namespace streamkit::net
