#include "handshake_digest.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "streamkit/rtmp/handshake.hpp"

namespace streamkit::rtmp {
namespace {

// There is no specification by Adobe; all implementations agree on what stands here. Time and
// version take 8 bytes, then come two blocks of 764 bytes, one with the key and one with the digest.
constexpr std::size_t kBlockBytes = 764;
constexpr std::size_t kFirstBlock = 8;
constexpr std::size_t kSecondBlock = kFirstBlock + kBlockBytes;
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kOffsetFieldBytes = 4;
constexpr std::size_t kOffsets = kBlockBytes - kOffsetFieldBytes - kDigestBytes;

constexpr std::string_view kPlayerName = "Genuine Adobe Flash Player 001";
constexpr std::string_view kServerName = "Genuine Adobe Flash Media Server 001";
constexpr std::array<std::uint8_t, 32> kKeyTail = {
    0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57,
    0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE};

std::string_view name_of(Signer signer) {
    return signer == Signer::player ? kPlayerName : kServerName;
}

// The first packet is signed with the name alone, the answer with name and tail.
Bytes full_key(Signer signer) {
    const auto name = as_bytes(name_of(signer));
    Bytes key{name.begin(), name.end()};
    key.insert(key.end(), kKeyTail.begin(), kKeyTail.end());
    return key;
}

std::size_t digest_position(BytesView packet, DigestSchema schema) {
    const auto block = schema == DigestSchema::key_first ? kSecondBlock : kFirstBlock;
    std::size_t sum = 0;
    for (const auto byte : packet.subspan(block, kOffsetFieldBytes))
        sum += byte;
    return block + kOffsetFieldBytes + sum % kOffsets;
}

// Over everything but the digest itself.
crypto::Sha256Digest packet_digest(BytesView packet, std::size_t position, Signer signer) {
    Bytes message{packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(position)};
    const auto behind = packet.subspan(position + kDigestBytes);
    message.insert(message.end(), behind.begin(), behind.end());
    return crypto::hmac_sha256(as_bytes(name_of(signer)), message);
}

}  // namespace

std::optional<FoundDigest> find_digest(BytesView packet, Signer signer) {
    for (const auto schema : {DigestSchema::key_first, DigestSchema::digest_first}) {
        const auto position = digest_position(packet, schema);
        const auto digest = packet_digest(packet, position, signer);
        if (std::ranges::equal(packet.subspan(position, kDigestBytes), digest)) {
            return FoundDigest{schema, digest};
        }
    }
    return std::nullopt;
}

crypto::Sha256Digest sign_packet(std::span<std::uint8_t> packet, DigestSchema schema,
                                 Signer signer) {
    const auto position = digest_position(packet, schema);
    const auto digest = packet_digest(packet, position, signer);
    std::ranges::copy(digest, packet.begin() + static_cast<std::ptrdiff_t>(position));
    return digest;
}

void sign_answer(std::span<std::uint8_t> packet, const crypto::Sha256Digest& digest,
                 Signer signer) {
    const auto key = crypto::hmac_sha256(full_key(signer), digest);
    const auto signed_part = packet.first(packet.size() - kDigestBytes);
    const auto signature = crypto::hmac_sha256(key, signed_part);
    std::ranges::copy(signature, packet.end() - static_cast<std::ptrdiff_t>(kDigestBytes));
}

}  // namespace streamkit::rtmp
