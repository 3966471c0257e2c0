#include "streamkit/crypto/x25519.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "openssl.hpp"

namespace streamkit::crypto {
namespace {

X25519PublicKey public_key_of(BytesView bytes) {
    const Key key{
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, bytes.data(), bytes.size())};
    require(key != nullptr);
    X25519PublicKey out;
    auto size = out.size();
    require(EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) == 1);
    return out;
}

/// From both halves, as OpenSSL computes the public one anew where it is not given.
Key key_pair(const Secret<32>& private_key, const X25519PublicKey& public_key) {
    // Copies: parameters take pointers to bytes that are not constant.
    auto private_bytes = private_key;
    auto public_bytes = public_key;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, private_bytes.writable().data(),
                                          private_bytes.view().size()),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, public_bytes.data(),
                                          public_bytes.size()),
        OSSL_PARAM_construct_end()};
    const KeyContext context{EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, nullptr)};
    require(context != nullptr);
    require(EVP_PKEY_fromdata_init(context.get()) == 1);
    EVP_PKEY* key = nullptr;
    require(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters) == 1);
    return Key{key};
}

}  // namespace

X25519PrivateKey::X25519PrivateKey(const Secret<32>& bytes)
    : bytes_(bytes), public_key_(public_key_of(bytes)) {}

X25519PrivateKey X25519PrivateKey::generate(RandomSource& random) {
    Secret<32> bytes;
    random.fill(bytes.writable());  // RFC 7748, 5: any 32 bytes; the bits are clamped on use
    return X25519PrivateKey{bytes};
}

Result<X25519PrivateKey> X25519PrivateKey::from(BytesView bytes) {
    const auto secret = Secret<32>::copy_of(bytes);
    if (!secret) return Error{Errc::wrong_key_length, "X25519 private key"};
    return X25519PrivateKey{*secret};
}

Result<Secret<32>> X25519PrivateKey::agree(const X25519PublicKey& peer) const {
    const auto key = key_pair(bytes_, public_key_);
    const Key peer_key{
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer.data(), peer.size())};
    require(peer_key != nullptr);
    const KeyContext context{EVP_PKEY_CTX_new(key.get(), nullptr)};
    require(context != nullptr);
    require(EVP_PKEY_derive_init(context.get()) == 1);
    require(EVP_PKEY_derive_set_peer(context.get(), peer_key.get()) == 1);

    Secret<32> shared;
    auto size = shared.writable().size();
    if (!succeeded(EVP_PKEY_derive(context.get(), shared.writable().data(), &size) == 1)) {
        return Error{Errc::low_order_point, "X25519 public key"};
    }
    return shared;
}

}  // namespace streamkit::crypto
