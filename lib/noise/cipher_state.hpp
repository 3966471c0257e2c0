#pragma once

// Noise, revision 34, section 5.1: one key and the number of the next message under it.

#include <cstdint>
#include <limits>
#include <optional>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/noise/handshake.hpp"

namespace streamkit::noise {

inline constexpr std::size_t kTagBytes = 16;  // Noise, 4.2: the last 16 bytes of a ciphertext

class CipherState {
public:
    /// Without a key: everything passes through unchanged.
    CipherState() = default;

    void initialize_key(const Key& key) {
        key_ = key;
        nonce_ = 0;
    }
    [[nodiscard]] bool has_key() const noexcept { return key_.has_value(); }

    /// Bytes that encryption adds.
    [[nodiscard]] std::size_t overhead() const noexcept { return has_key() ? kTagBytes : 0; }

    [[nodiscard]] Bytes encrypt_with_ad(BytesView associated_data, BytesView plaintext);
    /// @return `Errc::wrong_key`; nothing has changed then
    Result<Bytes> decrypt_with_ad(BytesView associated_data, BytesView ciphertext);

private:
    std::optional<Key> key_{};
    std::uint64_t nonce_ = 0;
};

/// Noise, 5.1: never that of a message; REKEY uses it.
inline constexpr auto kMaxNonce = std::numeric_limits<std::uint64_t>::max();

/// ENCRYPT(k, n, ad, plaintext) for AESGCM. Noise, 12.4.
[[nodiscard]] Bytes encrypt(const Key& key, std::uint64_t nonce, BytesView associated_data,
                            BytesView plaintext);

}  // namespace streamkit::noise
