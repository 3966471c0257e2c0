#include "streamkit/h264/nal_unit.hpp"

#include <vector>

#include "streamkit/h264/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::test;
using namespace streamkit::h264;

namespace {

template <class Reader>
std::vector<Bytes> all_of(Reader& reader) {
    std::vector<Bytes> nal_units;
    while (const auto nal_unit = reader.next())
        nal_units.emplace_back(nal_unit->begin(), nal_unit->end());
    return nal_units;
}

}  // namespace

TEST_CASE("a sample's NAL units stand behind their lengths", "[h264][nal]") {
    struct Case {
        const char* name;
        Bytes sample;
        std::size_t nal_length_size;
        std::vector<Bytes> nal_units;
        bool ok;
    };
    const Case cases[] = {
        {"four bytes", hex("00000002 0910  00000001 65"), 4, {hex("0910"), hex("65")}, true},
        {"two bytes", hex("0002 0910  0001 65"), 2, {hex("0910"), hex("65")}, true},
        {"one byte", hex("02 0910  01 65"), 1, {hex("0910"), hex("65")}, true},
        {"empty NAL units are passed over", hex("0000 0000 0001 65 0000"), 2, {hex("65")}, true},
        {"nothing", {}, 4, {}, true},
        {"a length beyond the sample", hex("0001 65 0003 4142"), 2, {hex("65")}, false},
        {"half a length", hex("00000001 65 0000"), 4, {hex("65")}, false},
        {"the largest length", hex("ffffffff 65"), 4, {}, false},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        NalUnitReader reader{c.sample, c.nal_length_size};
        CHECK(all_of(reader) == c.nal_units);
        CHECK(reader.ok() == c.ok);
    }
}

TEST_CASE("a byte stream's NAL units stand between start codes", "[h264][nal]") {
    struct Case {
        const char* name;
        Bytes stream;
        std::vector<Bytes> nal_units;
    };
    const Case cases[] = {
        {"three-byte start codes", hex("000001 0910 000001 65"), {hex("0910"), hex("65")}},
        {"four-byte start codes", hex("00000001 0910 00000001 65"), {hex("0910"), hex("65")}},
        {"trailing zeros", hex("000001 65 0000"), {hex("65")}},
        {"leading bytes are passed over", hex("ff00 000001 65"), {hex("65")}},
        {"an empty NAL unit", hex("000001 000001 65"), {hex("65")}},
        {"no start code", hex("0000 65"), {}},
        {"nothing", {}, {}},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        AnnexBReader reader{c.stream};
        CHECK(all_of(reader) == c.nal_units);
    }
}

TEST_CASE("a byte stream becomes a sample", "[h264][nal]") {
    const auto sample = annex_b_to_length_prefixed(hex("00000001 0910 000001 65"));
    REQUIRE(sample);
    CHECK(*sample == hex("00000002 0910 00000001 65"));

    const auto none = annex_b_to_length_prefixed(hex("00000002 0910"));
    REQUIRE_FALSE(none);
    CHECK(none.error().code == Errc::no_start_code);
}

TEST_CASE("emulation prevention is removed", "[h264][nal]") {
    CHECK(remove_emulation_prevention(hex("67 000003 01")) == hex("67 0000 01"));
    CHECK(remove_emulation_prevention(hex("67 000003 000003 03")) == hex("67 0000 0000 03"));
    CHECK(remove_emulation_prevention(hex("67 0003 00000003")) == hex("67 0003 000000"));
    CHECK(remove_emulation_prevention(hex("0000")) == hex("0000"));
    CHECK(remove_emulation_prevention({}).empty());
}

TEST_CASE("the NAL unit type is in the low five bits", "[h264][nal]") {
    CHECK(nal_unit_type(hex("67")) == NalUnitType::sps);
    CHECK(nal_unit_type(hex("27")) == NalUnitType::sps);
    CHECK(nal_unit_type(hex("65")) == NalUnitType::slice_idr);
    CHECK(nal_unit_type({}) == NalUnitType{0});
}
