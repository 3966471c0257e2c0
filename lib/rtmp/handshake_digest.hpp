#pragma once

// The digests of the signed handshake.

#include <cstddef>
#include <optional>
#include <span>

#include "streamkit/base/bytes.hpp"
#include "streamkit/crypto/sha256.hpp"

namespace streamkit::rtmp {

/// Where in C1 or S1 the block with the digest stands; the other one holds a key that only RTMPE
/// uses.
enum class DigestSchema { key_first, digest_first };

/// Who signs.
enum class Signer { player, server };

/// A valid digest of C1 or S1.
struct FoundDigest {
    DigestSchema schema;
    crypto::Sha256Digest digest;
};

/// Looks for a valid digest in both places.
///
/// @param packet  C1 or S1, 1536 bytes
std::optional<FoundDigest> find_digest(BytesView packet, Signer signer);

/// Signs our C1 or S1, which is complete but for the digest.
///
/// @return the digest, which the other side's answer is signed with
crypto::Sha256Digest sign_packet(std::span<std::uint8_t> packet, DigestSchema schema,
                                 Signer signer);

/// Signs our C2 or S2 in its last 32 bytes.
///
/// @param digest  of the other side's S1 or C1
void sign_answer(std::span<std::uint8_t> packet, const crypto::Sha256Digest& digest, Signer signer);

}  // namespace streamkit::rtmp
