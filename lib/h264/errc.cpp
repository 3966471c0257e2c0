#include "streamkit/h264/errc.hpp"

#include "streamkit/base/error.hpp"

namespace streamkit::h264 {
namespace {

constexpr int value(Errc errc) { return static_cast<int>(errc); }

constexpr ErrorEntry kEntries[] = {
    {value(Errc::truncated), Failure::malformed, "ends inside a field"},
    {value(Errc::wrong_nal_unit_type), Failure::malformed, "not the expected NAL unit type"},
    {value(Errc::value_out_of_range), Failure::malformed, "value is not allowed"},
    {value(Errc::picture_too_large), Failure::limit_exceeded,
     "picture is larger than any level allows"},
    {value(Errc::cropping_too_large), Failure::malformed, "cropping leaves nothing of the picture"},
    {value(Errc::unsupported_version), Failure::unsupported, "configurationVersion is not 1"},
    {value(Errc::bad_nal_length_size), Failure::malformed,
     "length of a NAL unit does not fit its length field"},
    {value(Errc::no_parameter_sets), Failure::malformed, "no sequence parameter set"},
    {value(Errc::no_start_code), Failure::malformed, "no start code"},
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory category{"streamkit.h264", kEntries};
    return category;
}

}  // namespace streamkit::h264
