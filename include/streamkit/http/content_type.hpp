#pragma once

// Media types of the files that a media server hands out.

#include <string_view>

namespace streamkit::http {

/// The media type for a name's extension, in any case; `application/octet-stream` if unknown.
[[nodiscard]] std::string_view content_type_of(std::string_view file_name) noexcept;

}  // namespace streamkit::http
