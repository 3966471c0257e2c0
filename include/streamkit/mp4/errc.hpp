#pragma once

// Error codes of the module `mp4`.

#include <system_error>

namespace streamkit::mp4 {

/// What can go wrong in boxes, read or written.
enum class Errc {
    truncated_box = 1,    ///< a box, or a field in it, ends behind its container
    bad_box_size,         ///< a size that is smaller than the box's own header
    missing_box,          ///< a box that must be there is not
    unsupported_version,  ///< a full box of a version that is not specified
    unterminated_string,  ///< a text without its zero byte
    too_many_samples,     ///< a limit of the reader
    value_out_of_range,   ///< a number that the format does not allow, or too large to be summed up
    unsupported_codec,    ///< no sample entry is known for it
    incomplete_track,     ///< a description without timescale, size, rate or configuration
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::mp4

template <>
struct std::is_error_code_enum<streamkit::mp4::Errc> : std::true_type {};
