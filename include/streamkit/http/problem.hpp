#pragma once

// Errors as documents that programs and people can read.

#include <string_view>

#include "streamkit/base/error.hpp"
#include "streamkit/http/message.hpp"

namespace streamkit::http {

/// An answer of type `application/problem+json` with the members `status`, `title` (the reason
/// phrase), and `detail` and `hint` where they are not empty. It is not to be stored by caches.
///
/// @param detail  what went wrong this time
/// @param hint    what the reader can do about it
/// @see RFC 9457
[[nodiscard]] Response problem(int status, std::string_view detail, std::string_view hint = {});

/// The status that an error of this module is answered with: 400, 408, 413, 414, 417, 431, 501 or
/// 505; 500 for any other.
[[nodiscard]] int status_of(const Error& error) noexcept;

}  // namespace streamkit::http
