#pragma once

// What an endpoint allows, and how its connections behave.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/socket_address.hpp"
#include "streamkit/congestion/controller.hpp"
#include "streamkit/crypto/x25519.hpp"
#include "streamkit/noise/handshake.hpp"

namespace streamkit::rudp {

class TraceSink;

using std::chrono::milliseconds;

/// What protects packets.
enum class Protection : std::uint8_t {
    aes_256_gcm,
    /// Nothing: anyone on the path can read and forge. For measuring and teaching; both sides must
    /// ask for it, and the handshake fails where only one does.
    plaintext,
};

/// Of one connection. What a peer can make us hold is bounded by these.
struct ConnectionConfig {
    congestion::Algorithm congestion = congestion::Algorithm::bbr;
    Protection protection = Protection::aes_256_gcm;
    std::optional<noise::Key> pre_shared_key{};  ///< both sides need the same one

    milliseconds handshake_timeout{10'000};  ///< from the first datagram to the last one of it
    milliseconds idle_timeout{30'000};       ///< without any authentic packet: closed
    milliseconds keep_alive{0};              ///< a PING after so much silence; 0: none
    /// Stream data of ours waits and the peer takes none of it for so long: closed; 0: no limit.
    milliseconds progress_timeout{0};
    milliseconds max_ack_delay{25};

    /// Bytes of all streams that the peer may send before they are consumed: 64 KiB to 1 GiB.
    std::uint64_t receive_window = std::uint64_t{16} << 20;
    std::uint64_t stream_receive_window = std::uint64_t{16} << 20;
    std::uint32_t max_peer_streams = 64;  ///< open at once
    /// Bytes of ours that wait for an acknowledgement or a first chance; `write` takes no more.
    std::uint64_t send_buffer = std::uint64_t{16} << 20;

    std::uint32_t max_message_bytes = 1 << 20;  ///< 0: the peer may send no messages
    std::uint64_t max_message_buffer = std::uint64_t{8} << 20;  ///< of messages in parts, received
    bool fec = true;  ///< repair packets for messages whose deadline leaves no time to send again

    std::uint32_t min_datagram_bytes = 1200;  ///< what every path must carry: 1200 or more
    std::uint32_t max_datagram_bytes = 9000;  ///< the largest that is probed for, and taken
    bool ecn = true;

    /// The number of the first packet: 0 to 2^62 - 2^32. Tests start near where fields wrap.
    std::uint64_t first_packet_number = 0;
};

struct EndpointConfig {
    /// The server's identity; without one the endpoint takes no connections.
    std::optional<crypto::X25519PrivateKey> static_key{};
    ConnectionConfig connection{};  ///< of connections that come in

    std::size_t max_connections = 1024;  ///< that come in; above: refused with `full`
    std::size_t max_half_open = 256;     ///< before their handshake is done; above: dropped
    std::size_t cookie_threshold = 32;   ///< half-open ones from which on a cookie is asked for
    std::size_t max_half_open_per_prefix = 64;  ///< of one /24 or /56
    milliseconds half_open_timeout{3'000};
    milliseconds cookie_lifetime{15'000};
    /// The first byte of every connection id that this endpoint gives out: which shard it is on.
    std::uint8_t shard = 0;

    TraceSink* trace = nullptr;  ///< must outlive the endpoint
};

/// What a client knows of the server before it connects.
struct ClientConfig {
    ConnectionConfig connection{};
    /// The server's key, if it is known; a server with another one is refused.
    std::optional<crypto::X25519PublicKey> server_key{};
    /// Which application protocol it is, such as "streamkit-file/1": at most 64 bytes.
    std::string protocol{};
    /// For the application to decide on, such as the name of a channel: at most 256 bytes. Anyone on
    /// the path can read and forge it, with a pre-shared key as well: what is secret goes on a
    /// stream, once there is a connection.
    Bytes request{};
    SocketAddress local{};
};

}  // namespace streamkit::rudp
