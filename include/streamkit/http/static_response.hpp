#pragma once

// Answers for objects that are there in full: media files, manifests, pages.

#include <string>
#include <string_view>
#include <vector>

#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/http/conditional.hpp"
#include "streamkit/http/message.hpp"

namespace streamkit::http {

/// One version of an object.
struct Object {
    Validators validators;
    std::string content_type;
    std::string cache_control;  ///< empty: no such field
    std::vector<SharedBuffer> slices;
};

/// Cache-Control of an object whose name is never reused for another body.
inline constexpr std::string_view kImmutable = "public, max-age=31536000, immutable";

/// Answers GET and HEAD with 200, 206, 304, 412 or 416, and OPTIONS with 204 (a CORS preflight
/// among them); any other method with 405. Pass the answer to `ServerConnection::respond`, which
/// leaves the body out for HEAD.
[[nodiscard]] Response static_response(const RequestHead& request, const Object& object);

/// 405 with the Allow field.
///
/// @param allow  "GET, HEAD"
[[nodiscard]] Response method_not_allowed(std::string_view allow);

}  // namespace streamkit::http
