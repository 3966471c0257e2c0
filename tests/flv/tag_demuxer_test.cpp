#include "streamkit/flv/tag_demuxer.hpp"

#include <variant>

#include "samples.hpp"
#include "streamkit/aac/errc.hpp"
#include "streamkit/flv/errc.hpp"
#include "streamkit/h264/errc.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::test;
using namespace streamkit::flv;

namespace {

struct Tag {
    TagType type;
    std::int64_t timestamp_ms;
    Bytes body;
};

const Tag kAvcHeader{TagType::video, 0, concat({hex("17 00 000000"), kAvcConfig})};
const Tag kAacHeader{TagType::audio, 0, concat({hex("af 00"), kAacConfig})};

// "onMetaData" and an ECMA array of width 1280, height 720, framerate 30
const Bytes kOnMetaDataName = hex("02 000a 6f6e4d65746144617461");
const Bytes kOnMetaDataValue =
    hex("08 00000003"
        "0005 7769647468 00 4094000000000000"
        "0006 686569676874 00 4086800000000000"
        "0009 6672616d6572617465 00 403e000000000000"
        "0000 09");

TagDemuxer demux(const std::vector<Tag>& tags, TagDemuxerConfig config = {}) {
    TagDemuxer demuxer{config};
    for (const auto& tag : tags)
        REQUIRE(demuxer.handle_tag(tag.type, tag.timestamp_ms, shared(tag.body)));
    return demuxer;
}

}  // namespace

