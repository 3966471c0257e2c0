#pragma once

// Ed25519 signatures (RFC 8032, section 5.1).

#include <array>
#include <cstdint>

#include "streamkit/base/random.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/crypto/secret.hpp"

namespace streamkit::crypto {

using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

class Ed25519PrivateKey {
public:
    /// @param random  must be unpredictable, such as `SystemRandom`
    [[nodiscard]] static Ed25519PrivateKey generate(RandomSource& random);
    /// @param seed  the 32 bytes that RFC 8032 calls the private key
    /// @return `Errc::wrong_key_length`
    static Result<Ed25519PrivateKey> from(BytesView seed);

    [[nodiscard]] Ed25519PublicKey public_key() const;
    [[nodiscard]] BytesView view() const noexcept { return seed_; }

    /// The same signature every time for the same message.
    [[nodiscard]] Ed25519Signature sign(BytesView message) const;

private:
    explicit Ed25519PrivateKey(const Secret<32>& seed) noexcept : seed_(seed) {}
    Secret<32> seed_;
};

/// Was `signature` made over `message` by the owner of `key`?
///
/// @return `Errc::wrong_signature` if not, or if `key` is not a point of the curve
Result<void> ed25519_verify(const Ed25519PublicKey& key, BytesView message,
                            const Ed25519Signature& signature);

}  // namespace streamkit::crypto
