#pragma once

// Error codes of the module `h264`.

#include <system_error>

namespace streamkit::h264 {

/// What can go wrong in parameter sets and configuration records.
enum class Errc {
    truncated = 1,        ///< ends inside a field
    wrong_nal_unit_type,  ///< another NAL unit than the one that was to be read
    value_out_of_range,   ///< a field with a value that the specification does not allow
    picture_too_large,    ///< more macroblocks in a row or column than any level allows
    cropping_too_large,   ///< nothing is left of the picture
    unsupported_version,  ///< configurationVersion is not 1
    bad_nal_length_size,  ///< lengthSizeMinusOne is 2, or a NAL unit does not fit its length field
    no_parameter_sets,    ///< a configuration record without a sequence parameter set
    no_start_code,        ///< not a byte stream of Annex B
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::h264

template <>
struct std::is_error_code_enum<streamkit::h264::Errc> : std::true_type {};