TEST_CASE("tags become tracks, metadata and packets", "[flv][demuxer]") {
    auto demuxer = demux({
        {TagType::script_data, 0, concat({kOnMetaDataName, kOnMetaDataValue})},
        kAvcHeader,
        kAacHeader,
        {TagType::video, 0, hex("17 01 000050 00000001 65")},
        {TagType::audio, 3, hex("af 01 2110")},
        {TagType::video, 40, hex("27 01 ffffd8 00000001 41")},
        {TagType::video, 5'000'000'000, hex("17 02 000000")},
        {TagType::video, 5'000'000'001, hex("17 01 000000 00000001 65")},
    });
    CHECK(drain(demuxer) == std::vector<MediaEvent>{
                                Metadata{"onMetaData", {0, 1000}, shared(kOnMetaDataValue)},
                                h264_track(),
                                aac_track(),
                                packet(1, 0, 80, true, hex("00000001 65")),
                                packet(2, 3, 3, true, hex("2110")),
                                packet(1, 40, 0, false, hex("00000001 41")),
                                packet(1, 5'000'000'001, 5'000'000'001, true, hex("00000001 65")),
                            });
    CHECK(demuxer.stats() == TagDemuxerStats{.sequence_ends = 1});
}

TEST_CASE("a packet's payload is a slice of its tag", "[flv][demuxer]") {
    TagDemuxer demuxer;
    REQUIRE(demuxer.handle_tag(TagType::video, 0, shared(kAvcHeader.body)));
    const auto body = shared(hex("17 01 000000 00000001 65"));
    REQUIRE(demuxer.handle_tag(TagType::video, 0, body));
    const auto events = drain(demuxer);
    REQUIRE(events.size() == 2);
    CHECK(std::get<Packet>(events[1]).payload.data() == body.data() + 5);
}

TEST_CASE("the FourCC forms of H.264 and AAC mean the same as the classic ones", "[flv][demuxer]") {
    auto demuxer = demux({
        {TagType::video, 0, concat({hex("90 61766331"), kAvcConfig})},
        {TagType::audio, 0, concat({hex("90 6d703461"), kAacConfig})},
        {TagType::video, 0, hex("91 61766331 000028 65")},
        {TagType::video, 40, hex("a3 61766331 41")},
        {TagType::audio, 40, hex("91 6d703461 2110")},
        {TagType::video, 80, hex("27 01 000000 41")},  // and back
    });
    CHECK(drain(demuxer) == std::vector<MediaEvent>{
                                h264_track(),
                                aac_track(),
                                packet(1, 0, 40, true, hex("65")),
                                packet(1, 40, 40, false, hex("41")),
                                packet(2, 40, 40, true, hex("2110")),
                                packet(1, 80, 80, false, hex("41")),
                            });
}

TEST_CASE("other codecs are announced with their configuration and passed on", "[flv][demuxer]") {
    const auto opus_head = concat({text("OpusHead"), hex("01 02 3801 80bb0000 0000 00")});
    const auto flac_head = concat({text("fLaC"), hex("80000022 1000 1000 000000 000000 0ac442f0")});
    auto demuxer = demux({
        {TagType::script_data, 0, concat({kOnMetaDataName, kOnMetaDataValue})},
        {TagType::video, 0, hex("90 68766331 0102")},
        {TagType::video, 0, hex("91 68766331 000028 26")},
        {TagType::audio, 0, concat({hex("90 4f707573"), opus_head})},
        {TagType::audio, 0, hex("91 4f707573 fc")},
        {TagType::audio, 20, concat({hex("90 664c6143"), flac_head})},
        {TagType::audio, 20, hex("91 664c6143 fff8")},
        {TagType::audio, 40, hex("91 61632d33 0b77")},  // AC-3 has no sequence header
    });
    auto events = drain(demuxer);
    events.erase(events.begin());
    CHECK(
        events ==
        std::vector<MediaEvent>{
            // the size stands in onMetaData only
            TrackInfo{
                1, TrackKind::video, CodecId::hevc, 1000, shared(hex("0102")), {1280, 720, 30}, {}},
            packet(1, 0, 40, true, hex("26")),
            TrackInfo{2, TrackKind::audio, CodecId::opus, 1000, shared(opus_head), {}, {48000, 2}},
            packet(2, 0, 0, true, hex("fc")),
            TrackInfo{2, TrackKind::audio, CodecId::flac, 1000, shared(flac_head), {}, {44100, 2}},
            packet(2, 20, 20, true, hex("fff8")),
            TrackInfo{2, TrackKind::audio, CodecId::ac3, 1000, {}, {}, {}},
            packet(2, 40, 40, true, hex("0b77")),
        });
}

TEST_CASE("MP3 is announced by its first frame, and again when its format changes",
          "[flv][demuxer]") {
    const auto mp3 = [](AudioFormat format) {
        return TrackInfo{2, TrackKind::audio, CodecId::mp3, 1000, {}, {}, format};
    };
    auto demuxer = demux({
        {TagType::audio, 0,
         hex("2f fffb9464")},  // MPEG-1 layer III, 48 kHz, stereo; SoundRate 44 kHz
        {TagType::audio, 24, hex("2f fffb9464")},
        {TagType::audio, 48, hex("2f 00000000")},  // not at a frame: no reason to announce
        {TagType::audio, 72, hex("2f fff384c4")},  // MPEG-2 layer III, 24 kHz, mono
    });
    CHECK(drain(demuxer) == std::vector<MediaEvent>{
                                mp3({48000, 2}),
                                packet(2, 0, 0, true, hex("fffb9464")),
                                packet(2, 24, 24, true, hex("fffb9464")),
                                packet(2, 48, 48, true, hex("00000000")),
                                mp3({24000, 1}),
                                packet(2, 72, 72, true, hex("fff384c4")),
                            });
}

TEST_CASE("tracks of a Multitrack packet have ids of their own", "[flv][demuxer]") {
    auto demuxer = demux({
        {TagType::video, 0, concat({hex("96 00 61766331 01"), kAvcConfig})},
        {TagType::video, 0, hex("96 13 61766331 00 000001 65 01 000001 66")},
        {TagType::audio, 0, concat({hex("95 00 6d703461 02"), kAacConfig})},
    });
    CHECK(drain(demuxer) == std::vector<MediaEvent>{
                                h264_track(3),
                                packet(3, 0, 0, true, hex("66")),
                                aac_track(6),
                            });
    CHECK(demuxer.stats() == TagDemuxerStats{.packets_before_config = 1});
}

TEST_CASE("what cannot be played is skipped and counted", "[flv][demuxer]") {
    SECTION("packets before their sequence header") {
        auto demuxer = demux({
            {TagType::video, 0, hex("17 01 000000 65")},
            {TagType::audio, 0, hex("af 01 2110")},
            kAvcHeader,
            {TagType::video, 40, hex("27 01 000000 41")},
            {TagType::video, 80, hex("91 68766331 000000 26")},  // HEVC, which was not announced
        });
        CHECK(drain(demuxer).size() == 2);
        CHECK(demuxer.stats() == TagDemuxerStats{.packets_before_config = 3});
    }
    SECTION("sequence headers that say nothing new") {
        auto demuxer = demux({kAvcHeader, kAacHeader, kAvcHeader, kAacHeader, kAvcHeader});
        CHECK(drain(demuxer).size() == 2);
        CHECK(demuxer.stats() == TagDemuxerStats{.repeated_sequence_headers = 3});
    }
    SECTION("tags without data") {
        auto demuxer = demux({
            kAvcHeader,
            {TagType::video, 0, {}},
            {TagType::audio, 0, {}},
            {TagType::script_data, 0, {}},
            {TagType::video, 0, hex("17 00 000000")},
            {TagType::video, 0, hex("17 01 000000")},
            {TagType::audio, 0, hex("af 00")},
        });
        CHECK(drain(demuxer).size() == 1);
        CHECK(demuxer.stats() == TagDemuxerStats{.empty_tags = 6});
    }
    SECTION("tags that are cut off or impossible") {
        auto demuxer = demux({
            {TagType::video, 0, hex("17 01 00")},
            {TagType::video, 0, hex("07 01 000000 65")},
            {TagType::audio, 0, hex("af")},
            {TagType::script_data, 0,
             hex("00 4094000000000000")},  // a number where the name stands
            {TagType::script_data, 0, hex("02 000a 6f6e")},
        });
        CHECK(drain(demuxer).empty());
        CHECK(demuxer.stats() == TagDemuxerStats{.malformed_tags = 5});
    }
    SECTION("codecs and kinds that we do not know") {
        auto demuxer = demux({
            {TagType::video, 0, hex("22 0000")},               // Sorenson H.263
            {TagType::audio, 0, hex("b2 01")},                 // Speex
            {TagType::video, 0, hex("91 76766331 00")},        // FourCC vvc1
            {TagType::video, 0, hex("d4 68766331 02")},        // colour metadata
            {TagType::audio, 0, hex("94 4f707573 00")},        // channel order
            {TagType::video, 0, hex("96 03 61766331 10 65")},  // trackId 16
            {TagType::video, 0, hex("57 00")},                 // a seek marker: not even counted
        });
        CHECK(drain(demuxer).empty());
        CHECK(demuxer.stats() == TagDemuxerStats{.unsupported_tags = 6});
    }
    SECTION("script data above the limit") {
        auto demuxer =
            demux({{TagType::script_data, 0, concat({kOnMetaDataName, kOnMetaDataValue})}},
                  {.max_script_data_bytes = 20});
        CHECK(drain(demuxer).empty());
        CHECK(demuxer.stats() == TagDemuxerStats{.malformed_tags = 1});
    }
}

TEST_CASE("a track is announced again when its configuration changes", "[flv][demuxer]") {
    auto demuxer = demux({
        kAacHeader,
        {TagType::audio, 0, hex("af 00 1210")},
        kAacHeader,
    });
    auto changed = aac_track();
    changed.codec_config = shared(hex("1210"));
    changed.audio = {44100, 2};
    CHECK(drain(demuxer) == std::vector<MediaEvent>{aac_track(), changed, aac_track()});
}

TEST_CASE("an unusable sequence header is an error, and no end", "[flv][demuxer]") {
    TagDemuxer demuxer{{.max_codec_config_bytes = 64}};
    const auto refused = [&](TagType type, const Bytes& body) {
        const auto result = demuxer.handle_tag(type, 0, shared(body));
        REQUIRE_FALSE(result);
        return result.error().code;
    };
    CHECK(refused(TagType::video, hex("17 00 000000 0142")) == h264::Errc::truncated);
    CHECK(refused(TagType::video, hex("17 00 000000 01 42001e ff e1 0002 6742 01 0001 68")) ==
          h264::Errc::truncated);
    CHECK(refused(TagType::video, hex("17 00 000000 01 42001e ff e0 00")) ==
          h264::Errc::no_parameter_sets);
    CHECK(refused(TagType::audio, hex("af 00 0210")) == aac::Errc::unsupported_object_type);
    CHECK(refused(TagType::video, concat({hex("17 00 000000"), Bytes(65)})) ==
          Errc::config_too_large);
    CHECK(drain(demuxer).empty());

    REQUIRE(demuxer.handle_tag(kAvcHeader.type, 0, shared(kAvcHeader.body)));
    CHECK(drain(demuxer).size() == 1);
}

TEST_CASE("packets behind an unusable sequence header are dropped until a usable one comes",
          "[flv][demuxer]") {
    auto demuxer = demux({kAacHeader, {TagType::audio, 0, hex("af 01 21")}});
    CHECK(drain(demuxer).size() == 2);
    CHECK_FALSE(demuxer.handle_tag(TagType::audio, 0, shared(hex("af 00 0210"))));
    REQUIRE(demuxer.handle_tag(TagType::audio, 21, shared(hex("af 01 22"))));
    CHECK(drain(demuxer).empty());
    REQUIRE(demuxer.handle_tag(TagType::audio, 42, shared(kAacHeader.body)));
    REQUIRE(demuxer.handle_tag(TagType::audio, 42, shared(hex("af 01 23"))));
    CHECK(drain(demuxer) ==
          std::vector<MediaEvent>{aac_track(), packet(2, 42, 42, true, hex("23"))});
    CHECK(demuxer.stats() == TagDemuxerStats{.packets_before_config = 1});
}

TEST_CASE("script data keeps its name and its values as they came", "[flv][demuxer]") {
    const auto set_data_frame = concat({hex("02 000d"), text("@setDataFrame")});
    auto demuxer = demux({
        {TagType::script_data, 7, concat({set_data_frame, kOnMetaDataName, kOnMetaDataValue})},
        {TagType::script_data, 8, concat({hex("02 000a"), text("onTextData"), hex("05")})},
        {TagType::script_data, 9, concat({hex("02 0004"), text("cue!")})},
        {TagType::script_data, 9, concat({hex("0c 00000001"), text("x"), hex("ff")})},
    });
    CHECK(drain(demuxer) == std::vector<MediaEvent>{
                                Metadata{"onMetaData", {7, 1000}, shared(kOnMetaDataValue)},
                                Metadata{"onTextData", {8, 1000}, shared(hex("05"))},
                                Metadata{"cue!", {9, 1000}, {}},
                                Metadata{"x", {9, 1000}, shared(hex("ff"))},
                            });
}
