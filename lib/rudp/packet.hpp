#pragma once

// The first bytes of datagrams: what can be read without a key.
//
// Handshake packets (all fields big-endian, nothing protected but by Noise itself):
//
//     u8  0x80 | type       HELLO 1, RETRY 2, REPLY 3, VERSIONS 4
//     u32 version           0 in VERSIONS, which is the same in all versions
//     u64 destination id    0 in HELLO
//     u64 source id         0 in RETRY and VERSIONS
//     HELLO     u8 length, cookie; u16 length, Noise message 1; zeros up to 1200 bytes in all
//     RETRY     u8 length, cookie
//     REPLY     u16 length, Noise message 2
//     VERSIONS  u8 count, u32 each
//
// What stands behind the last field, and in fields that are 0 here, is not looked at. The fields up
// to the source id, and the length, are those of a HELLO of every version.
//
// Packets with a key, one a datagram:
//
//     u8  0x40 | key phase << 5     the low six bits are masked (RFC 9001, 5.4)
//     u64 destination id
//     u32 packet number, its low 32 bits, masked
//     …   ciphertext and tag; the 13 bytes before it are the associated data
//
// A stateless reset looks like the latter and ends in the 16 bytes of its token.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "span_writer.hpp"
#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/rudp/errc.hpp"

namespace streamkit::rudp {

inline constexpr std::uint32_t kVersion = 0x534b'0001;  // "SK", 1
inline constexpr std::size_t kMinHelloBytes = 1200;     // RFC 9000, 14.1
inline constexpr std::size_t kMaxCookieBytes = 64;
inline constexpr std::size_t kShortHeaderBytes = 13;
inline constexpr std::size_t kHandshakeHeaderBytes = 21;
inline constexpr std::uint64_t kMaxPacketNumber = (std::uint64_t{1} << 62) - 1;

/// Chosen by its receiver. The highest byte is the receiver's shard.
using ConnectionId = std::uint64_t;
using ResetToken = std::array<std::uint8_t, 16>;

struct HelloPacket {
    ConnectionId source = 0;
    BytesView cookie{};  ///< empty in the first one
    BytesView noise{};
};
struct RetryPacket {
    ConnectionId destination = 0;
    BytesView cookie{};
};
struct ReplyPacket {
    ConnectionId destination = 0;
    ConnectionId source = 0;
    BytesView noise{};
};
struct VersionsPacket {
    ConnectionId destination = 0;
    bool includes_ours = false;
};
/// A HELLO of another version: to be answered by VERSIONS.
struct UnknownVersion {
    ConnectionId source = 0;
    std::uint32_t version = 0;
};
struct ShortPacket {
    ConnectionId destination = 0;
};
using PacketHeader = std::variant<HelloPacket, RetryPacket, ReplyPacket, VersionsPacket,
                                  UnknownVersion, ShortPacket>;

/// Reads what stands in the clear. Views live as long as the datagram.
///
/// @return `Errc::truncated`, `Errc::unknown_packet_type`, `Errc::datagram_too_short`,
///         `Errc::invalid_parameter` (the length of a cookie)
[[nodiscard]] Result<PacketHeader> read_packet(BytesView datagram);

/// Pads to `kMinHelloBytes`; `out` has at least that much room and the parts must fit into it.
void write_hello(SpanWriter& out, const HelloPacket& packet);
void write_retry(SpanWriter& out, const RetryPacket& packet);
void write_reply(SpanWriter& out, const ReplyPacket& packet);
void write_versions(SpanWriter& out, ConnectionId destination);

/// The full number that `truncated` stands for: the one nearest to the next expected.
///
/// @see RFC 9000, appendix A.3
[[nodiscard]] std::uint64_t expand_packet_number(std::uint32_t truncated,
                                                 std::uint64_t next_expected) noexcept;

}  // namespace streamkit::rudp
