#pragma once

// AVCDecoderConfigurationRecord ("avcC"), ISO/IEC 14496-15, 5.3.3.1.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::h264 {

/// The fields that follow the parameter sets where the profile is High or above.
struct AvcHighProfileFields {
    std::uint8_t chroma_format = 1;
    std::uint8_t bit_depth_luma = 8;
    std::uint8_t bit_depth_chroma = 8;
    std::vector<Bytes> sps_extensions;

    friend bool operator==(const AvcHighProfileFields&, const AvcHighProfileFields&) = default;
};

/// What a decoder must know before the first sample: the parameter sets, and how long the lengths
/// in front of the NAL units are.
struct AvcConfig {
    std::uint8_t profile_indication = 0;
    std::uint8_t profile_compatibility = 0;
    std::uint8_t level_indication = 0;
    std::size_t nal_length_size = 4;                   ///< 1, 2 or 4
    std::vector<Bytes> sps;                            ///< whole NAL units; 1 to 31
    std::vector<Bytes> pps;                            ///< whole NAL units; 0 to 255
    std::optional<AvcHighProfileFields> high_profile;  ///< many writers leave it out

    /// Reads a record. Reserved bits and bytes behind the record are passed over, as other readers
    /// do.
    ///
    /// @return `Errc::truncated`, `Errc::unsupported_version`, `Errc::bad_nal_length_size`,
    ///         `Errc::no_parameter_sets`, or `Errc::wrong_nal_unit_type`
    static Result<AvcConfig> parse(BytesView record);

    /// A record of these parameter sets, with lengths of four bytes.
    ///
    /// @param sps  whole NAL units; the first gives profile and level
    /// @return an error of `Sps::parse`, `Errc::no_parameter_sets`, `Errc::value_out_of_range` (more
    ///         than 31 SPS or 255 PPS) or `Errc::bad_nal_length_size` (one above 65535 bytes)
    static Result<AvcConfig> from_parameter_sets(std::vector<Bytes> sps, std::vector<Bytes> pps);

    [[nodiscard]] Bytes write() const;

    friend bool operator==(const AvcConfig&, const AvcConfig&) = default;
};

/// "avc1.64001f": RFC 6381, 3.3.
[[nodiscard]] std::string codec_string(const AvcConfig& config);

}  // namespace streamkit::h264
