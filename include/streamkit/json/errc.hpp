#pragma once

// Error codes of the module `json`.

#include <system_error>

namespace streamkit::json {

/// Why a document was refused.
enum class Errc {
    malformed = 1,     ///< not JSON by RFC 8259
    invalid_utf8,      ///< a byte that is not part of valid UTF-8
    duplicate_name,    ///< an object with two members of one name (RFC 8259, section 4)
    malformed_number,  ///< against the grammar, an integer beyond 64 bits, or beyond a double
    too_long,          ///< more than `Limits::max_bytes`
    too_deep,          ///< nested deeper than `Limits::max_depth`
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::json

template <>
struct std::is_error_code_enum<streamkit::json::Errc> : std::true_type {};
