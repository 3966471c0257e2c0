#pragma once

// Files that are there as a whole or not at all.

#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>

#include "streamkit/base/shared_buffer.hpp"

namespace streamkit {

/// What unfinished files end in.
inline constexpr std::string_view kUnfinishedSuffix = ".tmp";

/// Writes the slices under another name (`path` and `kUnfinishedSuffix`), then renames. Makes the
/// folder where it is missing.
///
/// @return what the system said; the unfinished file is gone then
[[nodiscard]] std::error_code write_file_atomically(const std::filesystem::path& path,
                                                    std::span<const SharedBuffer> slices);

}  // namespace streamkit
