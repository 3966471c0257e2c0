#include "streamkit/base/utf8.hpp"

#include <cstdint>

namespace streamkit {
namespace {

/// Length of the well-formed sequence at the start of `text`, 0 if there is none: Unicode 15,
/// table 3-7.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
    };
    const auto in = [&](std::size_t i, std::uint8_t low, std::uint8_t high) {
        return byte(i) >= low && byte(i) <= high;
    };
    const auto continues = [&](std::size_t i) { return in(i, 0x80, 0xbf); };
    const auto lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        const bool second = lead == 0xe0   ? in(1, 0xa0, 0xbf)  // no overlong forms
                            : lead == 0xed ? in(1, 0x80, 0x9f)  // no surrogates
                                           : continues(1);
        return second && continues(2) ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        const bool second = lead == 0xf0   ? in(1, 0x90, 0xbf)  // no overlong forms
                            : lead == 0xf4 ? in(1, 0x80, 0x8f)  // nothing above U+10FFFF
                                           : continues(1);
        return second && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto length = sequence_length(text.substr(at));
        if (length == 0) break;
        at += length;
    }
    return at;
}

}  // namespace streamkit
