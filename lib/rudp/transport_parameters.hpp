#pragma once

// What each side tells the other in the payload of its Noise message.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "packet.hpp"
#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/rudp/config.hpp"
#include "streamkit/rudp/event.hpp"

namespace streamkit::rudp {

inline constexpr std::size_t kMaxProtocolBytes = 64;
inline constexpr std::size_t kMaxRequestBytes = 256;
inline constexpr std::size_t kMaxRejectTextBytes = 256;
/// RFC 9000, 14: what a datagram must be able to hold, and what UDP over IPv4 can.
inline constexpr std::uint64_t kMinDatagramBytes = 1200;
inline constexpr std::uint64_t kMaxDatagramBytes = 65'507;
/// So that there is room above for a connection of any length.
inline constexpr std::uint64_t kMaxFirstPacketNumber =
    (std::uint64_t{1} << 62) - (std::uint64_t{1} << 32);

/// Limits that the sender of them keeps for itself. RFC 9000, 7.4 and 18.
///
/// On the wire: id, length, value; ids and lengths are varints, and values too unless said otherwise.
/// In any order; what is missing has the default here; ids that are not known are skipped.
///
///      0 protection            8 first packet number
///      1 max_data             16 client: protocol, text
///      2 max_stream_data      17 client: request, bytes
///      3 max_streams          32 server: reason of a rejection
///      4 max_message_bytes    33 server: when to try again, ms
///      5 max_datagram_bytes   34 server: text of a rejection
///      6 max_ack_delay, us     35 server: its connection id, u64
///      7 idle_timeout, ms      36 server: the reset token of that id, 16 bytes
struct TransportParameters {
    Protection protection = Protection::aes_256_gcm;
    std::uint64_t max_data = 0;
    std::uint64_t max_stream_data = 0;
    std::uint64_t max_streams = 0;  ///< up to kMaxStreamCount
    std::uint64_t max_message_bytes = 0;
    std::uint64_t max_datagram_bytes = 1200;  ///< kMinDatagramBytes to kMaxDatagramBytes
    std::uint64_t max_ack_delay_us = 25'000;  ///< up to kMaxAckDelayMicroseconds
    std::uint64_t idle_timeout_ms = 30'000;   ///< 0: none; up to kMaxMicroseconds / 1000
    /// Of the sender's short packets; up to kMaxFirstPacketNumber.
    std::uint64_t first_packet_number = 0;
    friend bool operator==(const TransportParameters&, const TransportParameters&) = default;
};

/// The client's payload.
struct Hello {
    TransportParameters parameters{};
    std::string protocol{};  ///< at most kMaxProtocolBytes of UTF-8
    Bytes request{};         ///< at most kMaxRequestBytes
};
/// The server's: welcome, or why not. A reason that is not known is read as `refused`.
struct Reply {
    std::optional<Reject> reject{};
    // Not sent with a rejection:
    TransportParameters parameters{};
    /// Counts for the client, and not the one in the header, which nothing protects. RFC 9000, 7.3.
    ConnectionId id = 0;
    std::optional<ResetToken> reset_token{};
};

[[nodiscard]] Bytes write_hello_payload(const Hello& hello);
[[nodiscard]] Bytes write_reply_payload(const Reply& reply);
/// @return `Errc::truncated`; `Errc::invalid_parameter` for a value out of its range, of another
///         length, or given twice (ids below 64)
[[nodiscard]] Result<Hello> read_hello_payload(BytesView payload);
[[nodiscard]] Result<Reply> read_reply_payload(BytesView payload);

}  // namespace streamkit::rudp
