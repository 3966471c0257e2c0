#include "streamkit/h264/sps.hpp"

#include "streamkit/base/bit_reader.hpp"
#include "streamkit/h264/errc.hpp"
#include "streamkit/h264/nal_unit.hpp"
#include "vui.hpp"

namespace streamkit::h264 {
namespace {

// 7.4.2.1.1
constexpr std::uint32_t kMaxSeqParameterSetId = 31;
constexpr std::uint32_t kMaxChromaFormatIdc = 3;
constexpr std::uint32_t kMaxBitDepthMinus8 = 6;
constexpr std::uint32_t kMaxLog2MaxFrameNumMinus4 = 12;
constexpr std::uint32_t kMaxLog2MaxPicOrderCntLsbMinus4 = 12;
constexpr std::uint32_t kMaxPicOrderCntType = 2;
constexpr std::uint32_t kMaxRefFramesInPicOrderCntCycle = 255;
constexpr std::uint32_t kMaxNumRefFrames = 16;

using List4x4 = std::array<std::uint8_t, 16>;
using List8x8 = std::array<std::uint8_t, 64>;

// Table 7-3
constexpr List4x4 kDefault4x4Intra = {6,  13, 13, 20, 20, 20, 28, 28,
                                      28, 28, 32, 32, 32, 37, 37, 42};
constexpr List4x4 kDefault4x4Inter = {10, 14, 14, 20, 20, 20, 24, 24,
                                      24, 24, 27, 27, 27, 30, 30, 34};
// Table 7-4
constexpr List8x8 kDefault8x8Intra = {
    6,  10, 10, 13, 11, 13, 16, 16, 16, 16, 18, 18, 18, 18, 18, 23, 23, 23, 23, 23, 23, 25,
    25, 25, 25, 25, 25, 25, 27, 27, 27, 27, 27, 27, 27, 27, 29, 29, 29, 29, 29, 29, 29, 31,
    31, 31, 31, 31, 31, 33, 33, 33, 33, 33, 36, 36, 36, 36, 38, 38, 38, 40, 40, 42};
constexpr List8x8 kDefault8x8Inter = {
    9,  13, 13, 15, 13, 15, 17, 17, 17, 17, 19, 19, 19, 19, 19, 21, 21, 21, 21, 21, 21, 22,
    22, 22, 22, 22, 22, 22, 24, 24, 24, 24, 24, 24, 24, 24, 25, 25, 25, 25, 25, 25, 25, 27,
    27, 27, 27, 27, 27, 28, 28, 28, 28, 28, 30, 30, 30, 30, 32, 32, 32, 33, 33, 35};

// 7.3.2.1.1: the profiles whose parameter sets say the chroma format and may hold scaling lists.
constexpr bool has_chroma_fields(std::uint8_t profile_idc) {
    switch (profile_idc) {
        case 100:  // High
        case 110:  // High 10
        case 122:  // High 4:2:2
        case 244:  // High 4:4:4 Predictive
        case 44:   // CAVLC 4:4:4 Intra
        case 83:   // Scalable Baseline
        case 86:   // Scalable High
        case 118:  // Multiview High
        case 128:  // Stereo High
        case 138:  // Multiview Depth High
        case 139:  // Enhanced Multiview Depth High
        case 134:  // MFC High
        case 135:  // MFC Depth High
            return true;
        default:
            return false;
    }
}

// scaling_list(), 7.3.2.1.1.1
template <std::size_t N>
Result<void> read_scaling_list(BitReader& in, std::array<std::uint8_t, N>& list,
                               const std::array<std::uint8_t, N>& default_list) {
    std::int32_t last_scale = 8;
    std::int32_t next_scale = 8;
    for (std::size_t i = 0; i < N; ++i) {
        if (next_scale != 0) {
            const auto delta_scale = in.se();
            if (delta_scale < -128 || delta_scale > 127) {
                return Error{Errc::value_out_of_range, "delta_scale", in.offset()};
            }
            next_scale = (last_scale + delta_scale + 256) % 256;
            if (i == 0 && next_scale == 0) {  // UseDefaultScalingMatrixFlag
                list = default_list;
                return {};
            }
        }
        if (next_scale != 0) last_scale = next_scale;
        list[i] = static_cast<std::uint8_t>(last_scale);
    }
    return {};
}

// A list that is absent is the default for the first intra and the first inter list, and equal to
// the list of the same kind before it for the others (table 7-2, fall-back rule set A).
Result<ScalingMatrix> read_scaling_matrix(BitReader& in, std::uint32_t chroma_format_idc) {
    ScalingMatrix matrix;
    auto& lists_4x4 = matrix.lists_4x4;
    for (std::size_t i = 0; i < lists_4x4.size(); ++i) {
        const auto& default_list = i < 3 ? kDefault4x4Intra : kDefault4x4Inter;
        if (in.flag()) {  // seq_scaling_list_present_flag
            STREAMKIT_TRY(read_scaling_list(in, lists_4x4[i], default_list));
        } else {
            lists_4x4[i] = i % 3 == 0 ? default_list : lists_4x4[i - 1];
        }
    }
    auto& lists_8x8 = matrix.lists_8x8;
    for (std::size_t i = 0; i < lists_8x8.size(); ++i) {
        const auto& default_list = i % 2 == 0 ? kDefault8x8Intra : kDefault8x8Inter;
        const bool transmitted = i < 2 || chroma_format_idc == 3;
        if (transmitted && in.flag()) {
            STREAMKIT_TRY(read_scaling_list(in, lists_8x8[i], default_list));
        } else {
            lists_8x8[i] = i < 2 ? default_list : lists_8x8[i - 2];
        }
    }
    return matrix;
}

Result<void> read_chroma_fields(BitReader& in, Sps& sps) {
    sps.chroma_format_idc = in.ue();
    if (sps.chroma_format_idc > kMaxChromaFormatIdc) {
        return Error{Errc::value_out_of_range, "chroma_format_idc", in.offset()};
    }
    if (sps.chroma_format_idc == 3) sps.separate_colour_plane_flag = in.flag();
    const auto bit_depth_luma_minus8 = in.ue();
    const auto bit_depth_chroma_minus8 = in.ue();
    if (bit_depth_luma_minus8 > kMaxBitDepthMinus8 ||
        bit_depth_chroma_minus8 > kMaxBitDepthMinus8) {
        return Error{Errc::value_out_of_range, "bit_depth", in.offset()};
    }
    sps.bit_depth_luma = bit_depth_luma_minus8 + 8;
    sps.bit_depth_chroma = bit_depth_chroma_minus8 + 8;
    sps.qpprime_y_zero_transform_bypass_flag = in.flag();
    if (in.flag()) {  // seq_scaling_matrix_present_flag
        auto matrix = read_scaling_matrix(in, sps.chroma_format_idc);
        STREAMKIT_TRY(matrix);
        sps.scaling_matrix = *matrix;
    }
    return {};
}

Result<void> read_pic_order_cnt(BitReader& in, Sps& sps) {
    sps.pic_order_cnt_type = in.ue();
    if (sps.pic_order_cnt_type > kMaxPicOrderCntType) {
        return Error{Errc::value_out_of_range, "pic_order_cnt_type", in.offset()};
    }
    if (sps.pic_order_cnt_type == 0) {
        const auto log2_max_pic_order_cnt_lsb_minus4 = in.ue();
        if (log2_max_pic_order_cnt_lsb_minus4 > kMaxLog2MaxPicOrderCntLsbMinus4) {
            return Error{Errc::value_out_of_range, "log2_max_pic_order_cnt_lsb_minus4",
                         in.offset()};
        }
        sps.log2_max_pic_order_cnt_lsb = log2_max_pic_order_cnt_lsb_minus4 + 4;
    } else if (sps.pic_order_cnt_type == 1) {
        sps.delta_pic_order_always_zero_flag = in.flag();
        sps.offset_for_non_ref_pic = in.se();
        sps.offset_for_top_to_bottom_field = in.se();
        const auto num_ref_frames_in_pic_order_cnt_cycle = in.ue();
        if (num_ref_frames_in_pic_order_cnt_cycle > kMaxRefFramesInPicOrderCntCycle) {
            return Error{Errc::value_out_of_range, "num_ref_frames_in_pic_order_cnt_cycle",
                         in.offset()};
        }
        sps.offsets_for_ref_frame.resize(num_ref_frames_in_pic_order_cnt_cycle);
        for (auto& offset : sps.offsets_for_ref_frame)
            offset = in.se();
    }
    return {};
}

// How many luma samples one unit of the cropping offsets stands for (7-19 to 7-22).
struct CropUnit {
    std::uint32_t x;
    std::uint32_t y;
};

CropUnit crop_unit(const Sps& sps) {
    const auto chroma_array_type = sps.separate_colour_plane_flag ? 0 : sps.chroma_format_idc;
    const std::uint32_t sub_width_c = chroma_array_type == 1 || chroma_array_type == 2 ? 2 : 1;
    const std::uint32_t sub_height_c = chroma_array_type == 1 ? 2 : 1;
    return {sub_width_c, sub_height_c * (sps.frame_mbs_only_flag ? 1 : 2)};
}

std::uint32_t coded_width(const Sps& sps) { return sps.pic_width_in_mbs * 16; }

std::uint32_t coded_height(const Sps& sps) {
    return sps.pic_height_in_map_units * 16 * (sps.frame_mbs_only_flag ? 1 : 2);
}

Result<void> read_picture_size(BitReader& in, Sps& sps) {
    const auto pic_width_in_mbs_minus1 = in.ue();
    const auto pic_height_in_map_units_minus1 = in.ue();
    sps.frame_mbs_only_flag = in.flag();
    if (!sps.frame_mbs_only_flag) sps.mb_adaptive_frame_field_flag = in.flag();
    sps.direct_8x8_inference_flag = in.flag();
    if (in.flag()) {  // frame_cropping_flag
        sps.frame_cropping.left = in.ue();
        sps.frame_cropping.right = in.ue();
        sps.frame_cropping.top = in.ue();
        sps.frame_cropping.bottom = in.ue();
    }
    if (!in.ok()) return Error{Errc::truncated, "seq_parameter_set_data", in.offset()};
    if (pic_width_in_mbs_minus1 >= kMaxMacroblocksPerSide ||
        pic_height_in_map_units_minus1 >= kMaxMacroblocksPerSide) {
        return Error{Errc::picture_too_large, "pic_width_in_mbs_minus1", in.offset()};
    }
    sps.pic_width_in_mbs = pic_width_in_mbs_minus1 + 1;
    sps.pic_height_in_map_units = pic_height_in_map_units_minus1 + 1;

    const auto unit = crop_unit(sps);
    const auto& crop = sps.frame_cropping;
    if ((std::uint64_t{crop.left} + crop.right) * unit.x >= coded_width(sps) ||
        (std::uint64_t{crop.top} + crop.bottom) * unit.y >= coded_height(sps)) {
        return Error{Errc::cropping_too_large, "frame_crop_offset", in.offset()};
    }
    return {};
}

}  // namespace

Result<Sps> Sps::parse(BytesView nal_unit) {
    if (nal_unit.empty()) return Error{Errc::truncated, "nal_unit_header"};
    if (nal_unit_type(nal_unit) != NalUnitType::sps) {
        return Error{Errc::wrong_nal_unit_type, "nal_unit_type"};
    }
    const auto rbsp = remove_emulation_prevention(nal_unit);
    BitReader in{rbsp};
    in.skip(8);  // forbidden_zero_bit, nal_ref_idc, nal_unit_type

    Sps sps;
    sps.profile_idc = static_cast<std::uint8_t>(in.u(8));
    sps.constraint_set_flags = static_cast<std::uint8_t>(in.u(8));
    sps.level_idc = static_cast<std::uint8_t>(in.u(8));
    sps.seq_parameter_set_id = in.ue();
    if (sps.seq_parameter_set_id > kMaxSeqParameterSetId) {
        return Error{Errc::value_out_of_range, "seq_parameter_set_id", in.offset()};
    }
    if (has_chroma_fields(sps.profile_idc)) STREAMKIT_TRY(read_chroma_fields(in, sps));
    const auto log2_max_frame_num_minus4 = in.ue();
    if (log2_max_frame_num_minus4 > kMaxLog2MaxFrameNumMinus4) {
        return Error{Errc::value_out_of_range, "log2_max_frame_num_minus4", in.offset()};
    }
    sps.log2_max_frame_num = log2_max_frame_num_minus4 + 4;
    STREAMKIT_TRY(read_pic_order_cnt(in, sps));
    sps.max_num_ref_frames = in.ue();
    if (sps.max_num_ref_frames > kMaxNumRefFrames) {
        return Error{Errc::value_out_of_range, "max_num_ref_frames", in.offset()};
    }
    sps.gaps_in_frame_num_value_allowed_flag = in.flag();
    STREAMKIT_TRY(read_picture_size(in, sps));
    if (in.flag()) {  // vui_parameters_present_flag
        auto vui = read_vui(in);
        STREAMKIT_TRY(vui);
        sps.vui = *std::move(vui);
    }
    if (!in.ok()) return Error{Errc::truncated, "seq_parameter_set_data", in.offset()};
    return sps;
}

std::uint32_t Sps::width() const noexcept {
    return coded_width(*this) - (frame_cropping.left + frame_cropping.right) * crop_unit(*this).x;
}

std::uint32_t Sps::height() const noexcept {
    return coded_height(*this) - (frame_cropping.top + frame_cropping.bottom) * crop_unit(*this).y;
}

double Sps::frame_rate() const noexcept {
    if (!vui || !vui->timing || vui->timing->num_units_in_tick == 0) return 0;
    return vui->timing->time_scale / (2.0 * vui->timing->num_units_in_tick);
}

}  // namespace streamkit::h264
