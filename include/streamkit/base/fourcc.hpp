#pragma once

// Four-character codes, as FLV, MP4 and Enhanced RTMP use them.

#include <compare>
#include <cstdint>
#include <string>

namespace streamkit {

/// Four characters as one big-endian number.
struct FourCc {
    std::uint32_t value = 0;

    constexpr FourCc() = default;
    constexpr explicit FourCc(std::uint32_t v) noexcept : value(v) {}
    /// From a literal of exactly four characters, such as `FourCc{"avc1"}`.
    // Not consteval: clang 14 crashes on that in a function with scopes to leave.
    constexpr explicit FourCc(const char (&text)[5]) noexcept
        : value(static_cast<std::uint32_t>(static_cast<unsigned char>(text[0])) << 24 |
                static_cast<std::uint32_t>(static_cast<unsigned char>(text[1])) << 16 |
                static_cast<std::uint32_t>(static_cast<unsigned char>(text[2])) << 8 |
                static_cast<std::uint32_t>(static_cast<unsigned char>(text[3]))) {}

    /// The four characters; what is not printable becomes `.`.
    [[nodiscard]] std::string text() const {
        std::string out(4, '.');
        for (std::size_t i = 0; i < 4; ++i) {
            const auto c = static_cast<unsigned char>(value >> (24 - 8 * i));
            if (c >= 0x20 && c < 0x7f) out[i] = static_cast<char>(c);
        }
        return out;
    }

    friend constexpr auto operator<=>(const FourCc&, const FourCc&) = default;
};

}  // namespace streamkit
