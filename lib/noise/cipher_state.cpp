#include "cipher_state.hpp"

#include <algorithm>
#include <array>

#include "streamkit/base/assert.hpp"
#include "streamkit/crypto/aead.hpp"
#include "streamkit/noise/errc.hpp"

namespace streamkit::noise {
namespace {

using crypto::Aead;
using crypto::AeadAlgorithm;

/// Noise, 12.4: 32 bits of zeros, then the big-endian number.
std::array<std::uint8_t, crypto::kAeadNonceBytes> nonce_bytes(std::uint64_t nonce) noexcept {
    std::array<std::uint8_t, crypto::kAeadNonceBytes> out{};
    for (std::size_t i = 0; i < 8; ++i)
        out[4 + i] = static_cast<std::uint8_t>(nonce >> (56 - 8 * i));
    return out;
}

}  // namespace

Bytes encrypt(const Key& key, std::uint64_t nonce, BytesView associated_data, BytesView plaintext) {
    // A handshake encrypts two messages, so the key schedule is not kept between them.
    auto aead = Aead::make(AeadAlgorithm::aes_256_gcm, key);
    STREAMKIT_ASSERT(aead);
    Bytes ciphertext(plaintext.size() + crypto::kAeadTagBytes);
    [[maybe_unused]] const auto sealed =
        aead->seal(nonce_bytes(nonce), associated_data, plaintext, ciphertext);
    STREAMKIT_ASSERT(sealed);
    return ciphertext;
}

Bytes CipherState::encrypt_with_ad(BytesView associated_data, BytesView plaintext) {
    if (!key_) return {plaintext.begin(), plaintext.end()};
    return encrypt(*key_, nonce_++, associated_data, plaintext);
}

Result<Bytes> CipherState::decrypt_with_ad(BytesView associated_data, BytesView ciphertext) {
    if (!key_) return Bytes{ciphertext.begin(), ciphertext.end()};
    if (ciphertext.size() < kTagBytes) return Error{Errc::wrong_key, "Noise tag"};
    auto aead = Aead::make(AeadAlgorithm::aes_256_gcm, *key_);
    STREAMKIT_ASSERT(aead);
    Bytes plaintext(ciphertext.size() - kTagBytes);
    if (!aead->open(nonce_bytes(nonce_), associated_data, ciphertext, plaintext)) {
        return Error{Errc::wrong_key, "Noise tag"};
    }
    ++nonce_;
    return plaintext;
}

}  // namespace streamkit::noise
