#include "packet.hpp"

#include "streamkit/base/byte_reader.hpp"

namespace streamkit::rudp {
namespace {

enum class PacketType : std::uint8_t { hello = 1, retry = 2, reply = 3, versions = 4 };

constexpr std::uint8_t kHandshakeBit = 0x80;
constexpr std::uint8_t kShortBit = 0x40;
/// Of VERSIONS, which belongs to no version; RFC 9000, 17.2.1.
constexpr std::uint32_t kNoVersion = 0;

BytesView read_cookie(ByteReader& in) {
    const auto length = in.u8();
    return in.bytes(length);
}

BytesView read_noise(ByteReader& in) {
    const auto length = in.u16();
    return in.bytes(length);
}

Result<PacketHeader> read_hello(ByteReader& in, ConnectionId source) {
    HelloPacket packet{.source = source};
    const auto cookie_at = in.offset();
    packet.cookie = read_cookie(in);
    packet.noise = read_noise(in);
    if (!in.ok()) return Error{Errc::truncated, "HELLO", in.offset()};
    if (packet.cookie.size() > kMaxCookieBytes)
        return Error{Errc::invalid_parameter, "HELLO: Cookie Length", cookie_at};
    return PacketHeader{packet};
}

Result<PacketHeader> read_retry(ByteReader& in, ConnectionId destination) {
    RetryPacket packet{.destination = destination};
    const auto cookie_at = in.offset();
    packet.cookie = read_cookie(in);
    if (!in.ok()) return Error{Errc::truncated, "RETRY", in.offset()};
    if (packet.cookie.empty() || packet.cookie.size() > kMaxCookieBytes)
        return Error{Errc::invalid_parameter, "RETRY: Cookie Length", cookie_at};
    return PacketHeader{packet};
}

Result<PacketHeader> read_reply(ByteReader& in, ConnectionId destination, ConnectionId source) {
    ReplyPacket packet{.destination = destination, .source = source};
    packet.noise = read_noise(in);
    if (!in.ok()) return Error{Errc::truncated, "REPLY", in.offset()};
    return PacketHeader{packet};
}

Result<PacketHeader> read_versions(ByteReader& in, ConnectionId destination) {
    VersionsPacket packet{.destination = destination};
    for (auto count = in.u8(); count > 0; --count) {
        if (in.u32() == kVersion) packet.includes_ours = true;
    }
    if (!in.ok()) return Error{Errc::truncated, "VERSIONS", in.offset()};
    return PacketHeader{packet};
}

Result<PacketHeader> read_handshake_packet(BytesView datagram) {
    ByteReader in{datagram};
    const auto type = static_cast<PacketType>(in.u8() & ~kHandshakeBit);
    const auto version_at = in.offset();
    const auto version = in.u32();
    const ConnectionId destination = in.u64();
    const ConnectionId source = in.u64();
    if (!in.ok()) return Error{Errc::truncated, "handshake header", in.offset()};

    // Of all versions a HELLO has these fields and this size, so that it can be answered.
    if (type == PacketType::hello && datagram.size() < kMinHelloBytes)
        return Error{Errc::datagram_too_short, "HELLO", datagram.size()};
    if (type == PacketType::hello && version != kVersion)
        return PacketHeader{UnknownVersion{.source = source, .version = version}};
    if (type == PacketType::versions) return read_versions(in, destination);
    if (version != kVersion) return Error{Errc::unknown_packet_type, "Version", version_at};

    switch (type) {
        case PacketType::hello:
            return read_hello(in, source);
        case PacketType::retry:
            return read_retry(in, destination);
        case PacketType::reply:
            return read_reply(in, destination, source);
        default:
            return Error{Errc::unknown_packet_type, "Type", 0};
    }
}

void write_header(SpanWriter& out, PacketType type, std::uint32_t version, ConnectionId destination,
                  ConnectionId source) {
    out.u8(static_cast<std::uint8_t>(kHandshakeBit | static_cast<std::uint8_t>(type)));
    out.u32(version);
    out.u64(destination);
    out.u64(source);
}

void write_cookie(SpanWriter& out, BytesView cookie) {
    STREAMKIT_ASSERT(cookie.size() <= kMaxCookieBytes);
    out.u8(static_cast<std::uint8_t>(cookie.size()));
    out.bytes(cookie);
}

void write_noise(SpanWriter& out, BytesView message) {
    STREAMKIT_ASSERT(message.size() <= 0xffff);
    out.u16(static_cast<std::uint16_t>(message.size()));
    out.bytes(message);
}

}  // namespace

Result<PacketHeader> read_packet(BytesView datagram) {
    if (datagram.empty()) return Error{Errc::truncated, "first byte", 0};
    const auto first = datagram[0];
    if ((first & kHandshakeBit) != 0) return read_handshake_packet(datagram);
    if ((first & kShortBit) == 0) return Error{Errc::unknown_packet_type, "Type", 0};
    if (datagram.size() < kShortHeaderBytes)
        return Error{Errc::truncated, "short header", datagram.size()};
    ByteReader in{datagram.subspan(1)};
    return PacketHeader{ShortPacket{.destination = in.u64()}};
}

void write_hello(SpanWriter& out, const HelloPacket& packet) {
    const auto start = out.size();
    write_header(out, PacketType::hello, kVersion, 0, packet.source);
    write_cookie(out, packet.cookie);
    write_noise(out, packet.noise);
    const auto written = out.size() - start;
    if (written < kMinHelloBytes) out.zeros(kMinHelloBytes - written);
}

void write_retry(SpanWriter& out, const RetryPacket& packet) {
    write_header(out, PacketType::retry, kVersion, packet.destination, 0);
    write_cookie(out, packet.cookie);
}

void write_reply(SpanWriter& out, const ReplyPacket& packet) {
    write_header(out, PacketType::reply, kVersion, packet.destination, packet.source);
    write_noise(out, packet.noise);
}

void write_versions(SpanWriter& out, ConnectionId destination) {
    write_header(out, PacketType::versions, kNoVersion, destination, 0);
    out.u8(1);
    out.u32(kVersion);
}

std::uint64_t expand_packet_number(std::uint32_t truncated, std::uint64_t next_expected) noexcept {
    constexpr std::uint64_t kWindow = std::uint64_t{1} << 32;
    constexpr std::uint64_t kHalf = kWindow / 2;
    const std::uint64_t candidate = (next_expected & ~(kWindow - 1)) | truncated;
    // Additions on both sides, as differences could go below zero.
    if (candidate + kHalf <= next_expected && candidate + kWindow <= kMaxPacketNumber)
        return candidate + kWindow;
    if (candidate > kMaxPacketNumber || (candidate > next_expected + kHalf && candidate >= kWindow))
        return candidate - kWindow;
    return candidate;
}

}  // namespace streamkit::rudp
