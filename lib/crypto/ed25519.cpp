#include "streamkit/crypto/ed25519.hpp"

#include "openssl.hpp"

namespace streamkit::crypto {
namespace {

Key private_key(BytesView seed) {
    Key key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size())};
    require(key != nullptr);
    return key;
}

}  // namespace

Ed25519PrivateKey Ed25519PrivateKey::generate(RandomSource& random) {
    Secret<32> seed;
    random.fill(seed.writable());
    return Ed25519PrivateKey{seed};
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::from(BytesView seed) {
    const auto secret = Secret<32>::copy_of(seed);
    if (!secret) return Error{Errc::wrong_key_length, "Ed25519 private key"};
    return Ed25519PrivateKey{*secret};
}

Ed25519PublicKey Ed25519PrivateKey::public_key() const {
    Ed25519PublicKey out;
    auto size = out.size();
    require(EVP_PKEY_get_raw_public_key(private_key(seed_).get(), out.data(), &size) == 1);
    return out;
}

Ed25519Signature Ed25519PrivateKey::sign(BytesView message) const {
    const auto key = private_key(seed_);
    const DigestContext context{EVP_MD_CTX_new()};
    require(context != nullptr);
    require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
    Ed25519Signature signature;
    auto size = signature.size();
    require(EVP_DigestSign(context.get(), signature.data(), &size, message.data(),
                           message.size()) == 1);
    return signature;
}

Result<void> ed25519_verify(const Ed25519PublicKey& key, BytesView message,
                            const Ed25519Signature& signature) {
    const Key public_key{
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size())};
    require(public_key != nullptr);
    const DigestContext context{EVP_MD_CTX_new()};
    require(context != nullptr);
    require(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) == 1);
    if (!succeeded(EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                    message.data(), message.size()) == 1)) {
        return Error{Errc::wrong_signature, "Ed25519 signature"};
    }
    return {};
}

}  // namespace streamkit::crypto
