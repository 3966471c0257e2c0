#include "streamkit/crypto/secret.hpp"

#include <openssl/crypto.h>

namespace streamkit::crypto {

void cleanse(std::span<std::uint8_t> bytes) noexcept {
    OPENSSL_cleanse(bytes.data(), bytes.size());
}

bool equal_in_constant_time(BytesView a, BytesView b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace streamkit::crypto
