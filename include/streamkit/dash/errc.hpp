#pragma once

// Error codes of the module `dash`.

#include <system_error>

namespace streamkit::dash {

enum class Errc {
    mpd_too_large = 1,     ///< more bytes than the limit
    malformed_xml,         ///< not well-formed XML
    not_an_mpd,            ///< the root element is not `MPD`
    missing_attribute,     ///< an attribute that the MPD must have here is not there
    malformed_attribute,   ///< an attribute whose value is not of its type
    too_many_elements,     ///< more of one kind than its limit
    unsupported_duration,  ///< an `xs:duration` in years or months, which have no fixed length
    malformed_timeline,    ///< a `SegmentTimeline` that goes back or has no times
};

[[nodiscard]] const std::error_category& dash_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), dash_category()};
}

}  // namespace streamkit::dash

template <>
struct std::is_error_code_enum<streamkit::dash::Errc> : std::true_type {};
