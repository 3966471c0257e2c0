#include "streamkit/h264/sps.hpp"

#include <string>

#include "bit_string.hpp"
#include "streamkit/h264/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::test;
using h264::Errc;
using h264::Sps;

namespace {

struct Case {
    const char* name;
    Bytes nal_unit;
    int profile_idc;
    int level_idc;
    std::uint32_t width;
    std::uint32_t height;
    double frame_rate;
};

// The values of x264's are those of FFmpeg's trace_headers; the clips were made with
// `ffmpeg -f lavfi -i testsrc2=s=<size>:r=<rate> -c:v libx264 -profile:v <profile>`.
const Case kCases[] = {
    {"x264, Constrained Baseline, 640x360p30",
     hex("6742c01ed900a02ff970110000030001000003003c0f162e48"), 66, 30, 640, 360, 30},
    {"x264, Main, 640x360p25", hex("674d401eeca05017fcb808800000030080000019078b16cb"), 77, 30, 640,
     360, 25},
    {"x264, High, 1920x1080p29.97 cropped from 1088, with HRD parameters",
     hex("67640028acd940780227e5c04400000fa40003a981898003d090007a13930c01e30632c0"), 100, 40, 1920,
     1080, 30000 / 1001.0},
    {"x264, High, 1920x1080i25, MBAFF: cropping counts in units of four lines",
     hex("67640028acd94078044fde0220000003002000000643e2c5b2c0"), 100, 40, 1920, 1080, 25},
    {"x264, High 4:4:4 Predictive, 638x358p50: cropping counts in units of one sample",
     hex("67f4001f919b281405fdc5ffe0598077a2000003000200000300c81e30632c"), 244, 31, 638, 358, 50},
    {"x264, High 4:2:2 10 bits, 638x358p60: cropping counts in units of two columns, one line",
     hex("677a001fb6cd940a02fea2f016e0202028000003000800000303c078c18cb0"), 122, 31, 638, 358, 60},
    {"x264, High monochrome, 322x182p24",
     hex("6764000df365054678f8bc05b2000003000200000300601e28532c"), 100, 13, 322, 182, 24},
    {"Apple VideoToolbox, High, 1920x1080, no timing", hex("27640028ac56807802 27e59a80808081"),
     100, 40, 1920, 1080, 0},
    {"Android (Qualcomm), Baseline, 1280x720, VUI without timing",
     hex("6742801fda014016e806d0a135"), 66, 31, 1280, 720, 0},
};

// The fields in front of the picture size, of profile High.
BitString high_profile_head() {
    BitString bits;
    bits.u(8, 0x67).u(8, 100).u(8, 0).u(8, 40);
    return bits.ue(0);  // seq_parameter_set_id
}

BitString& tail(BitString& bits, std::uint32_t width_in_mbs = 40,
                std::uint32_t height_in_mbs = 30) {
    bits.ue(1).u(1, 0);  // max_num_ref_frames, gaps_in_frame_num_value_allowed_flag
    bits.ue(width_in_mbs - 1).ue(height_in_mbs - 1);
    return bits.u(1, 1).u(1, 1).u(1, 0).u(1, 0);  // frame_mbs_only, direct_8x8, cropping, VUI
}

}  // namespace

TEST_CASE("an SPS gives profile, level, size and frame rate", "[h264][sps]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto sps = Sps::parse(c.nal_unit);
        REQUIRE(sps);
        CHECK(sps->profile_idc == c.profile_idc);
        CHECK(sps->level_idc == c.level_idc);
        CHECK(sps->width() == c.width);
        CHECK(sps->height() == c.height);
        CHECK(sps->frame_rate() == Approx(c.frame_rate));
    }
}

TEST_CASE("a cut SPS is refused or lacks trailing bits only", "[h264][sps]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto whole = Sps::parse(c.nal_unit);
        REQUIRE(whole);
        every_truncation(c.nal_unit, [&](BytesView prefix) {
            const auto sps = Sps::parse(prefix);
            if (sps) {
                CHECK(*sps == *whole);
            } else {
                CHECK(sps.error().code == Errc::truncated);
            }
        });
    }
}

TEST_CASE("an SPS of High with HRD parameters is read in full", "[h264][sps]") {
    const auto sps = Sps::parse(kCases[2].nal_unit);
    REQUIRE(sps);
    Sps expected;
    expected.profile_idc = 100;
    expected.level_idc = 40;
    expected.log2_max_pic_order_cnt_lsb = 6;
    expected.max_num_ref_frames = 4;
    expected.pic_width_in_mbs = 120;
    expected.pic_height_in_map_units = 68;
    expected.direct_8x8_inference_flag = true;
    expected.frame_cropping.bottom = 4;
    auto& vui = expected.vui.emplace();
    vui.sar_width = 1;
    vui.sar_height = 1;
    vui.timing = {1001, 60000, false};
    auto& hrd = vui.nal_hrd.emplace();
    hrd.bit_rate_scale = 1;
    hrd.cpb_size_scale = 3;
    hrd.buffers = {{15624, 15624, true}};  // 2 Mbit/s, 2 Mbit
    hrd.initial_cpb_removal_delay_length_minus1 = 18;
    hrd.cpb_removal_delay_length_minus1 = 12;
    hrd.dpb_output_delay_length_minus1 = 6;
    vui.bitstream_restriction = {true, 0, 0, 11, 11, 2, 4};
    CHECK(sps->vui->nal_hrd == expected.vui->nal_hrd);
    CHECK(*sps == expected);
}

