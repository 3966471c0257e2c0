#include "streamkit/crypto/sha256.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <utility>

#include "openssl.hpp"

namespace streamkit::crypto {

struct Sha256::State {
    DigestContext context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    require(state_->context != nullptr);
    require(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) == 1);
}

Sha256::Sha256(const Sha256& other) : state_(std::make_unique<State>()) {
    require(state_->context != nullptr);
    require(EVP_MD_CTX_copy_ex(state_->context.get(), other.state_->context.get()) == 1);
}

Sha256& Sha256::operator=(const Sha256& other) {
    if (this != &other) *this = Sha256{other};
    return *this;
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(BytesView bytes) {
    require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256::finish() {
    Sha256Digest digest;
    require(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1);
    require(EVP_DigestInit_ex(state_->context.get(), nullptr, nullptr) == 1);
    return digest;
}

Sha256Digest sha256(BytesView bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

struct HmacSha256::State {
    MacContext context;
};

HmacSha256::HmacSha256(BytesView key) : state_(std::make_unique<State>()) {
    const Mac mac{EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr)};
    require(mac != nullptr);
    state_->context.reset(EVP_MAC_CTX_new(mac.get()));
    require(state_->context != nullptr);

    char digest_name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_end()};
    // A null pointer would mean "the key from before", so an empty key needs another one.
    const std::uint8_t nothing = 0;
    const auto* bytes = key.empty() ? &nothing : key.data();
    require(EVP_MAC_init(state_->context.get(), bytes, key.size(), parameters) == 1);
}

HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;
HmacSha256::~HmacSha256() = default;

void HmacSha256::update(BytesView bytes) {
    require(EVP_MAC_update(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Sha256Digest HmacSha256::finish() {
    Sha256Digest digest;
    std::size_t size = 0;
    require(EVP_MAC_final(state_->context.get(), digest.data(), &size, digest.size()) == 1);
    require(EVP_MAC_init(state_->context.get(), nullptr, 0, nullptr) == 1);
    return digest;
}

Sha256Digest hmac_sha256(BytesView key, BytesView message) {
    HmacSha256 hmac{key};
    hmac.update(message);
    return hmac.finish();
}

}  // namespace streamkit::crypto
