#include "streamkit/aac/errc.hpp"

#include "streamkit/base/error.hpp"

namespace streamkit::aac {
namespace {

constexpr int value(Errc errc) { return static_cast<int>(errc); }

constexpr ErrorEntry kEntries[] = {
    {value(Errc::truncated), Failure::malformed, "ends inside a field"},
    {value(Errc::unsupported_object_type), Failure::unsupported, "not a General Audio object type"},
    {value(Errc::unsupported_error_protection), Failure::unsupported,
     "error protection is not supported"},
    {value(Errc::reserved_sampling_frequency), Failure::malformed,
     "sampling frequency is reserved or 0"},
    {value(Errc::reserved_channel_configuration), Failure::malformed,
     "channel configuration is reserved"},
    {value(Errc::no_channels), Failure::malformed, "no channels"},
    {value(Errc::no_sync_word), Failure::malformed, "not an ADTS header"},
    {value(Errc::bad_frame_length), Failure::malformed, "frame is shorter than its header"},
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory category{"streamkit.aac", kEntries};
    return category;
}

}  // namespace streamkit::aac
