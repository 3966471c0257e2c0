#pragma once

// The run-loop contract of a datagram core, as the datagram driver sees it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/error.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/rudp/datagram.hpp"

namespace streamkit::net {

/// Joins a datagram core to its application; the driver joins it to a socket. Every function but
/// `shard_of` is called on the driver's shard, never from within another one.
///
/// After each round of `handle_…` calls the driver calls `deliver`, takes all output, and repeats
/// both until there is nothing more to send; then it reads `next_timeout`.
class DatagramHandler {
public:
    virtual ~DatagramHandler() = default;

    /// Takes one datagram. Whatever is wrong with it ends nothing: a datagram may come from anyone.
    ///
    /// @param bytes  valid for the call; may be changed, so that packets are decrypted in place
    virtual void handle_datagram(const rudp::DatagramInfo& info, std::span<std::uint8_t> bytes,
                                 TimePoint now) = 0;
    /// Harmless when there is nothing to do yet.
    virtual void handle_timeout(TimePoint now) = 0;
    /// Somebody called `DatagramDriver::wake` or `post_wake`.
    virtual void handle_wake(TimePoint /*now*/) {}
    /// Datagrams of this size do not leave on this path (EMSGSIZE): they are lost.
    virtual void handle_too_large(const rudp::Path& /*path*/, std::size_t /*datagram_bytes*/,
                                  TimePoint /*now*/) {}
    /// All that has arrived for now was handed in: hand on to the application what came of it.
    virtual void deliver(TimePoint /*now*/) {}

    /// The next datagrams to send; they are sent, or copied, before the next call.
    [[nodiscard]] virtual std::optional<rudp::Transmit> poll_transmit(TimePoint now) = 0;
    /// When there is something to do, or to send, by time.
    [[nodiscard]] virtual std::optional<TimePoint> next_timeout() const = 0;

    /// Which of the drivers that share the port has to take this datagram; empty: the one that
    /// received it. Only asked where there are several.
    [[nodiscard]] virtual std::optional<std::uint8_t> shard_of(BytesView /*datagram*/) const {
        return {};
    }

    /// The socket is closed; made exactly once unless the runtime is destroyed first, and the last
    /// call.
    ///
    /// @param reason  what was given to `DatagramDriver::close`, or an error of the system
    virtual void on_closed(Error reason) = 0;
};

}  // namespace streamkit::net
