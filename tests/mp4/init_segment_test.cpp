#include "streamkit/mp4/init_segment.hpp"

#include "streamkit/mp4/box_reader.hpp"
#include "streamkit/mp4/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::mp4 {
namespace {

using test::hex;

TrackDescription video_track() {
    TrackDescription track;
    track.info.id = 1;
    track.info.kind = TrackKind::video;
    track.info.codec = CodecId::h264;
    track.info.codec_config = SharedBuffer::copy_of(hex("01 64001f ff e1 0000 01 0000"));
    track.info.video = {1280, 720, 30};
    track.timescale = 30000;
    return track;
}

TrackDescription audio_track() {
    TrackDescription track;
    track.info.id = 2;
    track.info.kind = TrackKind::audio;
    track.info.codec = CodecId::aac;
    track.info.codec_config = SharedBuffer::copy_of(hex("1190"));
    track.info.audio = {48000, 2};
    track.timescale = 48000;
    return track;
}

Bytes payload(BytesView file, std::initializer_list<FourCc> path) {
    const auto box = find_box(file, path).value();
    return {box.payload.begin(), box.payload.end()};
}

TEST_CASE("an init segment names the CMAF brands", "[mp4][init]") {
    const auto file = write_init_segment(video_track()).value();
    CHECK(payload(file, {FourCc{"ftyp"}}) == hex("69736f36 00000000"  // iso6
                                                 "69736f36 636d6663"));
    CHECK(find_box(file, {FourCc{"moov"}, FourCc{"trak"}, FourCc{"edts"}}).error().code ==
          Errc::missing_box);
    CHECK(payload(file, {FourCc{"moov"}, FourCc{"mvex"}, FourCc{"trex"}}) ==
          hex("00000000 00000001 00000001 00000000 00000000 00000000"));
}

TEST_CASE("a composition delay is taken away by an edit list of one entry", "[mp4][init]") {
    auto track = video_track();
    track.composition_delay = 2000;
    const auto file = write_init_segment(track).value();
    CHECK(payload(file, {FourCc{"moov"}, FourCc{"trak"}, FourCc{"edts"}, FourCc{"elst"}}) ==
          hex("00000000 00000001"            // version and flags, entry_count
              "00000000 000007d0 0001 0000"  // segment_duration, media_time, media_rate
              ));
    track.composition_delay = std::int64_t{1} << 31;
    CHECK(write_init_segment(track).error().code == Errc::value_out_of_range);
}

TEST_CASE("a video track has its size, its configuration and its colours", "[mp4][init]") {
    auto track = video_track();
    track.pixel_aspect_ratio = {4, 3};
    track.colour = ColourInformation{1, 1, 1, true};
    track.bit_rate = BitRate{1000, 2000, 3000};
    const auto file = write_init_segment(track).value();

    const auto tkhd = payload(file, {FourCc{"moov"}, FourCc{"trak"}, FourCc{"tkhd"}});
    REQUIRE(tkhd.size() == 84);
    CHECK(Bytes(tkhd.begin(), tkhd.begin() + 4) == hex("00 000007"));
    // 1280 * 4 / 3 = 1706.67 by 720, in 16.16
    CHECK(Bytes(tkhd.end() - 8, tkhd.end()) == hex("06aaaaaa 02d00000"));

    const auto stsd = payload(file, {FourCc{"moov"}, FourCc{"trak"}, FourCc{"mdia"}, FourCc{"minf"},
                                     FourCc{"stbl"}, FourCc{"stsd"}});
    CHECK(stsd == hex("00000000 00000001"           // version and flags, entry_count
                      "000000a0 61766331"           // avc1
                      "000000000000 0001"           // reserved, data_reference_index
                      "0000 0000"                   // pre_defined, reserved
                      "00000000 00000000 00000000"  // pre_defined
                      "0500 02d0"                   // width, height
                      "00480000 00480000"           // horizresolution, vertresolution
                      "00000000 0001"               // reserved, frame_count
                      "0000000000000000000000000000000000000000000000000000000000000000"
                      "0018 ffff"                                     // depth, pre_defined
                      "00000013 61766343 0164001fffe10000010000"      // avcC
                      "00000010 70617370 00000004 00000003"           // pasp
                      "00000013 636f6c72 6e636c78 0001 0001 0001 80"  // colr
                      "00000014 62747274 000003e8 000007d0 00000bb8"  // btrt
                      ));
}

TEST_CASE("an audio track has the ES_Descriptor that CMAF wants", "[mp4][init]") {
    const auto file = write_init_segment(audio_track()).value();
    const auto stsd = payload(file, {FourCc{"moov"}, FourCc{"trak"}, FourCc{"mdia"}, FourCc{"minf"},
                                     FourCc{"stbl"}, FourCc{"stsd"}});
    CHECK(stsd == hex("00000000 00000001"                     // version and flags, entry_count
                      "0000004b 6d703461"                     // mp4a
                      "000000000000 0001"                     // reserved, data_reference_index
                      "0000000000000000"                      // reserved
                      "0002 0010 0000 0000"                   // channelcount, samplesize, …
                      "bb800000"                              // samplerate, 16.16
                      "00000027 65736473 00000000"            // esds
                      "03 19 0000 00"                         // ES_Descriptor: ES_ID 0, no flags
                      "04 11 40 15 000000 00000000 00000000"  // DecoderConfigDescriptor
                      "05 02 1190"                            // DecoderSpecificInfo
                      "06 01 02"                              // SLConfigDescriptor: predefined
                      ));
    const auto tkhd = payload(file, {FourCc{"moov"}, FourCc{"trak"}, FourCc{"tkhd"}});
    CHECK(Bytes(tkhd.begin() + 32, tkhd.begin() + 40) == hex("00000000 0100 0000"));  // volume
    CHECK(find_box(
        file, {FourCc{"moov"}, FourCc{"trak"}, FourCc{"mdia"}, FourCc{"minf"}, FourCc{"smhd"}}));
}

TEST_CASE("a long configuration has a descriptor size of two bytes", "[mp4][init]") {
    auto track = audio_track();
    track.info.codec_config = SharedBuffer::take(Bytes(200, 0x11));
    const auto file = write_init_segment(track).value();
    const auto stsd = payload(file, {FourCc{"moov"}, FourCc{"trak"}, FourCc{"mdia"}, FourCc{"minf"},
                                     FourCc{"stbl"}, FourCc{"stsd"}});
    const auto esds = find_box(BytesView{stsd}.subspan(8 + 8 + 28), {FourCc{"esds"}}).value();
    CHECK(Bytes(esds.payload.begin() + 4, esds.payload.begin() + 7) == hex("03 8161"));  // 225
    CHECK(Bytes(esds.payload.end() - 3, esds.payload.end()) == hex("06 01 02"));
}

TEST_CASE("an incomplete description is refused", "[mp4][init]") {
    auto no_timescale = video_track();
    no_timescale.timescale = 0;
    auto no_size = video_track();
    no_size.info.video = {};
    auto no_rate = audio_track();
    no_rate.info.audio.sample_rate = 0;
    auto no_config = audio_track();
    no_config.info.codec_config = {};
    auto no_id = audio_track();
    no_id.info.id = 0;
    for (const auto& track : {no_timescale, no_size, no_rate, no_config, no_id}) {
        CHECK(write_init_segment(track).error().code == Errc::incomplete_track);
    }
    auto hevc = video_track();
    hevc.info.codec = CodecId::hevc;
    CHECK(write_init_segment(hevc).error().code == Errc::unsupported_codec);
    CHECK(write_init_segment(hevc).error().code == Failure::unsupported);
}

}  // namespace
}  // namespace streamkit::mp4
