#pragma once

// Error codes of the module `base`.

#include <system_error>

namespace streamkit {

/// What can go wrong in `base` itself.
enum class BaseErrc {
    malformed_uri = 1,  ///< a URI that does not follow RFC 3986
    malformed_percent,  ///< a `%` that is not followed by two hexadecimal digits
    port_out_of_range,  ///< a port above 65535
};

[[nodiscard]] const std::error_category& base_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(BaseErrc errc) noexcept {
    return {static_cast<int>(errc), base_category()};
}

}  // namespace streamkit

template <>
struct std::is_error_code_enum<streamkit::BaseErrc> : std::true_type {};
