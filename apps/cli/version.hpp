#pragma once

#include <string>
#include <string_view>

namespace streamkit::cli {

/// "streamkit-push 0.1.0" and a line a dependency, with the versions that it was built with.
[[nodiscard]] std::string version_text(std::string_view program);

}  // namespace streamkit::cli
