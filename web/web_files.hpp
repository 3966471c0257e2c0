#pragma once

// The web pages, as they are inside the program (target streamkit_web, cmake/streamkit_web.cmake).

#include <cstdint>
#include <span>
#include <string_view>

namespace streamkit::web {

struct File {
    std::string_view path;          // "watch.html", "dash.js", …
    std::string_view content_type;  // with its charset
    std::span<const std::uint8_t> bytes;
};

/// All files, sorted by path. `dash.js` is missing where the build had no npm.
[[nodiscard]] std::span<const File> files() noexcept;

}  // namespace streamkit::web
