#pragma once

// Arithmetic of GF(2^8): bytes as polynomials over GF(2), modulo x^8 + x^4 + x^3 + x^2 + 1.

#include <array>
#include <cstdint>
#include <span>

#include "streamkit/base/bytes.hpp"

namespace streamkit::fec {

/// The reduction polynomial without its x^8. RFC 5510, 8.1 uses the same field.
inline constexpr std::uint8_t kReduction = 0x1d;

/// Powers of 2, which generates all 255 elements but 0, and their exponents.
struct Logarithms {
    std::array<std::uint8_t, 2 * 255>
        exp{};                            ///< twice over: a sum of two logarithms needs no modulo
    std::array<std::uint8_t, 256> log{};  ///< not of 0

    constexpr Logarithms() {
        std::uint8_t power = 1;
        for (std::size_t i = 0; i < 255; ++i) {
            exp[i] = exp[i + 255] = power;
            log[power] = static_cast<std::uint8_t>(i);
            const bool carry = (power & 0x80) != 0;
            power = static_cast<std::uint8_t>(power << 1 ^ (carry ? kReduction : 0));
        }
    }
};
inline constexpr Logarithms kLogarithms;

[[nodiscard]] constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b) noexcept {
    if (a == 0 || b == 0) return 0;
    const auto sum = std::size_t{kLogarithms.log[a]} + kLogarithms.log[b];
    return kLogarithms.exp[sum];
}

/// @param b  not 0
[[nodiscard]] constexpr std::uint8_t divide(std::uint8_t a, std::uint8_t b) noexcept {
    if (a == 0) return 0;
    const auto difference = std::size_t{kLogarithms.log[a]} + 255 - kLogarithms.log[b];
    return kLogarithms.exp[difference];
}

/// Adds `factor * input[i]` to each `sum[i]`.
///
/// @param sum  at least as long as `input`, and not the same bytes
void multiply_add(std::uint8_t factor, BytesView input, std::span<std::uint8_t> sum) noexcept;

}  // namespace streamkit::fec
