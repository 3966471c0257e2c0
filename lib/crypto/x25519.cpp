#include "streamkit/crypto/x25519.hpp"

#include "openssl.hpp"

namespace streamkit::crypto {
namespace {

Key private_key(BytesView bytes) {
    Key key{EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, bytes.data(), bytes.size())};
    require(key != nullptr);
    return key;
}

}  // namespace

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

X25519PublicKey X25519PrivateKey::public_key() const {
    X25519PublicKey out;
    auto size = out.size();
    require(EVP_PKEY_get_raw_public_key(private_key(bytes_).get(), out.data(), &size) == 1);
    return out;
}

Result<Secret<32>> X25519PrivateKey::agree(const X25519PublicKey& peer) const {
    const auto key = private_key(bytes_);
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
