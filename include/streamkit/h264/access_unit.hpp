#pragma once

// What a sample says of itself: can decoding begin here?

#include <cstddef>
#include <cstdint>
#include <optional>

#include "streamkit/base/bytes.hpp"

namespace streamkit::h264 {

/// Stream access points, ISO/IEC 14496-12, Annex I. H.264 has no type 2.
enum class SapType : std::uint8_t {
    none = 0,
    idr = 1,       ///< type 1: all that follows can be decoded
    open_gop = 3,  ///< type 3: pictures shown before this one may not be decodable
    gradual = 4,   ///< type 4: the picture is right only some frames later
};

/// The recovery point SEI message, ITU-T H.264, D.1.8.
struct RecoveryPoint {
    std::uint32_t recovery_frame_cnt = 0;
    bool exact_match_flag = false;
    bool broken_link_flag = false;

    friend bool operator==(const RecoveryPoint&, const RecoveryPoint&) = default;
};

/// What stands in one sample.
struct AccessUnit {
    bool has_idr_slice = false;
    bool has_slice = false;           ///< any slice
    bool has_parameter_sets = false;  ///< SPS or PPS in band
    bool well_formed = true;          ///< false: a length exceeds the sample
    std::optional<RecoveryPoint> recovery_point = std::nullopt;

    [[nodiscard]] SapType sap_type() const noexcept;

    friend bool operator==(const AccessUnit&, const AccessUnit&) = default;
};

/// Looks at the headers of a sample's NAL units and at its SEI messages.
///
/// @param nal_length_size  1, 2 or 4, as `AvcConfig` says
[[nodiscard]] AccessUnit inspect_access_unit(BytesView sample, std::size_t nal_length_size);

/// Whether a sample holds an IDR picture.
[[nodiscard]] bool is_idr(BytesView sample, std::size_t nal_length_size) noexcept;

}  // namespace streamkit::h264
