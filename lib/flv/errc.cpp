#include "streamkit/flv/errc.hpp"

#include "streamkit/base/error.hpp"

namespace streamkit::flv {
namespace {

constexpr int value(Errc errc) { return static_cast<int>(errc); }

constexpr ErrorEntry kEntries[] = {
    {value(Errc::not_flv), Failure::malformed, "not an FLV file"},
    {value(Errc::unsupported_version), Failure::unsupported, "file version is not 1"},
    {value(Errc::bad_data_offset), Failure::malformed, "length of the file header is impossible"},
    {value(Errc::reserved_bits_set), Failure::malformed, "no tag begins here"},
    {value(Errc::encrypted_tag), Failure::unsupported, "tag is encrypted"},
    {value(Errc::tag_too_large), Failure::limit_exceeded, "tag is longer than the limit"},
    {value(Errc::truncated_tag), Failure::malformed, "tag is shorter than its header"},
    {value(Errc::unknown_frame_type), Failure::malformed, "frame type is not 1 to 5"},
    {value(Errc::bad_multitrack), Failure::malformed, "impossible Multitrack packet"},
    {value(Errc::config_too_large), Failure::limit_exceeded,
     "sequence header is longer than the limit"},
    {value(Errc::unsupported_codec), Failure::unsupported, "FLV has no code for this codec"},
    {value(Errc::unknown_track), Failure::protocol_violation, "track was not announced"},
    {value(Errc::too_many_tracks), Failure::limit_exceeded, "more tracks than the limit"},
    {value(Errc::composition_time_out_of_range), Failure::malformed,
     "composition time does not fit into 24 bits"},
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory category{"streamkit.flv", kEntries};
    return category;
}

}  // namespace streamkit::flv
