#include "streamkit/rtmp/handshake.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "handshake_digest.hpp"

namespace streamkit::rtmp {
namespace {

constexpr std::uint8_t kVersion = 3;  // RTMP 1.0, 5.2.2
constexpr std::size_t kFirstPacketBytes = 1 + kHandshakeBytes;
constexpr std::ptrdiff_t kVersionOffset = 1 + 4;  // in C0+C1 or S0+S1: behind version and time

// A version field that is not 0 announces a digest. FFmpeg expects at least 3 in the first byte.
constexpr std::array<std::uint8_t, 4> kServerVersion = {3, 5, 7, 0};
constexpr std::array<std::uint8_t, 4> kPlayerVersion = {9, 0, 124, 2};

constexpr std::uint8_t kTlsHandshakeRecord = 0x16;  // RFC 8446, 5.1: ContentType handshake
constexpr std::uint8_t kTlsMajorVersion = 0x03;

void take_up_to(Bytes& to, std::size_t size, BytesView& input) {
    const auto n = std::min(size - to.size(), input.size());
    to.insert(to.end(), input.begin(), input.begin() + static_cast<std::ptrdiff_t>(n));
    input = input.subspan(n);
}

void skip_up_to(std::size_t& skipped, std::size_t size, BytesView& input) {
    const auto n = std::min(size - skipped, input.size());
    skipped += n;
    input = input.subspan(n);
}

// Version, time 0, four bytes of `version_field`, random bytes. RTMP 1.0, 5.2.3.
Bytes first_packet(const std::array<std::uint8_t, 4>& version_field, RandomSource& random) {
    Bytes packet(kFirstPacketBytes, 0);
    packet[0] = kVersion;
    std::ranges::copy(version_field, packet.begin() + kVersionOffset);
    random.fill(std::span{packet}.subspan(kVersionOffset + 4));
    return packet;
}

// C2 or S2 of the simple handshake: RTMP 1.0, 5.2.4. time2, when the other side's packet was read,
// is left as it came: no peer looks at it.
void append_echo(Bytes& out, BytesView packet) {
    out.insert(out.end(), packet.begin(), packet.end());
}

void append_signed_answer(Bytes& out, const crypto::Sha256Digest& digest, Signer signer,
                          RandomSource& random) {
    const auto begin = out.size();
    out.resize(begin + kHandshakeBytes);
    const auto packet = std::span{out}.subspan(begin);
    random.fill(packet);
    sign_answer(packet, digest, signer);
}

// What else speaks first on a TCP port; decided on the first bytes, as soon as they differ.
Result<void> check_first_bytes(BytesView begin) {
    if (begin.empty() || begin[0] == kVersion) return {};
    if (begin[0] == kTlsHandshakeRecord) {
        if (begin.size() < 2) return {};
        if (begin[1] == kTlsMajorVersion) return Error{Errc::tls_client_hello, "C0"};
    }
    for (const std::string_view method : {"GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "DELETE ",
                                          "CONNECT ", "PATCH ", "TRACE ", "PRI "}) {
        const auto text = as_text(begin).substr(0, method.size());
        if (text == method) return Error{Errc::http_request, "C0"};
        if (method.starts_with(text)) return {};
    }
    return Error{Errc::unsupported_version, "C0"};
}

}  // namespace

Result<void> ServerHandshake::handle_input(BytesView& input) {
    if (received_.size() < kFirstPacketBytes) {
        take_up_to(received_, kFirstPacketBytes, input);
        STREAMKIT_TRY(check_first_bytes(received_));
        if (received_.size() < kFirstPacketBytes) return {};
        answer();
    }
    // C2 is not looked at: too many clients send something else than the specification says.
    skip_up_to(c2_bytes_, kHandshakeBytes, input);
    done_ = c2_bytes_ == kHandshakeBytes;
    return {};
}

void ServerHandshake::answer() {
    const auto c1 = BytesView{received_}.subspan(1);
    const bool announces_digest =
        std::any_of(received_.begin() + kVersionOffset, received_.begin() + kVersionOffset + 4,
                    [](std::uint8_t byte) { return byte != 0; });
    const auto found = announces_digest ? find_digest(c1, Signer::player) : std::nullopt;
    if (found) {
        kind_ = HandshakeKind::digest;
        output_ = first_packet(kServerVersion, *random_);
        sign_packet(std::span{output_}.subspan(1), found->schema, Signer::server);
        append_signed_answer(output_, found->digest, Signer::server, *random_);
    } else {
        kind_ = HandshakeKind::simple;
        output_ = first_packet({}, *random_);
        append_echo(output_, c1);
    }
}

Bytes ServerHandshake::take_output() noexcept { return std::exchange(output_, {}); }

ClientHandshake::ClientHandshake(HandshakeKind kind, RandomSource& random)
    : random_(&random), kind_(kind) {
    const bool signs = kind_ == HandshakeKind::digest;
    output_ = first_packet(signs ? kPlayerVersion : std::array<std::uint8_t, 4>{}, random);
    if (signs) {
        sign_packet(std::span{output_}.subspan(1), DigestSchema::digest_first, Signer::player);
    }
}

Result<void> ClientHandshake::handle_input(BytesView& input) {
    if (received_.size() < kFirstPacketBytes) {
        take_up_to(received_, kFirstPacketBytes, input);
        if (!received_.empty() && received_[0] != kVersion) {
            return Error{Errc::unsupported_version, "S0"};
        }
        if (received_.size() < kFirstPacketBytes) return {};
        answer();
    }
    skip_up_to(s2_bytes_, kHandshakeBytes, input);
    done_ = s2_bytes_ == kHandshakeBytes;
    return {};
}

void ClientHandshake::answer() {
    const auto s1 = BytesView{received_}.subspan(1);
    const auto found =
        kind_ == HandshakeKind::digest ? find_digest(s1, Signer::server) : std::nullopt;
    if (found) {
        append_signed_answer(output_, found->digest, Signer::player, *random_);
    } else {
        kind_ = HandshakeKind::simple;
        append_echo(output_, s1);
    }
}

Bytes ClientHandshake::take_output() noexcept { return std::exchange(output_, {}); }

}  // namespace streamkit::rtmp
