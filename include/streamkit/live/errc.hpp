#pragma once

// Error codes of the module `live`.

#include <system_error>

#include "streamkit/base/error.hpp"

namespace streamkit::live {

enum class Errc {
    already_publishing = 1,  ///< the path has a publisher
    too_many_streams,        ///< over `HubConfig::max_streams`
    invalid_path,            ///< empty
    path_too_long,           ///< over `HubConfig::max_path_bytes`
    taken_over,              ///< another publisher has taken the path over
    too_far_behind,          ///< the subscriber did not catch up within `max_behind`
    queue_overflow,          ///< more than the subscriber can take of what must not be dropped
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::live

template <>
struct std::is_error_code_enum<streamkit::live::Errc> : std::true_type {};
