#include "streamkit/dash/errc.hpp"

#include <array>

#include "streamkit/base/error.hpp"

namespace streamkit::dash {
namespace {

constexpr int code(Errc errc) { return static_cast<int>(errc); }

constexpr std::array kErrors{
    ErrorEntry{code(Errc::mpd_too_large), Failure::limit_exceeded,
               "the MPD is longer than the limit"},
    ErrorEntry{code(Errc::malformed_xml), Failure::malformed, "not well-formed XML"},
    ErrorEntry{code(Errc::not_an_mpd), Failure::malformed, "the root element is not MPD"},
    ErrorEntry{code(Errc::missing_attribute), Failure::malformed, "the attribute is missing"},
    ErrorEntry{code(Errc::malformed_attribute), Failure::malformed,
               "the value is not of the attribute's type"},
    ErrorEntry{code(Errc::too_many_elements), Failure::limit_exceeded,
               "more elements than the limit"},
    ErrorEntry{code(Errc::unsupported_duration), Failure::unsupported,
               "a duration in years or months"},
    ErrorEntry{code(Errc::malformed_timeline), Failure::malformed,
               "a timeline that goes back, stands still or does not end"},
};

}  // namespace

const std::error_category& dash_category() noexcept {
    static const TableCategory category{"streamkit.dash", kErrors};
    return category;
}

}  // namespace streamkit::dash
