#include "streamkit/crypto/hkdf.hpp"

#include <algorithm>

#include "streamkit/crypto/sha256.hpp"

namespace streamkit::crypto {

Secret<32> hkdf_extract(BytesView salt, BytesView input_keying_material) {
    // An empty key and one of zeros are the same to HMAC: RFC 2104, 2, pads with zeros.
    auto code = hmac_sha256(salt, input_keying_material);
    Secret<32> pseudorandom_key;
    std::ranges::copy(code, pseudorandom_key.writable().begin());
    cleanse(code);
    return pseudorandom_key;
}

Result<void> hkdf_expand(BytesView pseudorandom_key, BytesView info,
                         std::span<std::uint8_t> output) {
    if (pseudorandom_key.size() < 32) return Error{Errc::wrong_key_length, "HKDF PRK"};
    if (output.size() > kMaxHkdfOutputBytes) return Error{Errc::output_too_long, "HKDF L"};

    // T(n) = HMAC(PRK, T(n - 1) | info | n)
    HmacSha256 hmac{pseudorandom_key};
    Sha256Digest block{};
    for (std::uint8_t n = 1; !output.empty(); ++n) {
        if (n > 1) hmac.update(block);
        hmac.update(info);
        hmac.update({&n, 1});
        block = hmac.finish();
        const auto size = std::min(output.size(), block.size());
        std::copy_n(block.begin(), size, output.begin());
        output = output.subspan(size);
    }
    cleanse(block);
    return {};
}

}  // namespace streamkit::crypto
