#pragma once

// The two clocks. Media time is `Timestamp`; the three are never mixed.

#include <chrono>

namespace streamkit {

/// "Now" for timers and pacing; always passed in, never read inside a core.
using TimePoint = std::chrono::steady_clock::time_point;

/// Wall clock in UTC; only in manifests, logs, HTTP dates and certificates.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

}  // namespace streamkit
