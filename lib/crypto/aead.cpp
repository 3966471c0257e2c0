#include "streamkit/crypto/aead.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "openssl.hpp"
#include "streamkit/crypto/errc.hpp"
#include "streamkit/crypto/secret.hpp"

namespace streamkit::crypto {
namespace {

const EVP_CIPHER* cipher(AeadAlgorithm algorithm) noexcept {
    switch (algorithm) {
        case AeadAlgorithm::aes_128_gcm:
            return EVP_aes_128_gcm();
        case AeadAlgorithm::aes_256_gcm:
            return EVP_aes_256_gcm();
        case AeadAlgorithm::chacha20_poly1305:
            return EVP_chacha20_poly1305();
    }
    return nullptr;
}

Result<void> check(BytesView nonce, BytesView associated_data, std::size_t message_bytes) {
    constexpr std::size_t kMax = INT_MAX;  // lengths are int in EVP_CipherUpdate
    if (nonce.size() != kAeadNonceBytes) return Error{Errc::wrong_nonce_length, "AEAD nonce"};
    if (associated_data.size() > kMax) return Error{Errc::message_too_long, "AEAD associated data"};
    if (message_bytes > kMax) return Error{Errc::message_too_long, "AEAD message"};
    return {};
}

}  // namespace

struct Aead::State {
    CipherContext context{EVP_CIPHER_CTX_new()};

    void begin(BytesView nonce, BytesView associated_data, int direction) {
        require(EVP_CipherInit_ex(context.get(), nullptr, nullptr, nullptr, nonce.data(),
                                  direction) == 1);
        if (!associated_data.empty()) update(nullptr, associated_data);
    }
    void update(std::uint8_t* output, BytesView input) {
        int size = 0;
        require(EVP_CipherUpdate(context.get(), output, &size, input.data(),
                                 static_cast<int>(input.size())) == 1);
    }
};

Aead::Aead(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;  // EVP_CIPHER_CTX_free cleanses the key schedule

Result<Aead> Aead::make(AeadAlgorithm algorithm, BytesView key) {
    if (key.size() != aead_key_bytes(algorithm)) return Error{Errc::wrong_key_length, "AEAD key"};
    auto state = std::make_unique<State>();
    require(state->context != nullptr);
    require(EVP_CipherInit_ex(state->context.get(), cipher(algorithm), nullptr, key.data(), nullptr,
                              1) == 1);
    return Aead{std::move(state)};
}

Result<std::size_t> Aead::seal(BytesView nonce, BytesView associated_data, BytesView plaintext,
                               std::span<std::uint8_t> sealed) {
    STREAMKIT_TRY(check(nonce, associated_data, plaintext.size()));
    if (sealed.size() < plaintext.size() + kAeadTagBytes) {
        return Error{Errc::output_too_short, "AEAD seal"};
    }
    state_->begin(nonce, associated_data, 1);
    if (!plaintext.empty()) state_->update(sealed.data(), plaintext);
    auto* tag = sealed.data() + plaintext.size();
    int size = 0;
    require(EVP_CipherFinal_ex(state_->context.get(), tag, &size) == 1);
    require(EVP_CIPHER_CTX_ctrl(state_->context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagBytes, tag) ==
            1);
    return plaintext.size() + kAeadTagBytes;
}

Result<std::size_t> Aead::open(BytesView nonce, BytesView associated_data, BytesView sealed,
                               std::span<std::uint8_t> plaintext) {
    STREAMKIT_TRY(check(nonce, associated_data, sealed.size()));
    if (sealed.size() < kAeadTagBytes) return Error{Errc::wrong_tag, "AEAD open"};
    const auto ciphertext = sealed.first(sealed.size() - kAeadTagBytes);
    if (plaintext.size() < ciphertext.size()) return Error{Errc::output_too_short, "AEAD open"};

    // A copy: EVP_CIPHER_CTX_ctrl takes the tag by a pointer to bytes that are not constant.
    std::array<std::uint8_t, kAeadTagBytes> tag;
    std::ranges::copy(sealed.last(kAeadTagBytes), tag.begin());
    state_->begin(nonce, associated_data, 0);
    if (!ciphertext.empty()) state_->update(plaintext.data(), ciphertext);
    require(EVP_CIPHER_CTX_ctrl(state_->context.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagBytes,
                                tag.data()) == 1);
    std::array<std::uint8_t, EVP_MAX_BLOCK_LENGTH> nothing;
    int size = 0;
    if (!succeeded(EVP_CipherFinal_ex(state_->context.get(), nothing.data(), &size) == 1)) {
        cleanse(plaintext.first(ciphertext.size()));
        return Error{Errc::wrong_tag, "AEAD open"};
    }
    return ciphertext.size();
}

}  // namespace streamkit::crypto
