#include "streamkit/h264/avc_config.hpp"

#include "streamkit/h264/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::test;
using h264::AvcConfig;
using h264::Errc;

namespace {

const Bytes kMainSps = hex("674d401eeca05017fcb808800000030080000019078b16cb");
const Bytes kMainPps = hex("68ebe3cb20");
const Bytes kHighSps = hex("67640028acd94078044fde0220000003002000000643e2c5b2c0");
const Bytes kHighPps = hex("68fba3cb3002c0");

struct Case {
    const char* name;
    Bytes record;
    AvcConfig value;
    std::string codec_string;
};

// The first two are FFmpeg's, of x264's parameter sets.
const Case kCases[] = {
    {"Main",
     hex("01 4d401e"                                              // version, profile, level
         "ff e1"                                                  // 4-byte lengths, 1 SPS
         "0018 674d401eeca05017fcb808800000030080000019078b16cb"  // SPS
         "01 0005 68ebe3cb20"),                                   // PPS
     {0x4d, 0x40, 0x1e, 4, {kMainSps}, {kMainPps}, std::nullopt},
     "avc1.4d401e"},
    {"High, with the fields that follow there",
     hex("01 640028 ff e1"
         "001a 67640028acd94078044fde0220000003002000000643e2c5b2c0"
         "01 0007 68fba3cb3002c0"
         "fd f8 f8 00"),  // chroma_format 1, 8 bits, 8 bits, no SPS extension
     {0x64, 0x00, 0x28, 4, {kHighSps}, {kHighPps}, h264::AvcHighProfileFields{1, 8, 8, {}}},
     "avc1.640028"},
    {"High, without them, as many encoders write it",
     hex("01 640028 ff e1"
         "001a 67640028acd94078044fde0220000003002000000643e2c5b2c0"
         "01 0007 68fba3cb3002c0"),
     {0x64, 0x00, 0x28, 4, {kHighSps}, {kHighPps}, std::nullopt},
     "avc1.640028"},
    {"High 10, two-byte lengths, two SPS, two PPS, an SPS extension",
     hex("01 6e0028 fd e2"
         "0003 676e00 0003 676e01"
         "02 0002 68ee 0001 68"
         "fd fa fa 01 0002 6d80"),
     {0x6e,
      0x00,
      0x28,
      2,
      {hex("676e00"), hex("676e01")},
      {hex("68ee"), hex("68")},
      h264::AvcHighProfileFields{1, 10, 10, {hex("6d80")}}},
     "avc1.6e0028"},
};

}  // namespace

TEST_CASE("a configuration record is read and written", "[h264][avcC]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto config = AvcConfig::parse(c.record);
        REQUIRE(config);
        CHECK(*config == c.value);
        CHECK(c.value.write() == c.record);
        CHECK(codec_string(*config) == c.codec_string);
    }
}

TEST_CASE("a cut configuration record is refused, up to the fields that may be absent",
          "[h264][avcC]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        auto without = c.value;
        without.high_profile.reset();
        const auto required = without.write().size();
        every_truncation(c.record, [&](BytesView prefix) {
            const auto config = AvcConfig::parse(prefix);
            if (prefix.size() >= required) {
                REQUIRE(config);
                CHECK(*config == without);
            } else {
                REQUIRE_FALSE(config);
                CHECK(config.error().code == Errc::truncated);
            }
        });
    }
}

TEST_CASE("reserved bits and bytes behind the record are passed over", "[h264][avcC]") {
    // Reserved bits 0, as some hardware encoders write them; two bytes too many.
    const auto config = AvcConfig::parse(hex("01 42001e 03 01 0002 6742 01 0001 68 0000"));
    REQUIRE(config);
    CHECK(config->nal_length_size == 4);
    CHECK(config->sps == std::vector<Bytes>{hex("6742")});
    CHECK_FALSE(config->high_profile);
}

TEST_CASE("a wrong configuration record is refused by name", "[h264][avcC]") {
    struct Refusal {
        const char* name;
        Bytes record;
        Errc errc;
    };
    const Refusal refusals[] = {
        {"version", hex("00 42001e ff e1 0001 67 00"), Errc::unsupported_version},
        {"three-byte lengths", hex("01 42001e fe e1 0001 67 00"), Errc::bad_nal_length_size},
        {"no SPS", hex("01 42001e ff e0 01 0001 68"), Errc::no_parameter_sets},
        {"an SPS that is none", hex("01 42001e ff e1 0001 68 00"), Errc::wrong_nal_unit_type},
        {"an empty SPS", hex("01 42001e ff e1 0000 00"), Errc::wrong_nal_unit_type},
        {"Annex B instead of a record", hex("00000001 6742001e"), Errc::truncated},
    };
    for (const auto& refusal : refusals) {
        INFO(refusal.name);
        const auto config = AvcConfig::parse(refusal.record);
        REQUIRE_FALSE(config);
        CHECK(config.error().code == refusal.errc);
    }
}

TEST_CASE("a configuration record is made of parameter sets", "[h264][avcC]") {
    const auto main = AvcConfig::from_parameter_sets({kMainSps}, {kMainPps});
    REQUIRE(main);
    CHECK(*main == kCases[0].value);
    const auto high = AvcConfig::from_parameter_sets({kHighSps}, {kHighPps});
    REQUIRE(high);
    CHECK(*high == kCases[1].value);
    CHECK(AvcConfig::from_parameter_sets({}, {kMainPps}).error().code == Errc::no_parameter_sets);
    CHECK(AvcConfig::from_parameter_sets({32, kMainSps}, {}).error().code ==
          Errc::value_out_of_range);
    CHECK(AvcConfig::from_parameter_sets({kMainSps}, {Bytes(65536)}).error().code ==
          Errc::bad_nal_length_size);
    CHECK_FALSE(AvcConfig::from_parameter_sets({hex("67")}, {}));
}
