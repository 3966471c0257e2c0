#include "streamkit/mp4/errc.hpp"

#include <array>

#include "streamkit/base/error.hpp"

namespace streamkit::mp4 {
namespace {

constexpr int code(Errc errc) { return static_cast<int>(errc); }

constexpr std::array kErrors{
    ErrorEntry{code(Errc::truncated_box), Failure::malformed, "the box ends behind its container"},
    ErrorEntry{code(Errc::bad_box_size), Failure::malformed,
               "the size of the box is smaller than its header"},
    ErrorEntry{code(Errc::missing_box), Failure::malformed, "the box is missing"},
    ErrorEntry{code(Errc::unsupported_version), Failure::unsupported,
               "the version of the box is not known"},
    ErrorEntry{code(Errc::unterminated_string), Failure::malformed, "the text has no zero byte"},
    ErrorEntry{code(Errc::too_many_samples), Failure::limit_exceeded,
               "more samples than the limit"},
    ErrorEntry{code(Errc::value_out_of_range), Failure::malformed,
               "the number is not one that the format allows"},
    ErrorEntry{code(Errc::unsupported_codec), Failure::unsupported,
               "there is no sample entry for this codec"},
    ErrorEntry{code(Errc::incomplete_track), Failure::malformed,
               "the description of the track is not complete"},
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory instance{"streamkit.mp4", kErrors};
    return instance;
}

}  // namespace streamkit::mp4