TEST_CASE("an SPS of High 4:2:2 gives bit depth, chroma format and colours", "[h264][sps]") {
    const auto sps = Sps::parse(kCases[5].nal_unit);
    REQUIRE(sps);
    CHECK(sps->chroma_format_idc == 2);
    CHECK(sps->bit_depth_luma == 10);
    CHECK(sps->bit_depth_chroma == 10);
    REQUIRE(sps->vui);
    h264::VideoSignalType type;
    type.video_full_range_flag = true;
    type.colour_description = {1, 1, 1};  // BT.709
    CHECK(sps->vui->video_signal_type == type);
}

TEST_CASE("an SPS gives an extended sample aspect ratio", "[h264][sps]") {
    const auto sps = Sps::parse(kCases[4].nal_unit);
    REQUIRE(sps);
    REQUIRE(sps->vui);
    CHECK(sps->vui->sar_width == 716);
    CHECK(sps->vui->sar_height == 957);
}

TEST_CASE("scaling lists are read, with their defaults and fall-backs", "[h264][sps]") {
    auto bits = high_profile_head();
    bits.ue(1).ue(0).ue(0).u(1, 0);  // chroma_format_idc, bit depths, transform bypass
    bits.u(1, 1);                    // seq_scaling_matrix_present_flag
    bits.u(1, 1);                    // list 0: 9, 10 and 10 for the rest
    bits.se(1).se(1).se(-10);        // the last value is repeated once nextScale is 0
    bits.u(1, 0);                    // list 1: as list 0
    bits.u(1, 1).se(-8);             // list 2: the default
    bits.u(1, 0);                    // list 3: the default (fall-back rule A)
    bits.u(1, 1).se(8);              // list 4: 16 ...
    for (int i = 1; i < 16; ++i)
        bits.se(0);
    bits.u(1, 0);                // list 5: as list 4
    bits.u(1, 0);                // list 6: the default
    bits.u(1, 1).se(-1).se(-7);  // list 7: 7 for all
    bits.ue(0).ue(0).ue(0);      // frame_num, pic_order_cnt_type 0, its length
    const auto sps = Sps::parse(tail(bits).rbsp());
    REQUIRE(sps);
    CHECK(sps->width() == 640);
    REQUIRE(sps->scaling_matrix);
    const auto& lists = sps->scaling_matrix->lists_4x4;
    CHECK(lists[0] == std::array<std::uint8_t, 16>{9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
                                                   10, 10, 10, 10});
    CHECK(lists[1] == lists[0]);
    CHECK(lists[2][0] == 6);
    CHECK(lists[2][15] == 42);
    CHECK(lists[3][0] == 10);
    CHECK(lists[3][15] == 34);
    CHECK(lists[4][0] == 16);
    CHECK(lists[4][15] == 16);
    CHECK(lists[5] == lists[4]);
    const auto& lists_8x8 = sps->scaling_matrix->lists_8x8;
    CHECK(lists_8x8[0][0] == 6);
    CHECK(lists_8x8[0][63] == 42);
    CHECK(lists_8x8[1][0] == 7);
    CHECK(lists_8x8[1][63] == 7);
}

TEST_CASE("4:4:4 has twelve scaling lists", "[h264][sps]") {
    BitString bits;
    bits.u(8, 0x67).u(8, 244).u(8, 0).u(8, 40).ue(0);
    bits.ue(3).u(1, 1);        // chroma_format_idc, separate_colour_plane_flag
    bits.ue(6).ue(6).u(1, 1);  // bit depths of 14, transform bypass
    bits.u(1, 1).u(12, 0);     // no list is transmitted
    bits.ue(12).ue(2);         // log2_max_frame_num_minus4, pic_order_cnt_type 2
    const auto sps = Sps::parse(tail(bits).rbsp());
    REQUIRE(sps);
    CHECK(sps->separate_colour_plane_flag);
    CHECK(sps->bit_depth_luma == 14);
    CHECK(sps->log2_max_frame_num == 16);
    CHECK(sps->pic_order_cnt_type == 2);
    CHECK(sps->height() == 480);
    CHECK(sps->scaling_matrix->lists_8x8[5][63] == 35);
}

