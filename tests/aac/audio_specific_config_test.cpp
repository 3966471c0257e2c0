#include "streamkit/aac/audio_specific_config.hpp"

#include <string>

#include "streamkit/aac/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::test;
using namespace streamkit::aac;

namespace {

AudioSpecificConfig config(AudioObjectType object_type, std::uint32_t sampling_frequency,
                           std::uint8_t channel_configuration) {
    AudioSpecificConfig value;
    value.object_type = object_type;
    value.sampling_frequency = sampling_frequency;
    value.channel_configuration = channel_configuration;
    return value;
}

AudioSpecificConfig he_aac(std::uint32_t core, std::uint8_t channels, SbrConfig sbr) {
    auto value = config(AudioObjectType::aac_lc, core, channels);
    value.sbr = sbr;
    return value;
}

AudioSpecificConfig with_program_config() {
    auto value = config(AudioObjectType::aac_lc, 48000, 0);
    auto& element = value.program_config.emplace();
    element.sampling_frequency_index = 3;
    element.front = {{false, 0}, {true, 0}};
    element.back = {{true, 1}};
    element.lfe = {0};
    element.matrix_mixdown = {2, true};
    element.comment = text("51");
    return value;
}

AudioSpecificConfig low_delay() {
    auto value = config(AudioObjectType::er_aac_ld, 48000, 1);
    value.frame_length_flag = true;
    value.extension_flag = true;
    value.resilience_flags = 5;
    value.ep_config = 1;
    return value;
}

AudioSpecificConfig scalable() {
    auto value = config(AudioObjectType::aac_scalable, 44100, 2);
    value.core_coder_delay = 0x1234;
    value.layer_nr = 3;
    return value;
}

struct Case {
    const char* name;
    Bytes bytes;  // as we write it
    AudioSpecificConfig value;
    std::uint32_t sample_rate;
    std::uint32_t channels;
    std::uint32_t samples_per_frame;
    std::string codec_string;
};

constexpr auto kHierarchical = SbrConfig::Signalling::hierarchical;
constexpr auto kBackwardCompatible = SbrConfig::Signalling::backward_compatible;

const Case kCases[] = {
    // 00010 0100 0010 0 0 0: type 2, 44.1 kHz, stereo, 1024 samples
    {"AAC-LC 44.1 kHz stereo, as OBS and FFmpeg send it", hex("1210"),
     config(AudioObjectType::aac_lc, 44100, 2), 44100, 2, 1024, "mp4a.40.2"},
    {"AAC-LC 48 kHz 5.1", hex("11b0"), config(AudioObjectType::aac_lc, 48000, 6), 48000, 6, 1024,
     "mp4a.40.2"},
    {"AAC-LC 48 kHz 7.1", hex("11b8"), config(AudioObjectType::aac_lc, 48000, 7), 48000, 8, 1024,
     "mp4a.40.2"},
    // 00010 0011 0001 1 0 0: frameLengthFlag
    {"AAC-LC 48 kHz mono, 960 samples a frame", hex("118c"),
     [] {
         auto value = config(AudioObjectType::aac_lc, 48000, 1);
         value.frame_length_flag = true;
         return value;
     }(),
     48000, 1, 960, "mp4a.40.2"},
    // 00010 1111 000000000011111010010001 0001 000: samplingFrequencyIndex 15, 16017 Hz
    {"a sampling frequency of its own", hex("1780 1f48 88"),
     config(AudioObjectType::aac_lc, 16017, 1), 16017, 1, 1024, "mp4a.40.2"},
    // 00101 0110 0010 0011 00010 000: type 5, 24 kHz, stereo, 48 kHz, type 2
    {"HE-AAC, hierarchical", hex("2b118800"), he_aac(24000, 2, {kHierarchical, 48000, false}),
     48000, 2, 1024, "mp4a.40.5"},
    // 11101 0110 0001 0011 00010 000: type 29, 24 kHz, mono, 48 kHz, type 2
    {"HE-AAC v2, hierarchical", hex("eb098800"), he_aac(24000, 1, {kHierarchical, 48000, true}),
     48000, 2, 1024, "mp4a.40.29"},
    // 00010 0111 0010 000 | 01010110111 00101 1 0100: 0x2b7, type 5, present, 44.1 kHz
    {"HE-AAC, backward compatible", hex("1390 56e5 a0"),
     he_aac(22050, 2, {kBackwardCompatible, 44100, false}), 44100, 2, 1024, "mp4a.40.5"},
    // … 10101001000 1: 0x548, psPresentFlag
    {"HE-AAC v2, backward compatible", hex("1388 56e5 a548 80"),
     he_aac(22050, 1, {kBackwardCompatible, 44100, true}), 44100, 2, 1024, "mp4a.40.29"},
    {"channels by a program_config_element",
     hex("1180"       // type 2, 48 kHz, channelConfiguration 0, 000; then the element:
         "04c8 0500"  // tag 0, profile 1, index 3, 2 front, 0 side, 1 back, 1 LFE, no data
         "68 2110"    // matrix mixdown 2 and 1; front 0 and pair 0, back pair 1, LFE 0
         "02 3531"),  // comment "51"
     with_program_config(), 48000, 6, 1024, "mp4a.40.2"},
    {"ER AAC LD, 480 samples a frame", hex("b98da4"), low_delay(), 48000, 1, 480, "mp4a.40.23"},
    {"AAC scalable, with a core coder", hex("3212 91a1 80"), scalable(), 44100, 2, 1024,
     "mp4a.40.6"},
};

}  // namespace

