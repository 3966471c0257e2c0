#include "streamkit/cmaf/errc.hpp"

#include <array>

#include "streamkit/base/error.hpp"

namespace streamkit::cmaf {
namespace {

constexpr int code(Errc errc) { return static_cast<int>(errc); }

constexpr std::array kErrors{
    ErrorEntry{code(Errc::discontinuity), Failure::protocol_violation,
               "the media does not go on where it was; a new presentation must begin"},
    ErrorEntry{code(Errc::finished), Failure::closed, "the presentation has ended"},
    ErrorEntry{code(Errc::unsupported_codec), Failure::unsupported, "the codec cannot be packaged"},
    ErrorEntry{code(Errc::malformed_codec_config), Failure::malformed,
               "the codec's configuration cannot be read"},
    ErrorEntry{code(Errc::too_many_tracks), Failure::unsupported,
               "there is a track of this kind already"},
    ErrorEntry{code(Errc::event_too_large), Failure::limit_exceeded,
               "the message of the event is too long"},
    ErrorEntry{code(Errc::event_id_taken), Failure::protocol_violation,
               "an event with this id was scheduled before"},
    ErrorEntry{code(Errc::event_time_out_of_range), Failure::malformed,
               "the event begins before the presentation, or is too far away"},
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory instance{"streamkit.cmaf", kErrors};
    return instance;
}

}  // namespace streamkit::cmaf
