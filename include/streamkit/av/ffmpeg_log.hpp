#pragma once

// FFmpeg's own log.

#include "streamkit/base/log.hpp"

namespace streamkit::av {

/// Sends what FFmpeg logs, anywhere in this process, to `log` instead of stderr; a silent logger
/// silences it. FFmpeg has one log per process, so this is for programs and not for libraries: the
/// rest of this module leaves that log alone.
void redirect_ffmpeg_log(Logger log);

}  // namespace streamkit::av
