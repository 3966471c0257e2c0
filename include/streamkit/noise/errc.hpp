#pragma once

// Error codes of the module `noise`.

#include <system_error>

namespace streamkit::noise {

enum class Errc {
    missing_key = 1,    ///< a key that the pattern needs was not given
    out_of_turn,        ///< a message at a moment where the pattern has none
    truncated_message,  ///< a message that ends before its keys do
    message_too_long,   ///< more than 65535 bytes
    wrong_key,          ///< a tag that does not fit: another secret, or a changed message
};

[[nodiscard]] const std::error_category& noise_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), noise_category()};
}

}  // namespace streamkit::noise

template <>
struct std::is_error_code_enum<streamkit::noise::Errc> : std::true_type {};
