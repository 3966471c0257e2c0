#pragma once

// Error codes of the module `aac`.

#include <system_error>

namespace streamkit::aac {

/// What can go wrong in an AudioSpecificConfig or an ADTS header.
enum class Errc {
    truncated = 1,                   ///< ends inside a field
    unsupported_object_type,         ///< not one of the General Audio object types
    unsupported_error_protection,    ///< epConfig 2 or 3
    reserved_sampling_frequency,     ///< samplingFrequencyIndex 13 or 14, or a frequency of 0
    reserved_channel_configuration,  ///< channelConfiguration 8, 9, 10 or 15
    no_channels,                     ///< a program_config_element without channels
    no_sync_word,                    ///< not at an ADTS header
    bad_frame_length,                ///< aac_frame_length is shorter than the header
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::aac

template <>
struct std::is_error_code_enum<streamkit::aac::Errc> : std::true_type {};
