#pragma once

// Many connections on one socket, as a state machine without the socket.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "streamkit/base/random.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/rudp/config.hpp"
#include "streamkit/rudp/connection.hpp"
#include "streamkit/rudp/datagram.hpp"
#include "streamkit/rudp/event.hpp"

namespace streamkit::rudp {

struct EndpointStats {
    std::uint64_t datagrams_received = 0;
    std::uint64_t datagrams_dropped = 0;  ///< of nobody, malformed, or over a limit
    std::uint64_t cookies_asked = 0;
    std::uint64_t wrong_cookies = 0;
    std::uint64_t incoming_refused = 0;
    std::size_t connections = 0;
    std::size_t half_open = 0;
};

/// A client, a server, or both. Not for two threads at once; the run-loop contract of the cores
/// applies: after any call poll events, then transmits, then read `next_timeout`.
class Endpoint {
public:
    /// @param random  of keys, ids and skipped packet numbers; must be unpredictable outside of
    ///                tests, and must outlive the endpoint
    Endpoint(EndpointConfig config, RandomSource& random);
    ~Endpoint();
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    /// Begins a handshake; `Connected`, `Rejected` or `Closed` follows.
    ///
    /// @return `Errc::invalid_parameter` where the configuration is out of its ranges
    Result<LinkId> connect(const SocketAddress& peer, ClientConfig config, TimePoint now);
    /// Answers `Incoming`. @return `Errc::no_such_link` where it was given up already
    Result<void> accept(LinkId link, TimePoint now);
    Result<void> reject(LinkId link, const Reject& reject, TimePoint now);
    /// Says goodbye, and why; `Closed` follows at once. What was written and has not left is lost.
    ///
    /// @param code  0, or from 0x100 on
    /// @param text  at most 256 bytes of UTF-8
    Result<void> close(LinkId link, std::uint64_t code, std::string_view text, TimePoint now);
    /// The connection, or null.
    [[nodiscard]] Connection* find(LinkId link) noexcept;

    /// Takes one datagram. What is wrong with it is nobody's business but the sender's: the error
    /// says why it was dropped, and the endpoint goes on.
    ///
    /// @param bytes  changed: packets are decrypted in place
    Result<void> handle_datagram(const DatagramInfo& info, std::span<std::uint8_t> bytes,
                                 TimePoint now);
    /// The next datagrams to send, as many in one as pacing allows. Connections take turns.
    [[nodiscard]] std::optional<Transmit> poll_transmit(TimePoint now);
    void handle_timeout(TimePoint now);
    /// When `handle_timeout` and `poll_transmit` have something to do again: a time that has come
    /// where there is something to transmit at once; empty: not by time.
    [[nodiscard]] std::optional<TimePoint> next_timeout() const;
    [[nodiscard]] std::optional<Event> poll_event();
    /// The driver could not send datagrams of this size on the path (EMSGSIZE).
    void handle_too_large(const Path& path, std::size_t datagram_bytes, TimePoint now);

    [[nodiscard]] EndpointStats stats() const;
    [[nodiscard]] std::size_t held_bytes() const;
    /// What clients pin.
    [[nodiscard]] std::optional<crypto::X25519PublicKey> public_key() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// The shard of a short-header datagram's connection id, for drivers that spread a port over
/// sockets; empty for anything else. Does not check the datagram.
[[nodiscard]] std::optional<std::uint8_t> shard_of(BytesView datagram) noexcept;

}  // namespace streamkit::rudp
