#include "streamkit/flv/demuxer.hpp"

#include <variant>

#include "samples.hpp"
#include "streamkit/flv/errc.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::test;
using namespace streamkit::flv;

namespace {

const Bytes kFileHeader =
    hex("464c56"      // Signature
        "01"          // Version
        "05"          // TypeFlagsAudio, TypeFlagsVideo
        "00000009"    // DataOffset
        "00000000");  // PreviousTagSize0

Bytes big_endian(std::uint32_t value, int bytes) {
    Bytes out;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        out.push_back(static_cast<std::uint8_t>(value >> shift));
    }
    return out;
}

// A tag with its PreviousTagSize.
Bytes tag(std::uint8_t type, std::uint32_t timestamp, const Bytes& body) {
    const auto size = static_cast<std::uint32_t>(body.size());
    return concat({big_endian(type, 1), big_endian(size, 3), big_endian(timestamp & 0xffffff, 3),
                   big_endian(timestamp >> 24, 1), hex("000000"), body, big_endian(size + 11, 4)});
}

Bytes avc_header_tag() { return tag(9, 0, concat({hex("17 00 000000"), kAvcConfig})); }
Bytes aac_header_tag() { return tag(8, 0, concat({hex("af 00"), kAacConfig})); }

// One of everything.
Bytes small_file() {
    return concat({kFileHeader, tag(18, 0, concat({hex("02 000a"), text("onMetaData"), hex("05")})),
                   avc_header_tag(), aac_header_tag(), tag(9, 40, hex("17 01 000028 00000001 65")),
                   tag(15, 40, hex("00")),  // AMF3 data: not ours
                   tag(8, 42, hex("af 01 2110")), tag(9, 80, {}), tag(9, 80, hex("17 02 000000"))});
}

std::vector<MediaEvent> small_file_events() {
    return {Metadata{"onMetaData", {0, 1000}, shared(hex("05"))},
            h264_track(),
            aac_track(),
            packet(1, 40, 80, true, hex("00000001 65")),
            packet(2, 42, 42, true, hex("2110")),
            EndOfStream{}};
}

}  // namespace

TEST_CASE("a file becomes events, wherever it is cut in two", "[flv][demuxer]") {
    const auto file = small_file();
    every_split(file, [&](BytesView first, BytesView second) {
        Demuxer demuxer;
        REQUIRE(demuxer.handle_input(first));
        REQUIRE(demuxer.handle_input(second));
        CHECK(demuxer.held_bytes() == 0);
        REQUIRE(demuxer.finish());
        CHECK(drain(demuxer) == small_file_events());
        CHECK(demuxer.stats() == DemuxerStats{.tags = 7, .unknown_tag_types = 1});
        CHECK(demuxer.tag_stats() == TagDemuxerStats{.empty_tags = 1, .sequence_ends = 1});
    });
}

TEST_CASE("a file becomes events, byte by byte", "[flv][demuxer]") {
    Demuxer demuxer;
    in_pieces(small_file(), 1, [&](BytesView piece) {
        REQUIRE(demuxer.handle_input(piece));
        CHECK(demuxer.held_bytes() < 70);
    });
    REQUIRE(demuxer.finish());
    CHECK(drain(demuxer) == small_file_events());
}

TEST_CASE("a file that is cut off ends with its last whole tag", "[flv][demuxer]") {
    const auto all = small_file_events();
    every_truncation(small_file(), [&](BytesView prefix) {
        Demuxer demuxer;
        REQUIRE(demuxer.handle_input(prefix));
        if (prefix.size() < 9) {
            CHECK(demuxer.finish().error().code == Errc::not_flv);
            return;
        }
        REQUIRE(demuxer.finish());
        auto events = drain(demuxer);
        REQUIRE_FALSE(events.empty());
        CHECK(std::holds_alternative<EndOfStream>(events.back()));
        events.pop_back();
        REQUIRE(events.size() < all.size());
        CHECK(std::equal(events.begin(), events.end(), all.begin()));
    });
}

TEST_CASE("a demuxer says whether the file ends inside a tag", "[flv][demuxer]") {
    struct Case {
        std::size_t missing;
        bool ends_inside_tag;
    };
    for (const Case c :
         {Case{0, false}, Case{4, false}, Case{5, true}, Case{9, true}, Case{10, true}}) {
        INFO(c.missing);
        const auto file = concat({kFileHeader, tag(9, 0, hex("17 02 000000"))});
        Demuxer demuxer;
        REQUIRE(demuxer.handle_input(BytesView{file}.first(file.size() - c.missing)));
        REQUIRE(demuxer.finish());
        CHECK(demuxer.stats().ends_inside_tag == c.ends_inside_tag);
    }
}

