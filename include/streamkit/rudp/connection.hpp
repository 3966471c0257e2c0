#pragma once

// One connection: streams, messages, and what is known of the path.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/rudp/config.hpp"
#include "streamkit/rudp/datagram.hpp"
#include "streamkit/rudp/errc.hpp"
#include "streamkit/rudp/event.hpp"
#include "streamkit/rudp/stats.hpp"

namespace streamkit::rudp {

class ConnectionCore;

enum class StreamKind : std::uint8_t { both_ways, one_way };

/// A message to send: it arrives whole or not at all, and in no particular order.
struct OutgoingMessage {
    SharedBuffer payload{};
    /// It is of no use to the peer after this: it is given up when it can no longer arrive in time.
    TimePoint deadline = TimePoint::max();
    /// 0 goes first and is given up last; a stream goes before messages of a larger number.
    std::uint8_t priority = 128;
    std::uint8_t channel = 0;  ///< for the application
};

/// A connection of an `Endpoint`, found by `Endpoint::find`; valid until its `Closed` or `Rejected`
/// event was polled. What is written leaves with the endpoint's next `poll_transmit`.
class Connection {
public:
    // Streams: bytes in order, without loss.

    /// @return `Errc::not_connected`, `Errc::stream_limit` (the peer allows no more at present)
    Result<StreamId> open_stream(StreamKind kind);
    /// Bytes that `write` would take now.
    [[nodiscard]] std::uint64_t writable(StreamId stream) const;
    /// Appends; nothing is copied until it leaves. Takes all or nothing.
    ///
    /// @return `Errc::send_buffer_full` (wait for `StreamWritable`), `Errc::no_such_stream`,
    ///         `Errc::stream_finished`, `Errc::stream_state` (the peer's one-way stream)
    Result<void> write(StreamId stream, SharedBuffer bytes);
    /// There will be no more bytes. @return as `write`
    Result<void> finish(StreamId stream);
    /// Gives our direction up; what has not left never will.
    Result<void> reset(StreamId stream, std::uint64_t code);
    /// Asks the peer to give its direction up.
    Result<void> stop(StreamId stream, std::uint64_t code);
    /// 0 goes first; 128 unless set. Streams of equal priority take turns.
    Result<void> set_priority(StreamId stream, std::uint8_t priority);

    /// Bytes that can be read now, in one run; there may be more behind them. Valid until the next
    /// call of a function of the endpoint or connection that is not const.
    [[nodiscard]] BytesView readable(StreamId stream) const;
    /// Takes the first `n` of them off; the peer may then send as many more.
    void consume(StreamId stream, std::size_t n);
    /// Everything up to the end has been consumed.
    [[nodiscard]] bool at_end(StreamId stream) const;

    // Messages: whole, in time, or not at all.

    /// @return `Errc::message_too_long` (longer than the peer takes), `Errc::send_buffer_full`,
    ///         `Errc::not_connected`
    Result<MessageId> send(OutgoingMessage message, TimePoint now);

    // The path and the player.

    /// Tells the peer how much its player, or ours, has to play; goes with the next acknowledgement.
    void set_buffer_level(std::chrono::milliseconds level);
    /// Streams leave no faster than this; messages are not held back.
    void set_max_rate(congestion::Bandwidth rate);
    /// Changes how it competes from now on: what is known of the path is kept where it can be.
    void set_congestion(congestion::Algorithm algorithm);
    /// What to add to the peer's clock to get ours, both since their starts, once it is known.
    [[nodiscard]] std::optional<std::chrono::microseconds> clock_offset() const;
    [[nodiscard]] ConnectionStats stats() const;
    [[nodiscard]] bool connected() const noexcept;
    [[nodiscard]] const Path& path() const noexcept;
    /// Bytes held for this peer: unsent, unacknowledged, unread.
    [[nodiscard]] std::size_t held_bytes() const noexcept;

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

private:
    friend class Endpoint;
    explicit Connection(const Path& path) noexcept;

    Path path_;                             // while there is no core
    std::unique_ptr<ConnectionCore> core_;  // null until the handshake has brought the keys
};

}  // namespace streamkit::rudp
