#pragma once

// Error codes of the services.

#include <system_error>

#include "streamkit/base/error.hpp"

namespace streamkit {

enum class ServiceErrc {
    not_live = 1,        ///< nobody publishes a stream of that name
    ambiguous_stream,    ///< several streams are live and none was named
    refused_by_peer,     ///< the server said no; its words are in the log
    no_answer,           ///< the application neither accepted nor rejected
    unsupported_file,    ///< a file that this reader cannot read
    unsupported_scheme,  ///< a URL whose scheme is not known here
    cannot_rewind,       ///< a source that can be read only once
    shutting_down,       ///< the program ends
};

[[nodiscard]] const std::error_category& service_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(ServiceErrc errc) noexcept {
    return {static_cast<int>(errc), service_category()};
}

}  // namespace streamkit

template <>
struct std::is_error_code_enum<streamkit::ServiceErrc> : std::true_type {};
