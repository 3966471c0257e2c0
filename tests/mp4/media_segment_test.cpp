#include "streamkit/mp4/media_segment.hpp"

#include "streamkit/mp4/errc.hpp"
#include "streamkit/mp4/fragment_reader.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::mp4 {
namespace {

using test::hex;

constexpr auto kSync = SampleFlags::sync;
constexpr auto kDependent = SampleFlags::dependent;

struct Case {
    const char* name;
    TrackKind kind;
    std::vector<Sample> samples;
    Bytes bytes;
};

const Case kCases[] = {
    {"video: sync sample first, signed composition offsets",
     TrackKind::video,
     {{1000, 10, 0, kSync}, {1000, 3, 2000, kDependent}, {1000, 2, -1000, kDependent}},
     hex("0000007c 6d6f6f66"
         "  00000010 6d666864 00000000 00000009"    // mfhd
         "  00000064 74726166"                      // traf
         "    00000018 74666864 00020028 00000001"  // tfhd: defaults of duration, flags
         "      000003e8 01010000"
         "    00000014 74666474 01000000 0000000100000000"  // tfdt
         "    00000030 7472756e 01000a05 00000003"          // trun, version 1
         "      00000084"                                   // data_offset: behind the mdat header
         "      02000000"                                   // first_sample_flags
         "      0000000a 00000000"                          // sizes and offsets
         "      00000003 000007d0"
         "      00000002 fffffc18"
         "00000017 6d646174")},
    {"audio: everything but the size is common",
     TrackKind::audio,
     {{1024, 4, 0, kSync}, {1024, 5, 0, kSync}},
     hex("00000068 6d6f6f66"
         "  00000010 6d666864 00000000 00000009"
         "  00000050 74726166"
         "    00000018 74666864 00020028 00000001 00000400 02000000"
         "    00000014 74666474 01000000 0000000100000000"
         "    0000001c 7472756e 00000201 00000002 00000070 00000004 00000005"
         "00000011 6d646174")},
    {"durations, sizes and flags that all differ",
     TrackKind::video,
     {{1, 4, 0, kSync}, {2, 5, 0, kDependent}, {3, 6, 0, kSync}},
     hex("0000007c 6d6f6f66"
         "  00000010 6d666864 00000000 00000009"
         "  00000064 74726166"
         "    00000010 74666864 00020000 00000001"
         "    00000014 74666474 01000000 0000000100000000"
         "    00000038 7472756e 01000701 00000003 00000084"
         "      00000001 00000004 02000000"
         "      00000002 00000005 01010000"
         "      00000003 00000006 02000000"
         "00000017 6d646174")},
    {"one sample",
     TrackKind::audio,
     {{1024, 4, 0, kSync}},
     hex("00000064 6d6f6f66"
         "  00000010 6d666864 00000000 00000009"
         "  0000004c 74726166"
         "    0000001c 74666864 00020038 00000001 00000400 00000004 02000000"
         "    00000014 74666474 01000000 0000000100000000"
         "    00000014 7472756e 00000001 00000001 0000006c"
         "0000000c 6d646174")},
};

Bytes written(const Case& c) {
    ByteWriter out;
    write_chunk_header(out, {.sequence_number = 9,
                             .track_id = 1,
                             .kind = c.kind,
                             .base_media_decode_time = 0x100000000,
                             .samples = c.samples});
    return out.take();
}

TEST_CASE("a chunk header says what its samples share once", "[mp4][segment]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        CHECK(written(c) == c.bytes);
        CHECK(written(c).size() <= max_chunk_header_bytes(c.samples.size()));
    }
}

TEST_CASE("what a chunk header says is read back", "[mp4][segment]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto moof_size = c.bytes.size() - 8;
        const auto moof = BoxReader{BytesView{c.bytes}.first(moof_size)}.next().value().value();
        const auto fragment = read_fragment(moof).value();
        CHECK(fragment.sequence_number == 9);
        CHECK(fragment.track_id == 1);
        CHECK(fragment.base_media_decode_time == 0x100000000);
        REQUIRE(fragment.samples.size() == c.samples.size());
        auto data_offset = c.bytes.size();
        for (std::size_t i = 0; i < c.samples.size(); ++i) {
            const auto& sample = c.samples[i];
            CHECK(fragment.samples[i] == FragmentSample{sample.duration, sample.size,
                                                        static_cast<std::uint32_t>(sample.flags),
                                                        sample.composition_time_offset,
                                                        data_offset});
            data_offset += sample.size;
        }
    }
}

TEST_CASE("every truncation of a movie fragment fails", "[mp4][segment]") {
    for (const auto& c : kCases) {
        const auto payload = BytesView{c.bytes}.subspan(8, c.bytes.size() - 16);
        test::every_truncation(payload, [](BytesView prefix) {
            Box moof;
            moof.payload = prefix;
            CHECK_FALSE(read_fragment(moof));
        });
    }
}

TEST_CASE("a fragment reader has a limit for samples", "[mp4][segment]") {
    // trun without any field of its own: four billion samples in twelve bytes
    const auto bytes =
        hex("00000044 6d6f6f66"
            "  00000010 6d666864 00000000 00000001"
            "  0000002c 74726166"
            "    00000014 74666864 00000008 00000001 00000001"
            "    00000010 7472756e 00000000 ffffffff");
    const auto moof = BoxReader{bytes}.next().value().value();
    CHECK(read_fragment(moof).error().code == Errc::too_many_samples);
}

TEST_CASE("only the last segment has the brand lmsg", "[mp4][segment]") {
    ByteWriter out;
    write_segment_type(out, LastSegment::no);
    CHECK(out.take() == hex("00000018 73747970 6d736468 00000000 6d736468 636d6673"));
    write_segment_type(out, LastSegment::yes);
    CHECK(out.take() == hex("0000001c 73747970 6d736468 00000000 6d736468 636d6673 6c6d7367"));
}

TEST_CASE("prft ties a wall clock to a media time", "[mp4][segment]") {
    ByteWriter out;
    write_producer_reference_time(out, 1, 0xe000000080000000, 90000);
    CHECK(out.take() ==
          hex("00000020 70726674 01 000018 00000001 e000000080000000 0000000000015f90"));
}

}  // namespace
}  // namespace streamkit::mp4
