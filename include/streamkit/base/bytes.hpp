#pragma once

// Owned and borrowed runs of bytes.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace streamkit {

/// Owns its bytes.
using Bytes = std::vector<std::uint8_t>;

/// Borrows bytes for the length of a call; never stored.
using BytesView = std::span<const std::uint8_t>;

/// The bytes of a text. The view lives as long as the text it was made from.
[[nodiscard]] inline BytesView as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The text whose characters are these bytes; nothing is checked or converted.
/// The view lives as long as the bytes.
[[nodiscard]] inline std::string_view as_text(BytesView bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace streamkit
