#include "streamkit/flv/muxer.hpp"

#include "samples.hpp"
#include "streamkit/flv/demuxer.hpp"
#include "streamkit/flv/errc.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::test;
using namespace streamkit::flv;

namespace {

Bytes joined(const std::vector<SharedBuffer>& slices) {
    Bytes out;
    for (const auto& slice : slices)
        out.insert(out.end(), slice.view().begin(), slice.view().end());
    return out;
}

}  // namespace

TEST_CASE("a file header says what is inside", "[flv][muxer]") {
    CHECK(Muxer{}.header() == shared(hex("464c56 01 05 00000009 00000000")));
    CHECK(Muxer{{.has_audio = false}}.header() == shared(hex("464c56 01 01 00000009 00000000")));
    CHECK(Muxer{{.has_video = false}}.header() == shared(hex("464c56 01 04 00000009 00000000")));
}

TEST_CASE("a tag has its header, its body and its size", "[flv][muxer]") {
    Muxer muxer;
    REQUIRE(muxer.write(aac_track()));
    const auto event = packet(2, 0x101020304, 0x101020304, true, hex("2110"));
    const auto slices = muxer.write(event);
    REQUIRE(slices);
    CHECK(joined(*slices) == hex("08"           // TagType
                                 "000004"       // DataSize
                                 "020304 01"    // Timestamp, TimestampExtended: 32 bits, wrapped
                                 "000000"       // StreamID
                                 "af 01 2110"   // body
                                 "0000000f"));  // PreviousTagSize
    REQUIRE(slices->size() == 3);
    CHECK((*slices)[1].data() == event.payload.data());
}

TEST_CASE("what is written is read again", "[flv][muxer]") {
    const std::vector<MediaEvent> events = {
        Metadata{"onMetaData", {0, 1000}, shared(hex("05"))},
        h264_track(),
        aac_track(),
        packet(1, 0, 80, true, hex("00000001 65")),
        packet(2, 21, 21, true, hex("2110")),
        packet(1, 40, 0, false, hex("00000001 41")),
        EndOfStream{},
    };
    Muxer muxer;
    Demuxer demuxer;
    REQUIRE(demuxer.handle_input(muxer.header()));
    for (const auto& event : events) {
        const auto slices = muxer.write(event);
        REQUIRE(slices);
        for (const auto& slice : *slices)
            REQUIRE(demuxer.handle_input(slice));
    }
    REQUIRE(demuxer.finish());
    CHECK(drain(demuxer) == events);
    CHECK(demuxer.stats() == DemuxerStats{.tags = 6});
}

TEST_CASE("a tag of more than 24 bits of size is refused", "[flv][muxer]") {
    Muxer muxer;
    REQUIRE(muxer.write(aac_track()));
    CHECK(muxer.write(packet(2, 0, 0, true, Bytes(0xfffffd))));
    CHECK(muxer.write(packet(2, 0, 0, true, Bytes(0xfffffe))).error().code == Errc::tag_too_large);
}
