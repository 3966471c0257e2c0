#pragma once

// The sequence parameter set, ITU-T H.264, 7.3.2.1.1 and Annex E.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::h264 {

// No level allows more macroblocks in a row or column: sqrt(8 * MaxFS) of level 6.2, table A-1.
inline constexpr std::uint32_t kMaxMacroblocksPerSide = 1055;

/// Scaling lists after fall-back rule set A (table 7-2), in the order of their transmission.
struct ScalingMatrix {
    std::array<std::array<std::uint8_t, 16>, 6> lists_4x4{};
    std::array<std::array<std::uint8_t, 64>, 6> lists_8x8{};  ///< the last four only where 4:4:4

    friend bool operator==(const ScalingMatrix&, const ScalingMatrix&) = default;
};

/// One coded picture buffer of the hypothetical reference decoder, E.1.2.
struct CodedPictureBuffer {
    std::uint32_t bit_rate_value_minus1 = 0;
    std::uint32_t cpb_size_value_minus1 = 0;
    bool cbr_flag = false;

    friend bool operator==(const CodedPictureBuffer&, const CodedPictureBuffer&) = default;
};

/// E.1.2.
struct HrdParameters {
    std::uint8_t bit_rate_scale = 0;
    std::uint8_t cpb_size_scale = 0;
    std::vector<CodedPictureBuffer> buffers;  ///< 1 to 32, one per SchedSelIdx
    std::uint8_t initial_cpb_removal_delay_length_minus1 = 0;
    std::uint8_t cpb_removal_delay_length_minus1 = 0;
    std::uint8_t dpb_output_delay_length_minus1 = 0;
    std::uint8_t time_offset_length = 0;

    friend bool operator==(const HrdParameters&, const HrdParameters&) = default;
};

// The parts of the VUI, E.1.1; what is absent has the value that E.2.1 infers.

struct ColourDescription {
    std::uint8_t colour_primaries = 2;
    std::uint8_t transfer_characteristics = 2;
    std::uint8_t matrix_coefficients = 2;

    friend bool operator==(const ColourDescription&, const ColourDescription&) = default;
};

struct VideoSignalType {
    std::uint8_t video_format = 5;
    bool video_full_range_flag = false;
    std::optional<ColourDescription> colour_description;

    friend bool operator==(const VideoSignalType&, const VideoSignalType&) = default;
};

struct ChromaLocation {
    std::uint32_t top_field = 0;
    std::uint32_t bottom_field = 0;

    friend bool operator==(const ChromaLocation&, const ChromaLocation&) = default;
};

struct TimingInfo {
    std::uint32_t num_units_in_tick = 0;
    std::uint32_t time_scale = 0;
    bool fixed_frame_rate_flag = false;

    friend bool operator==(const TimingInfo&, const TimingInfo&) = default;
};

struct BitstreamRestriction {
    bool motion_vectors_over_pic_boundaries_flag = true;
    std::uint32_t max_bytes_per_pic_denom = 2;
    std::uint32_t max_bits_per_mb_denom = 1;
    std::uint32_t log2_max_mv_length_horizontal = 15;
    std::uint32_t log2_max_mv_length_vertical = 15;
    std::uint32_t max_num_reorder_frames = 0;
    std::uint32_t max_dec_frame_buffering = 0;

    friend bool operator==(const BitstreamRestriction&, const BitstreamRestriction&) = default;
};

/// Video usability information, E.1.1.
struct Vui {
    std::uint16_t sar_width = 0;   ///< of aspect_ratio_idc or Extended_SAR; 0: unspecified
    std::uint16_t sar_height = 0;  ///< 0: unspecified
    std::optional<bool> overscan_appropriate;
    std::optional<VideoSignalType> video_signal_type;
    std::optional<ChromaLocation> chroma_location;
    std::optional<TimingInfo> timing;
    std::optional<HrdParameters> nal_hrd;
    std::optional<HrdParameters> vcl_hrd;
    bool low_delay_hrd_flag = false;
    bool pic_struct_present_flag = false;
    std::optional<BitstreamRestriction> bitstream_restriction;

    friend bool operator==(const Vui&, const Vui&) = default;
};

/// A sequence parameter set; what is absent has the value that 7.4.2.1.1 infers.
struct Sps {
    /// In units of the chroma format: see `width()`.
    struct FrameCropping {
        std::uint32_t left = 0;
        std::uint32_t right = 0;
        std::uint32_t top = 0;
        std::uint32_t bottom = 0;

        friend bool operator==(const FrameCropping&, const FrameCropping&) = default;
    };

    std::uint8_t profile_idc = 0;
    std::uint8_t constraint_set_flags = 0;  ///< constraint_set0_flag in the highest bit
    std::uint8_t level_idc = 0;
    std::uint32_t seq_parameter_set_id = 0;

    std::uint32_t chroma_format_idc = 1;  ///< 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4
    bool separate_colour_plane_flag = false;
    std::uint32_t bit_depth_luma = 8;
    std::uint32_t bit_depth_chroma = 8;
    bool qpprime_y_zero_transform_bypass_flag = false;
    std::optional<ScalingMatrix> scaling_matrix;

    std::uint32_t log2_max_frame_num = 4;
    std::uint32_t pic_order_cnt_type = 0;
    std::uint32_t log2_max_pic_order_cnt_lsb = 4;     ///< pic_order_cnt_type 0
    bool delta_pic_order_always_zero_flag = false;    ///< pic_order_cnt_type 1
    std::int32_t offset_for_non_ref_pic = 0;          ///< pic_order_cnt_type 1
    std::int32_t offset_for_top_to_bottom_field = 0;  ///< pic_order_cnt_type 1
    std::vector<std::int32_t> offsets_for_ref_frame;  ///< pic_order_cnt_type 1, at most 255

    std::uint32_t max_num_ref_frames = 0;
    bool gaps_in_frame_num_value_allowed_flag = false;
    std::uint32_t pic_width_in_mbs = 0;
    std::uint32_t pic_height_in_map_units = 0;
    bool frame_mbs_only_flag = true;
    bool mb_adaptive_frame_field_flag = false;
    bool direct_8x8_inference_flag = false;
    FrameCropping frame_cropping;
    std::optional<Vui> vui;

    /// Reads a whole NAL unit, emulation prevention included.
    ///
    /// @return `Errc::wrong_nal_unit_type`, `Errc::truncated`, `Errc::value_out_of_range`,
    ///         `Errc::picture_too_large` or `Errc::cropping_too_large`; offsets are those of the
    ///         bytes without emulation prevention
    static Result<Sps> parse(BytesView nal_unit);

    /// Luma samples of a frame after cropping.
    [[nodiscard]] std::uint32_t width() const noexcept;
    [[nodiscard]] std::uint32_t height() const noexcept;

    /// Frames per second by the VUI's timing, of two fields each; 0 if it has none.
    [[nodiscard]] double frame_rate() const noexcept;

    friend bool operator==(const Sps&, const Sps&) = default;
};

}  // namespace streamkit::h264
