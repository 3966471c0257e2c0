#include "streamkit/h264/access_unit.hpp"

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::test;
using h264::AccessUnit;
using h264::RecoveryPoint;
using h264::SapType;

namespace {

struct Case {
    const char* name;
    Bytes sample;
    AccessUnit value;
    SapType sap_type;
};

const Case kCases[] = {
    {"an IDR picture",
     hex("00000002 0910 00000002 6588"),
     {.has_idr_slice = true, .has_slice = true},
     SapType::idr},
    {"an IDR picture behind parameter sets and SEI",
     hex("00000002 6742 00000002 68ce 00000005 06 05 01 aa 80 00000002 6588"),
     {.has_idr_slice = true, .has_slice = true, .has_parameter_sets = true},
     SapType::idr},
    {"an I picture of an open GOP, as x264 marks it",
     hex("00000005 06"  // SEI
         "06 01 c4"     // recovery_point: recovery_frame_cnt 0, exact match, no broken link
         "80"           // rbsp_trailing_bits
         "00000002 4188"),
     {.has_slice = true, .recovery_point = RecoveryPoint{0, true, false}},
     SapType::open_gop},
    {"gradual decoding refresh, behind another SEI message",
     hex("0000000b 06"
         "ff 01 02 aabb"  // payloadType 256, 2 bytes
         "06 02 1610"     // recovery_point: recovery_frame_cnt 10, neither flag
         "80"             // rbsp_trailing_bits
         "00000002 4188"),
     {.has_slice = true, .recovery_point = RecoveryPoint{10, false, false}},
     SapType::gradual},
    {"a P picture", hex("00000002 419a"), {.has_slice = true}, SapType::none},
    {"no slice at all", hex("00000002 0910"), {}, SapType::none},
    {"a recovery point without a slice",
     hex("00000005 06 0601c4 80"),
     {.recovery_point = RecoveryPoint{0, true, false}},
     SapType::none},
    {"an SEI message that is cut off",
     hex("00000004 06 06 09 80 00000002 419a"),
     {.has_slice = true},
     SapType::none},
    {"a length beyond the sample",
     hex("00000002 419a 00000009 65"),
     {.has_slice = true, .well_formed = false},
     SapType::none},
};

}  // namespace

TEST_CASE("a sample says whether decoding can begin there", "[h264][access unit]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto unit = h264::inspect_access_unit(c.sample, 4);
        CHECK(unit == c.value);
        CHECK(unit.sap_type() == c.sap_type);
        CHECK(h264::is_idr(c.sample, 4) == c.value.has_idr_slice);
    }
}

TEST_CASE("a cut sample is no trouble", "[h264][access unit]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        every_truncation(c.sample, [&](BytesView prefix) {
            const auto unit = h264::inspect_access_unit(prefix, 4);
            CHECK((!unit.has_idr_slice || c.value.has_idr_slice));
        });
    }
}