TEST_CASE("a wrong PreviousTagSize is tolerated and counted", "[flv][demuxer]") {
    auto file = concat({kFileHeader, avc_header_tag()});
    file.back() = 0;  // some recorders write DataSize, others 0
    file = concat({file, tag(9, 0, hex("17 01 000000 65"))});
    Demuxer demuxer;
    REQUIRE(demuxer.handle_input(file));
    CHECK(drain(demuxer).size() == 2);
    CHECK(demuxer.stats() == DemuxerStats{.tags = 2, .wrong_previous_tag_sizes = 1});
}

TEST_CASE("a longer file header is passed over", "[flv][demuxer]") {
    const auto file = concat({hex("464c56 01 05 0000000c aabbcc 00000000"), avc_header_tag()});
    every_split(file, [](BytesView first, BytesView second) {
        Demuxer demuxer;
        REQUIRE(demuxer.handle_input(first));
        REQUIRE(demuxer.handle_input(second));
        CHECK(drain(demuxer) == std::vector<MediaEvent>{h264_track()});
        CHECK(demuxer.stats() == DemuxerStats{.tags = 1});
    });
}

TEST_CASE("timestamps go on where their 32 bits end", "[flv][demuxer]") {
    struct Case {
        const char* name;
        std::vector<std::uint32_t> timestamps;
        std::vector<std::int64_t> unwrapped;
    };
    const Case cases[] = {
        {"beyond 24 bits", {0xffffff, 0x1000000}, {0xffffff, 0x1000000}},
        {"beyond 31 bits", {0x7ffffff0, 0x80000010}, {0x7ffffff0, 0x80000010}},
        {"beyond 32 bits, and back for a moment",
         {0xfffffff0, 16, 0xfffffff8, 32},
         {0xfffffff0, 0x100000010, 0xfffffff8, 0x100000020}},
        {"a start in the upper half", {0x90000000, 0x90000028}, {0x90000000, 0x90000028}},
        {"a jump back", {0x1000, 0}, {0x1000, 0}},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        Demuxer demuxer;
        REQUIRE(demuxer.handle_input(concat({kFileHeader, tag(18, 0, hex("02 0001 78"))})));
        // the sequence header comes with the first frame's time
        REQUIRE(
            demuxer.handle_input(tag(8, c.timestamps.front(), concat({hex("af 00"), kAacConfig}))));
        for (const auto timestamp : c.timestamps) {
            REQUIRE(demuxer.handle_input(tag(8, timestamp, hex("af 01 21"))));
        }
        std::vector<std::int64_t> unwrapped;
        for (const auto& event : drain(demuxer)) {
            if (const auto* p = std::get_if<Packet>(&event)) unwrapped.push_back(p->dts.ticks);
        }
        CHECK(unwrapped == c.unwrapped);
    }
}

TEST_CASE("what is no FLV is refused, with the place of the fault, for good", "[flv][demuxer]") {
    struct Refusal {
        const char* name;
        Bytes file;
        Error error;
    };
    const auto behind = [](const char* bytes) { return concat({kFileHeader, hex(bytes)}); };
    const Refusal refusals[] = {
        {"another format", text("\x1a\x45\xdf\xa3 WebM"), {Errc::not_flv, "Signature"}},
        {"version 2", hex("464c56 02 05 00000009"), {Errc::unsupported_version, "Version", 3}},
        {"DataOffset 8", hex("464c56 01 05 00000008"), {Errc::bad_data_offset, "DataOffset", 5}},
        {"DataOffset 2^31", hex("464c56 01 05 80000000"), {Errc::bad_data_offset, "DataOffset", 5}},
        {"reserved bits",
         behind("49 000001 000000 00 000000"),
         {Errc::reserved_bits_set, "TagType", 13}},
        {"an encrypted tag",
         behind("29 000001 000000 00 000000"),
         {Errc::encrypted_tag, "Filter", 13}},
        {"a tag above the limit",
         behind("09 000041 000000 00 000000"),
         {Errc::tag_too_large, "DataSize", 14}},
    };
    for (const auto& refusal : refusals) {
        INFO(refusal.name);
        Demuxer demuxer{{.max_tag_bytes = 64}};
        const auto result = demuxer.handle_input(refusal.file);
        REQUIRE_FALSE(result);
        CHECK(result.error() == refusal.error);
        CHECK(demuxer.handle_input(kFileHeader).error() == refusal.error);
        CHECK(demuxer.finish().error() == refusal.error);
        CHECK(drain(demuxer).empty());
    }
}
