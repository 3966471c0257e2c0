#pragma once

// Error codes of the module `flv`.

#include <system_error>

namespace streamkit::flv {

/// What can go wrong in FLV tags, tag bodies and files.
enum class Errc {
    not_flv = 1,          ///< the input does not begin with "FLV"
    unsupported_version,  ///< a file version other than 1
    bad_data_offset,      ///< DataOffset is shorter than the header, or absurdly long
    reserved_bits_set,    ///< reserved bits of a tag header are not 0: not at a tag
    encrypted_tag,        ///< the Filter flag: the body is encrypted
    tag_too_large,        ///< DataSize is above the limit
    truncated_tag,        ///< a body is shorter than its own header
    unknown_frame_type,   ///< FrameType is not one of 1 to 5
    bad_multitrack,       ///< a Multitrack packet inside one, or an unknown AvMultitrackType
    config_too_large,     ///< a sequence header is above the limit
    unsupported_codec,    ///< FLV has no code for this codec
    unknown_track,        ///< a packet of a track that was not announced
    too_many_tracks,      ///< more tracks of one kind than the limit
    composition_time_out_of_range,  ///< pts - dts does not fit into SI24
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::flv

template <>
struct std::is_error_code_enum<streamkit::flv::Errc> : std::true_type {};
