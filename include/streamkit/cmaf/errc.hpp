#pragma once

// Error codes of the module `cmaf`.

#include <system_error>

namespace streamkit::cmaf {

/// What a packager refuses.
enum class Errc {
    discontinuity = 1,        ///< the media cannot go on in this presentation: end it, start anew
    finished,                 ///< the presentation has ended
    unsupported_codec,        ///< a track that cannot be packaged; the others go on
    malformed_codec_config,   ///< a configuration that cannot be read; the other tracks go on
    too_many_tracks,          ///< a second track of the same kind; the others go on
    event_too_large,          ///< the message of a timed event is longer than the limit
    event_id_taken,           ///< the id of a timed event was used before
    event_time_out_of_range,  ///< a timed event before the presentation's start, or decades away
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::cmaf

template <>
struct std::is_error_code_enum<streamkit::cmaf::Errc> : std::true_type {};
