#include "cli/version.hpp"

#include <spdlog/version.h>
#include <CLI/Version.hpp>

#include "streamkit/version.hpp"

namespace streamkit::cli {

std::string version_text(std::string_view program) {
    std::string text{program};
    text.append(" ").append(kVersion).append("\nbuilt with ").append(kBuiltWith);
    text.append(", CLI11 " CLI11_VERSION ", spdlog ");
    text.append(std::to_string(SPDLOG_VER_MAJOR)).append(".");
    text.append(std::to_string(SPDLOG_VER_MINOR)).append(".");
    text.append(std::to_string(SPDLOG_VER_PATCH)).append("\n");
    return text;
}

}  // namespace streamkit::cli
