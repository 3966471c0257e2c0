#pragma once

// The run-loop contract of a byte stream, as the stream driver sees it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"

namespace streamkit::net {

/// What becomes of a connection whose peer has ended its direction of it.
enum class EndOfInput : std::uint8_t {
    close,         ///< close at once: nobody listens any more (RTMP)
    keep_sending,  ///< the peer waits for the rest of our output; `closed()` says when it is done
};

/// Joins a protocol core to its application; the driver joins it to a socket. Every function is
/// called on the connection's shard, never from within another one.
///
/// After each call the driver takes the output, then `next_timeout`. Once `closed()` is true, or
/// after an error, it sends the output that is left and closes the socket.
class StreamHandler {
public:
    virtual ~StreamHandler() = default;

    /// Takes all bytes. Called only while `held_bytes()` is within the driver's limit.
    virtual Result<void> handle_input(BytesView bytes, TimePoint now) = 0;
    /// Harmless when there is nothing to do yet.
    virtual Result<void> handle_timeout(TimePoint now) = 0;
    /// Somebody called `StreamDriver::wake` or `post_wake`: take what is new (from a subscriber's
    /// queue, say).
    virtual Result<void> handle_wake(TimePoint /*now*/) { return {}; }
    /// The peer will send nothing more.
    virtual EndOfInput handle_end_of_input(TimePoint /*now*/) { return EndOfInput::close; }

    /// Bytes to send, in order; valid until the next call of a function that is not const.
    [[nodiscard]] virtual std::span<const SharedBuffer> pending_output() const = 0;
    /// The first `n` bytes of the pending output have left. May bring up more output.
    virtual void consume_output(std::size_t n) = 0;

    [[nodiscard]] virtual std::optional<TimePoint> next_timeout() const = 0;
    /// Bytes that are held back for whatever reason; the driver does not read while there are too
    /// many of them. Whoever brings them below the limit outside of a call of the driver's wakes it.
    [[nodiscard]] virtual std::size_t held_bytes() const = 0;
    /// Nothing will come after the pending output.
    [[nodiscard]] virtual bool closed() const = 0;

    /// The connection is over; made exactly once unless the runtime is destroyed first, and followed
    /// by `on_released` only. The socket may linger a moment longer, and the handler lives as long as it does.
    ///
    /// @param reason  the handler's own error, `Errc::closed_here` where `closed()` was true,
    ///                `Errc::peer_closed`, `Errc::connection_reset`, `Errc::stalled`, or what was
    ///                given to `StreamDriver::close`
    virtual void on_closed(Error reason) = 0;

    /// The socket is closed now: the peer has ended its direction too, or the linger is over. Comes
    /// after `on_closed`, unless the runtime is destroyed first.
    virtual void on_released() {}
};

}  // namespace streamkit::net
