#include "streamkit/crypto/header_mask.hpp"

#include <utility>

#include "openssl.hpp"
#include "streamkit/crypto/errc.hpp"

namespace streamkit::crypto {

struct HeaderMask::State {
    CipherContext context{EVP_CIPHER_CTX_new()};
};

HeaderMask::HeaderMask(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
HeaderMask::HeaderMask(HeaderMask&&) noexcept = default;
HeaderMask& HeaderMask::operator=(HeaderMask&&) noexcept = default;
HeaderMask::~HeaderMask() = default;  // EVP_CIPHER_CTX_free cleanses the key schedule

Result<HeaderMask> HeaderMask::make(BytesView key) {
    if (key.size() != kHeaderMaskKeyBytes) {
        return Error{Errc::wrong_key_length, "header mask key"};
    }
    auto state = std::make_unique<State>();
    auto* context = state->context.get();
    require(context != nullptr);
    require(EVP_EncryptInit_ex(context, EVP_aes_256_ecb(), nullptr, key.data(), nullptr) == 1);
    // Without padding each block comes out at once, and the context needs no reset in between.
    require(EVP_CIPHER_CTX_set_padding(context, 0) == 1);
    return HeaderMask{std::move(state)};
}

std::array<std::uint8_t, 16> HeaderMask::mask(
    std::span<const std::uint8_t, kHeaderMaskSampleBytes> sample) {
    std::array<std::uint8_t, 16> out;
    int size = 0;
    require(EVP_EncryptUpdate(state_->context.get(), out.data(), &size, sample.data(),
                              static_cast<int>(sample.size())) == 1);
    return out;
}

}  // namespace streamkit::crypto