TEST_CASE("an AudioSpecificConfig is read and written", "[aac][asc]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        CHECK(c.value.write() == c.bytes);
        const auto value = AudioSpecificConfig::parse(c.bytes);
        REQUIRE(value);
        CHECK(*value == c.value);
        CHECK(value->sample_rate() == c.sample_rate);
        CHECK(value->channels() == c.channels);
        CHECK(value->samples_per_frame() == c.samples_per_frame);
        CHECK(codec_string(*value) == c.codec_string);
    }
}

TEST_CASE("a cut AudioSpecificConfig is refused, or is that of the core alone", "[aac][asc]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        auto core = c.value;
        if (core.sbr && core.sbr->signalling == kBackwardCompatible) core.sbr.reset();
        auto without_ps = c.value;
        if (without_ps.sbr) without_ps.sbr->parametric_stereo = false;
        every_truncation(c.bytes, [&](BytesView prefix) {
            const auto value = AudioSpecificConfig::parse(prefix);
            if (value) {
                CHECK((*value == core || *value == without_ps));
            } else {
                CHECK(value.error().code == Errc::truncated);
            }
        });
    }
}

TEST_CASE("what stands behind an AudioSpecificConfig is passed over", "[aac][asc]") {
    const auto plain = config(AudioObjectType::aac_lc, 44100, 2);
    const Bytes configs[] = {
        hex("1210 56e500"),  // FFmpeg: syncExtensionType with sbrPresentFlag 0
        hex("1210 000000"),  // padding
        hex("1210 56"),      // half a sync word
        hex("1210 ffff ffff"),
    };
    for (const auto& bytes : configs) {
        const auto value = AudioSpecificConfig::parse(bytes);
        REQUIRE(value);
        CHECK(*value == plain);
    }
}

TEST_CASE("a wrong AudioSpecificConfig is refused by name", "[aac][asc]") {
    struct Refusal {
        const char* name;
        Bytes bytes;
        Errc errc;
    };
    const Refusal refusals[] = {
        {"nothing", {}, Errc::truncated},
        {"object type 0", hex("0210"), Errc::unsupported_object_type},
        {"ALS, by the escape: 31 and 4", hex("f8902000"), Errc::unsupported_object_type},
        {"USAC, by the escape: 31 and 10", hex("f9484000"), Errc::unsupported_object_type},
        {"SBR on SBR", hex("2b119400"), Errc::unsupported_object_type},
        {"reserved frequency index 13", hex("1690"), Errc::reserved_sampling_frequency},
        {"a frequency of 0", hex("1780 0000 0800"), Errc::reserved_sampling_frequency},
        {"reserved extension frequency", hex("2b170800"), Errc::reserved_sampling_frequency},
        {"reserved channelConfiguration 15", hex("1278"), Errc::reserved_channel_configuration},
        {"a program without channels", hex("1200 04c0 0000 0000 00"), Errc::no_channels},
        {"epConfig 2", hex("b98880"), Errc::unsupported_error_protection},
    };
    for (const auto& refusal : refusals) {
        INFO(refusal.name);
        const auto value = AudioSpecificConfig::parse(refusal.bytes);
        CHECK_FALSE(value);
        if (!value) CHECK(value.error().code == refusal.errc);
    }
}
