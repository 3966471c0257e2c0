#pragma once

// Error codes of the module `av`.

#include <system_error>

namespace streamkit::av {

/// What can go wrong beside what the operating system reports (such as a file that is not there).
enum class Errc {
    malformed_file = 1,  ///< FFmpeg finds the bytes invalid
    unsupported_format,  ///< this build of FFmpeg has no demuxer, decoder or filter for it
    encoder_missing,     ///< this build of FFmpeg has no encoder for the codec
    no_tracks,           ///< neither video nor audio that can be read
    missing_timestamp,   ///< a packet without times, before any that has them
    not_seekable,        ///< a pipe cannot go back to its beginning
    file_changed,        ///< other tracks than when it was opened first
    ffmpeg_failed,       ///< anything else; the log has FFmpeg's own words
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::av

template <>
struct std::is_error_code_enum<streamkit::av::Errc> : std::true_type {};