TEST_CASE("pic_order_cnt_type 1 has a cycle of offsets", "[h264][sps]") {
    BitString bits;
    bits.u(8, 0x67).u(8, 77).u(8, 0x40).u(8, 30).ue(31);
    bits.ue(0).ue(1);                 // log2_max_frame_num_minus4, pic_order_cnt_type
    bits.u(1, 1).se(-3).se(5).ue(2);  // always zero, two offsets, two frames in the cycle
    bits.se(2).se(-2147483647);
    const auto sps = Sps::parse(tail(bits).rbsp());
    REQUIRE(sps);
    CHECK(sps->seq_parameter_set_id == 31);
    CHECK(sps->delta_pic_order_always_zero_flag);
    CHECK(sps->offset_for_non_ref_pic == -3);
    CHECK(sps->offset_for_top_to_bottom_field == 5);
    CHECK(sps->offsets_for_ref_frame == std::vector<std::int32_t>{2, -2147483647});
}

TEST_CASE("an SPS with an impossible value is refused by name", "[h264][sps]") {
    struct Refusal {
        Bytes nal_unit;
        Errc errc;
        std::string what;
    };
    const auto head = [] { return high_profile_head().ue(1).ue(0).ue(0).u(2, 0); };
    const Refusal refusals[] = {
        {hex("6842"), Errc::wrong_nal_unit_type, "nal_unit_type"},
        {BitString{}.u(8, 0x67).u(24, 0x42001e).ue(32).rbsp(), Errc::value_out_of_range,
         "seq_parameter_set_id"},
        {high_profile_head().ue(4).rbsp(), Errc::value_out_of_range, "chroma_format_idc"},
        {high_profile_head().ue(1).ue(7).ue(0).rbsp(), Errc::value_out_of_range, "bit_depth"},
        {high_profile_head().ue(1).ue(0).ue(0).u(3, 3).se(-129).rbsp(), Errc::value_out_of_range,
         "delta_scale"},
        {head().ue(13).rbsp(), Errc::value_out_of_range, "log2_max_frame_num_minus4"},
        {head().ue(0).ue(3).rbsp(), Errc::value_out_of_range, "pic_order_cnt_type"},
        {head().ue(0).ue(0).ue(13).rbsp(), Errc::value_out_of_range,
         "log2_max_pic_order_cnt_lsb_minus4"},
        {head().ue(0).ue(1).u(1, 0).se(0).se(0).ue(256).rbsp(), Errc::value_out_of_range,
         "num_ref_frames_in_pic_order_cnt_cycle"},
        {head().ue(0).ue(2).ue(17).rbsp(), Errc::value_out_of_range, "max_num_ref_frames"},
        {head().ue(0).ue(2).ue(1).u(1, 0).ue(1055).ue(1).u(4, 8).rbsp(), Errc::picture_too_large,
         "pic_width_in_mbs_minus1"},
        {head().ue(0).ue(2).ue(1).u(1, 0).ue(0).ue(0xfffffffe - 1).u(4, 8).rbsp(),
         Errc::picture_too_large, "pic_width_in_mbs_minus1"},
        // 16x16, cropped by 2 * (4 + 4) columns
        {head()
             .ue(0)
             .ue(2)
             .ue(1)
             .u(1, 0)
             .ue(0)
             .ue(0)
             .u(3, 7)
             .ue(4)
             .ue(4)
             .ue(0)
             .ue(0)
             .u(1, 0)
             .rbsp(),
         Errc::cropping_too_large, "frame_crop_offset"},
        {head()
             .ue(0)
             .ue(2)
             .ue(1)
             .u(1, 0)
             .ue(0)
             .ue(0)
             .u(3, 7)
             .ue(0)
             .ue(0)
             .ue(0xfffffffe - 1)
             .ue(7)
             .u(1, 0)
             .rbsp(),
         Errc::cropping_too_large, "frame_crop_offset"},
        {hex("67640028 00000000 00"), Errc::truncated, ""},
    };
    for (const auto& refusal : refusals) {
        INFO(refusal.what);
        const auto sps = Sps::parse(refusal.nal_unit);
        REQUIRE_FALSE(sps);
        CHECK(sps.error().code == refusal.errc);
        if (!refusal.what.empty()) CHECK(sps.error().what == refusal.what);
    }
}

TEST_CASE("a VUI with too many coded picture buffers is refused", "[h264][sps]") {
    BitString bits;
    bits.u(8, 0x67).u(24, 0x42001e).ue(0).ue(0).ue(2).ue(1).u(1, 0).ue(39).ue(29);
    bits.u(4, 0b1101);  // frame_mbs_only, direct_8x8, no cropping, VUI
    bits.u(5, 0);       // no aspect ratio, overscan, signal type, chroma location, timing
    bits.u(1, 1).ue(32);
    const auto sps = Sps::parse(bits.rbsp());
    REQUIRE_FALSE(sps);
    CHECK(sps.error().code == Errc::value_out_of_range);
    CHECK(std::string{sps.error().what} == "cpb_cnt_minus1");
}
