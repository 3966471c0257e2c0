#pragma once

// The mask that hides the changing fields of a packet's header (RFC 9001, section 5.4).

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::crypto {

inline constexpr std::size_t kHeaderMaskKeyBytes = 32;
inline constexpr std::size_t kHeaderMaskSampleBytes = 16;

/// Makes masks under one key: AES-256 of a sample of the packet's ciphertext. Not for two threads at
/// once.
///
/// @see RFC 9001, section 5.4.3
class HeaderMask {
public:
    /// @param key  32 bytes, used for nothing else
    /// @return `Errc::wrong_key_length`
    static Result<HeaderMask> make(BytesView key);

    HeaderMask(HeaderMask&&) noexcept;
    HeaderMask& operator=(HeaderMask&&) noexcept;
    ~HeaderMask();

    /// The bytes to combine with the header's by exclusive or. Allocates nothing.
    [[nodiscard]] std::array<std::uint8_t, 16> mask(
        std::span<const std::uint8_t, kHeaderMaskSampleBytes> sample);

private:
    struct State;
    explicit HeaderMask(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

}  // namespace streamkit::crypto
