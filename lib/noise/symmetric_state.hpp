#pragma once

// Noise, revision 34, section 5.2: the chaining key and the hash of all that was said.

#include <array>
#include <string_view>
#include <utility>

#include "cipher_state.hpp"

namespace streamkit::noise {

class SymmetricState {
public:
    /// InitializeSymmetric.
    ///
    /// @param protocol_name  at most 32 bytes, as all of ours are
    explicit SymmetricState(std::string_view protocol_name);

    void mix_key(BytesView input_key_material);
    void mix_hash(BytesView data);
    void mix_key_and_hash(BytesView input_key_material);

    [[nodiscard]] Bytes encrypt_and_hash(BytesView plaintext);
    /// @return `Errc::wrong_key`
    Result<Bytes> decrypt_and_hash(BytesView ciphertext);
    /// Bytes that `encrypt_and_hash` adds now.
    [[nodiscard]] std::size_t overhead() const noexcept { return cipher_.overhead(); }

    [[nodiscard]] const std::array<std::uint8_t, 32>& handshake_hash() const noexcept {
        return hash_;
    }
    /// The keys of the initiator's messages and of the responder's.
    [[nodiscard]] std::pair<Key, Key> split() const;

private:
    Key chaining_key_{};
    std::array<std::uint8_t, 32> hash_{};
    CipherState cipher_{};
};

}  // namespace streamkit::noise
