#pragma once

// X25519: two sides agree on a secret over an open channel (RFC 7748, section 5).

#include <array>
#include <cstdint>

#include "streamkit/base/random.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/crypto/secret.hpp"

namespace streamkit::crypto {

using X25519PublicKey = std::array<std::uint8_t, 32>;

class X25519PrivateKey {
public:
    /// @param random  must be unpredictable, such as `SystemRandom`
    [[nodiscard]] static X25519PrivateKey generate(RandomSource& random);
    /// @return `Errc::wrong_key_length` unless there are 32 bytes
    static Result<X25519PrivateKey> from(BytesView bytes);

    [[nodiscard]] X25519PublicKey public_key() const noexcept { return public_key_; }
    [[nodiscard]] BytesView view() const noexcept { return bytes_; }

    /// The secret that the owner of `peer` computes from our public key. It is not uniform: derive
    /// keys from it with HKDF.
    ///
    /// @return `Errc::low_order_point` if the result is all zeros: RFC 7748, section 6.1
    Result<Secret<32>> agree(const X25519PublicKey& peer) const;

private:
    explicit X25519PrivateKey(const Secret<32>& bytes);
    Secret<32> bytes_;
    /// Computed once: it costs as much as an agreement, and OpenSSL asks for it in each.
    X25519PublicKey public_key_{};
};

}  // namespace streamkit::crypto
