#pragma once

// Authenticated encryption with associated data (RFC 5116).

#include <cstdint>
#include <memory>
#include <span>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::crypto {

enum class AeadAlgorithm : std::uint8_t {
    aes_128_gcm,        ///< NIST SP 800-38D, key of 16 bytes
    aes_256_gcm,        ///< NIST SP 800-38D, key of 32 bytes
    chacha20_poly1305,  ///< RFC 8439, key of 32 bytes
};

inline constexpr std::size_t kAeadNonceBytes = 12;
inline constexpr std::size_t kAeadTagBytes = 16;

[[nodiscard]] constexpr std::size_t aead_key_bytes(AeadAlgorithm algorithm) noexcept {
    return algorithm == AeadAlgorithm::aes_128_gcm ? 16 : 32;
}

/// Seals and opens messages under one key. Not for two threads at once.
///
/// A nonce must never come twice under one key: that gives both messages, and the means to forge
/// others, away.
class Aead {
public:
    /// @return `Errc::wrong_key_length`
    static Result<Aead> make(AeadAlgorithm algorithm, BytesView key);

    Aead(Aead&&) noexcept;
    Aead& operator=(Aead&&) noexcept;
    ~Aead();

    /// Encrypts `plaintext` to the start of `sealed`, and puts the tag behind it.
    ///
    /// @param nonce            12 bytes
    /// @param associated_data  authenticated, not encrypted, not part of `sealed`
    /// @param sealed           `plaintext.size() + kAeadTagBytes` bytes are written; may begin where
    ///                         `plaintext` does, but not overlap it otherwise
    /// @return the number of bytes written, or `Errc::wrong_nonce_length`, `Errc::output_too_short`,
    ///         `Errc::message_too_long`
    Result<std::size_t> seal(BytesView nonce, BytesView associated_data, BytesView plaintext,
                             std::span<std::uint8_t> sealed);

    /// Checks and decrypts what `seal` wrote.
    ///
    /// @param plaintext  `sealed.size() - kAeadTagBytes` bytes are written; may begin where `sealed`
    ///                   does, but not overlap it otherwise. Zeros after an error.
    /// @return the number of bytes written, or `Errc::wrong_tag` (also where `sealed` is shorter than
    ///         a tag), `Errc::wrong_nonce_length`, `Errc::output_too_short`, `Errc::message_too_long`
    Result<std::size_t> open(BytesView nonce, BytesView associated_data, BytesView sealed,
                             std::span<std::uint8_t> plaintext);

private:
    struct State;
    explicit Aead(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

}  // namespace streamkit::crypto
