#include "vui.hpp"

#include <array>

#include "streamkit/h264/errc.hpp"

namespace streamkit::h264 {
namespace {

constexpr std::uint32_t kExtendedSar = 255;
constexpr std::uint32_t kMaxCpbCount = 32;  // E.2.2: cpb_cnt_minus1 is 0 to 31

struct SampleAspectRatio {
    std::uint16_t width;
    std::uint16_t height;
};

// Table E-1, by aspect_ratio_idc.
constexpr std::array<SampleAspectRatio, 17> kSampleAspectRatios = {{{0, 0},
                                                                    {1, 1},
                                                                    {12, 11},
                                                                    {10, 11},
                                                                    {16, 11},
                                                                    {40, 33},
                                                                    {24, 11},
                                                                    {20, 11},
                                                                    {32, 11},
                                                                    {80, 33},
                                                                    {18, 11},
                                                                    {15, 11},
                                                                    {64, 33},
                                                                    {160, 99},
                                                                    {4, 3},
                                                                    {3, 2},
                                                                    {2, 1}}};

void read_aspect_ratio(BitReader& in, Vui& vui) {
    const auto aspect_ratio_idc = in.u(8);
    if (aspect_ratio_idc == kExtendedSar) {
        vui.sar_width = static_cast<std::uint16_t>(in.u(16));
        vui.sar_height = static_cast<std::uint16_t>(in.u(16));
    } else if (aspect_ratio_idc < kSampleAspectRatios.size()) {  // else reserved: unspecified
        vui.sar_width = kSampleAspectRatios[aspect_ratio_idc].width;
        vui.sar_height = kSampleAspectRatios[aspect_ratio_idc].height;
    }
}

VideoSignalType read_video_signal_type(BitReader& in) {
    VideoSignalType type;
    type.video_format = static_cast<std::uint8_t>(in.u(3));
    type.video_full_range_flag = in.flag();
    if (in.flag()) {  // colour_description_present_flag
        auto& description = type.colour_description.emplace();
        description.colour_primaries = static_cast<std::uint8_t>(in.u(8));
        description.transfer_characteristics = static_cast<std::uint8_t>(in.u(8));
        description.matrix_coefficients = static_cast<std::uint8_t>(in.u(8));
    }
    return type;
}

// E.1.2
Result<HrdParameters> read_hrd(BitReader& in) {
    HrdParameters hrd;
    const auto cpb_cnt_minus1 = in.ue();
    if (cpb_cnt_minus1 >= kMaxCpbCount) {
        return Error{Errc::value_out_of_range, "cpb_cnt_minus1", in.offset()};
    }
    hrd.bit_rate_scale = static_cast<std::uint8_t>(in.u(4));
    hrd.cpb_size_scale = static_cast<std::uint8_t>(in.u(4));
    hrd.buffers.resize(cpb_cnt_minus1 + 1);
    for (auto& buffer : hrd.buffers) {
        buffer.bit_rate_value_minus1 = in.ue();
        buffer.cpb_size_value_minus1 = in.ue();
        buffer.cbr_flag = in.flag();
    }
    hrd.initial_cpb_removal_delay_length_minus1 = static_cast<std::uint8_t>(in.u(5));
    hrd.cpb_removal_delay_length_minus1 = static_cast<std::uint8_t>(in.u(5));
    hrd.dpb_output_delay_length_minus1 = static_cast<std::uint8_t>(in.u(5));
    hrd.time_offset_length = static_cast<std::uint8_t>(in.u(5));
    return hrd;
}

BitstreamRestriction read_bitstream_restriction(BitReader& in) {
    BitstreamRestriction restriction;
    restriction.motion_vectors_over_pic_boundaries_flag = in.flag();
    restriction.max_bytes_per_pic_denom = in.ue();
    restriction.max_bits_per_mb_denom = in.ue();
    restriction.log2_max_mv_length_horizontal = in.ue();
    restriction.log2_max_mv_length_vertical = in.ue();
    restriction.max_num_reorder_frames = in.ue();
    restriction.max_dec_frame_buffering = in.ue();
    return restriction;
}

}  // namespace

Result<Vui> read_vui(BitReader& in) {
    Vui vui;
    if (in.flag()) {  // aspect_ratio_info_present_flag
        read_aspect_ratio(in, vui);
    }
    if (in.flag()) {  // overscan_info_present_flag
        vui.overscan_appropriate = in.flag();
    }
    if (in.flag()) {  // video_signal_type_present_flag
        vui.video_signal_type = read_video_signal_type(in);
    }
    if (in.flag()) {  // chroma_loc_info_present_flag
        auto& location = vui.chroma_location.emplace();
        location.top_field = in.ue();
        location.bottom_field = in.ue();
    }
    if (in.flag()) {  // timing_info_present_flag
        auto& timing = vui.timing.emplace();
        timing.num_units_in_tick = in.u(32);
        timing.time_scale = in.u(32);
        timing.fixed_frame_rate_flag = in.flag();
    }
    if (in.flag()) {  // nal_hrd_parameters_present_flag
        auto hrd = read_hrd(in);
        STREAMKIT_TRY(hrd);
        vui.nal_hrd = *std::move(hrd);
    }
    if (in.flag()) {  // vcl_hrd_parameters_present_flag
        auto hrd = read_hrd(in);
        STREAMKIT_TRY(hrd);
        vui.vcl_hrd = *std::move(hrd);
    }
    if (vui.nal_hrd || vui.vcl_hrd) vui.low_delay_hrd_flag = in.flag();
    vui.pic_struct_present_flag = in.flag();
    if (in.flag()) {  // bitstream_restriction_flag
        vui.bitstream_restriction = read_bitstream_restriction(in);
    }
    return vui;
}

}  // namespace streamkit::h264
