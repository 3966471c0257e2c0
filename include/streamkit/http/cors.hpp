#pragma once

// Cross-origin requests: what lets a page of one host play the media of another.

#include <optional>
#include <string_view>

#include "streamkit/http/message.hpp"

namespace streamkit::http {

/// For `ServerConfig::common_headers`: any origin may read every answer, errors included, and the
/// header fields that players need.
/// @see the Fetch standard, section 3.2
[[nodiscard]] Headers cors_headers();

/// The answer to a preflight request; empty if the request is none.
///
/// @param methods  what the target allows: "GET, HEAD, POST"
/// @see the Fetch standard, section 3.2.2
[[nodiscard]] std::optional<Response> cors_preflight(const RequestHead& request,
                                                     std::string_view methods);

}  // namespace streamkit::http
