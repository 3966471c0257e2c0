#pragma once

#include <chrono>

#include "streamkit/base/time.hpp"

namespace streamkit {

/// The wall clock that manifests, HTTP dates and events are stamped with.
[[nodiscard]] inline WallTime wall_now() {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
}

}  // namespace streamkit
