#include "symmetric_state.hpp"

#include <algorithm>

#include "streamkit/base/assert.hpp"
#include "streamkit/crypto/hkdf.hpp"
#include "streamkit/crypto/sha256.hpp"

namespace streamkit::noise {
namespace {

/// HKDF of Noise, 4.3: that of RFC 5869 with the chaining key as salt and no info.
template <std::size_t N>
std::array<Key, N> hkdf(const Key& chaining_key, BytesView input_key_material) {
    const auto pseudorandom_key = crypto::hkdf_extract(chaining_key, input_key_material);
    crypto::Secret<32 * N> output;
    [[maybe_unused]] const auto expanded =
        crypto::hkdf_expand(pseudorandom_key, {}, output.writable());
    STREAMKIT_ASSERT(expanded);
    std::array<Key, N> keys;
    for (std::size_t i = 0; i < N; ++i)
        std::ranges::copy(output.view().subspan(32 * i, 32), keys[i].writable().begin());
    return keys;
}

}  // namespace

SymmetricState::SymmetricState(std::string_view protocol_name) {
    STREAMKIT_ASSERT(protocol_name.size() <= hash_.size());
    std::ranges::copy(protocol_name, hash_.begin());  // the rest stays zero
    std::ranges::copy(hash_, chaining_key_.writable().begin());
}

void SymmetricState::mix_key(BytesView input_key_material) {
    const auto keys = hkdf<2>(chaining_key_, input_key_material);
    chaining_key_ = keys[0];
    cipher_.initialize_key(keys[1]);
}

void SymmetricState::mix_hash(BytesView data) {
    crypto::Sha256 hash;
    hash.update(hash_);
    hash.update(data);
    hash_ = hash.finish();
}

void SymmetricState::mix_key_and_hash(BytesView input_key_material) {
    const auto keys = hkdf<3>(chaining_key_, input_key_material);
    chaining_key_ = keys[0];
    mix_hash(keys[1]);
    cipher_.initialize_key(keys[2]);
}

Bytes SymmetricState::encrypt_and_hash(BytesView plaintext) {
    auto ciphertext = cipher_.encrypt_with_ad(hash_, plaintext);
    mix_hash(ciphertext);
    return ciphertext;
}

Result<Bytes> SymmetricState::decrypt_and_hash(BytesView ciphertext) {
    auto plaintext = cipher_.decrypt_with_ad(hash_, ciphertext);
    if (plaintext) mix_hash(ciphertext);
    return plaintext;
}

std::pair<Key, Key> SymmetricState::split() const {
    const auto keys = hkdf<2>(chaining_key_, {});
    return {keys[0], keys[1]};
}

}  // namespace streamkit::noise
