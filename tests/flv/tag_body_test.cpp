#include "streamkit/flv/tag_body.hpp"

#include <vector>

#include "streamkit/flv/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::test;
using namespace streamkit::flv;

namespace {

// A `TagPart` whose data does not have to outlive anything.
struct Part {
    PacketType type = PacketType::coded_frames;
    CodecId codec = CodecId::unknown;
    std::uint8_t track_index = 0;
    bool key_frame = true;
    std::int32_t composition_time_ms = 0;
    AudioFormat sound = {};
    Bytes data = {};

    friend bool operator==(const Part&, const Part&) = default;
};

struct Case {
    const char* name;
    TagType type;
    Bytes body;
    std::vector<Part> parts;
};

const AudioFormat k44100Stereo{44100, 2};

const Case kCases[] = {
    {"AVC sequence header",
     TagType::video,
     hex("17"      // FrameType 1 (key), CodecID 7 (AVC)
         "00"      // AVCPacketType 0 (sequence header)
         "000000"  // CompositionTime
         "0142"),  // AVCDecoderConfigurationRecord
     {{.type = PacketType::sequence_start, .codec = CodecId::h264, .data = hex("0142")}}},
    {"AVC key frame",
     TagType::video,
     hex("17 01"
         "00002a"         // CompositionTime, 42 ms
         "00000001 65"),  // length 1, IDR slice
     {{.codec = CodecId::h264, .composition_time_ms = 42, .data = hex("00000001 65")}}},
    {"AVC inter frame, shown before the frame it is decoded after",
     TagType::video,
     hex("27 01 ffffd8 00000001 41"),
     {{.codec = CodecId::h264,
       .key_frame = false,
       .composition_time_ms = -40,
       .data = hex("00000001 41")}}},
    {"AVC disposable inter frame",
     TagType::video,
     hex("37 01 000000 01"),
     {{.codec = CodecId::h264, .key_frame = false, .data = hex("01")}}},
    {"AVC generated key frame",
     TagType::video,
     hex("47 01 000000 01"),
     {{.codec = CodecId::h264, .data = hex("01")}}},
    {"AVC end of sequence",
     TagType::video,
     hex("17 02 000000"),
     {{.type = PacketType::sequence_end, .codec = CodecId::h264}}},
    {"AVC end of sequence without CompositionTime",
     TagType::video,
     hex("17 02"),
     {{.type = PacketType::sequence_end, .codec = CodecId::h264}}},
    {"AVC packet without data", TagType::video, hex("17 01 000000"), {{.codec = CodecId::h264}}},
    {"HEVC with the header of AVC, as Chinese networks use it",
     TagType::video,
     hex("1c 01 000010 26"),
     {{.codec = CodecId::hevc, .composition_time_ms = 16, .data = hex("26")}}},
    {"Sorenson H.263", TagType::video, hex("22 0000"), {{.key_frame = false, .data = hex("0000")}}},
    {"start of a client-side seek",
     TagType::video,
     hex("57 00"),
     {{.type = PacketType::command, .codec = CodecId::h264, .key_frame = false}}},

    {"Enhanced RTMP, HEVC sequence start",
     TagType::video,
     hex("90"        // IsExHeader, FrameType 1, PacketType 0 (SequenceStart)
         "68766331"  // FourCC hvc1
         "0101"),    // HEVCDecoderConfigurationRecord
     {{.type = PacketType::sequence_start, .codec = CodecId::hevc, .data = hex("0101")}}},
    {"Enhanced RTMP, HEVC coded frames",
     TagType::video,
     hex("91 68766331 000021 26"),
     {{.codec = CodecId::hevc, .composition_time_ms = 33, .data = hex("26")}}},
    {"Enhanced RTMP, HEVC coded frames X",
     TagType::video,
     hex("a3 68766331 02"),
     {{.codec = CodecId::hevc, .key_frame = false, .data = hex("02")}}},
    {"Enhanced RTMP, H.264 coded frames",
     TagType::video,
     hex("91 61766331 fffffe 65"),
     {{.codec = CodecId::h264, .composition_time_ms = -2, .data = hex("65")}}},
    {"Enhanced RTMP, AV1 has no composition time",
     TagType::video,
     hex("a1 61763031 12000a"),
     {{.codec = CodecId::av1, .key_frame = false, .data = hex("12000a")}}},
    {"Enhanced RTMP, VP9 end of sequence",
     TagType::video,
     hex("92 76703039"),
     {{.type = PacketType::sequence_end, .codec = CodecId::vp9}}},
    {"Enhanced RTMP, colour metadata",
     TagType::video,
     hex("d4 68766331 02"),
     {{.type = PacketType::metadata,
       .codec = CodecId::hevc,
       .key_frame = false,
       .data = hex("02")}}},
    {"Enhanced RTMP, AV1 in the form of MPEG-2 TS",
     TagType::video,
     hex("95 61763031 80"),
     {{.type = PacketType::mpeg2ts_sequence_start, .codec = CodecId::av1, .data = hex("80")}}},
    {"Enhanced RTMP, command",
     TagType::video,
     hex("d1 00"),
     {{.type = PacketType::command, .key_frame = false}}},
    {"Enhanced RTMP, a FourCC that we do not know",
     TagType::video,
     hex("91 76766331 00"),
     {{.data = hex("00")}}},
    {"Enhanced RTMP, a packet type without a meaning yet",
     TagType::video,
     hex("98 68766331 00"),
     {{.type = PacketType::reserved, .codec = CodecId::hevc, .data = hex("00")}}},
    {"Enhanced RTMP v2, ModEx with a nanosecond offset",
     TagType::video,
     hex("97"         // IsExHeader, FrameType 1, PacketType 7 (ModEx)
         "02 0f423f"  // 3 bytes, 999999 ns
         "03"         // ModExType 0 (TimestampOffsetNano), PacketType 3 (CodedFramesX)
         "61766331 65"),
     {{.codec = CodecId::h264, .data = hex("65")}}},
    {"Enhanced RTMP v2, ModEx of 257 bytes",
     TagType::video,
     concat({hex("97 ff 0100"), Bytes(257), hex("03 61766331 65")}),
     {{.codec = CodecId::h264, .data = hex("65")}}},
    {"Enhanced RTMP v2, one track of several",
     TagType::video,
     hex("96"           // PacketType 6 (Multitrack)
         "01"           // AvMultitrackType 0 (OneTrack), PacketType 1 (CodedFrames)
         "61766331"     // FourCC avc1
         "05"           // trackId
         "000010 65"),  // compositionTimeOffset, data
     {{.codec = CodecId::h264, .track_index = 5, .composition_time_ms = 16, .data = hex("65")}}},
    {"Enhanced RTMP v2, many tracks of one codec",
     TagType::video,
     hex("96 13 61766331"
         "00 000002 6501"  // trackId 0, sizeOfVideoTrack 2
         "01 000001 65"),  // trackId 1
     {{.codec = CodecId::h264, .data = hex("6501")},
      {.codec = CodecId::h264, .track_index = 1, .data = hex("65")}}},
    {"Enhanced RTMP v2, many tracks of many codecs",
     TagType::video,
     hex("a6 21"
         "61766331 00 000004 000001 41"
         "61763031 01 000002 1200"),
     {{.codec = CodecId::h264, .key_frame = false, .composition_time_ms = 1, .data = hex("41")},
      {.codec = CodecId::av1, .track_index = 1, .key_frame = false, .data = hex("1200")}}},

    {"AAC sequence header",
     TagType::audio,
     hex("af"      // SoundFormat 10 (AAC), 44 kHz, 16 bits, stereo
         "00"      // AACPacketType 0
         "1210"),  // AudioSpecificConfig
     {{.type = PacketType::sequence_start,
       .codec = CodecId::aac,
       .sound = k44100Stereo,
       .data = hex("1210")}}},
    {"AAC raw data block",
     TagType::audio,
     hex("af 01 2110"),
     {{.codec = CodecId::aac, .sound = k44100Stereo, .data = hex("2110")}}},
    {"AAC of an unknown kind",
     TagType::audio,
     hex("af 02"),
     {{.type = PacketType::reserved, .codec = CodecId::aac, .sound = k44100Stereo}}},
    {"MP3",
     TagType::audio,
     hex("2a fffb"),
     {{.codec = CodecId::mp3, .sound = {22050, 1}, .data = hex("fffb")}}},
    {"MP3 at 8 kHz",
     TagType::audio,
     hex("e2 ffe3"),
     {{.codec = CodecId::mp3, .sound = {8000, 1}, .data = hex("ffe3")}}},
    {"Speex", TagType::audio, hex("b2 01"), {{.sound = {5512, 1}, .data = hex("01")}}},
    {"Enhanced RTMP v2, Opus sequence start",
     TagType::audio,
     hex("90"        // SoundFormat 9 (ExHeader), PacketType 0
         "4f707573"  // FourCC Opus
         "4f70"),
     {{.type = PacketType::sequence_start, .codec = CodecId::opus, .data = hex("4f70")}}},
    {"Enhanced RTMP v2, AC-3",
     TagType::audio,
     hex("91 61632d33 0b77"),
     {{.codec = CodecId::ac3, .data = hex("0b77")}}},
    {"Enhanced RTMP v2, E-AC-3",
     TagType::audio,
     hex("91 65632d33 0b77"),
     {{.codec = CodecId::eac3, .data = hex("0b77")}}},
    {"Enhanced RTMP v2, FLAC",
     TagType::audio,
     hex("91 664c6143 fff8"),
     {{.codec = CodecId::flac, .data = hex("fff8")}}},
    {"Enhanced RTMP v2, MP3",
     TagType::audio,
     hex("91 2e6d7033 fffb"),
     {{.codec = CodecId::mp3, .data = hex("fffb")}}},
    {"Enhanced RTMP v2, AAC end of sequence",
     TagType::audio,
     hex("92 6d703461"),
     {{.type = PacketType::sequence_end, .codec = CodecId::aac}}},
    {"Enhanced RTMP v2, channel order",
     TagType::audio,
     hex("94 4f707573 00"),
     {{.type = PacketType::multichannel_config, .codec = CodecId::opus, .data = hex("00")}}},
    {"Enhanced RTMP v2, a second audio track",
     TagType::audio,
     hex("95 01 6d703461 01 2110"),
     {{.codec = CodecId::aac, .track_index = 1, .data = hex("2110")}}},
    {"no body", TagType::audio, {}, {}},
};

Result<std::vector<Part>> read_all(TagType type, BytesView body) {
    std::vector<Part> parts;
    TagBodyReader reader{type, body};
    while (true) {
        const auto part = reader.next();
        STREAMKIT_TRY(part);
        if (!*part) return parts;
        const auto& p = **part;
        CHECK((p.data.empty() || p.data.data() == body.data() + p.data_offset));
        parts.push_back({p.type, p.codec, p.track_index, p.key_frame, p.composition_time_ms,
                         p.sound, Bytes(p.data.begin(), p.data.end())});
    }
}

}  // namespace

TEST_CASE("a tag body says what it holds", "[flv][tag]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto parts = read_all(c.type, c.body);
        REQUIRE(parts);
        CHECK(*parts == c.parts);
    }
}

TEST_CASE("a cut tag body is refused or has less data", "[flv][tag]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        every_truncation(c.body, [&](BytesView prefix) {
            const auto parts = read_all(c.type, prefix);
            if (parts) {
                CHECK(parts->size() <= c.parts.size());
            } else {
                CHECK(parts.error().code == Errc::truncated_tag);
            }
        });
    }
}

TEST_CASE("the codec behind a FourCC and a number is kept", "[flv][tag]") {
    const auto enhanced = hex("91 68766331 000000 26");
    const auto part = TagBodyReader{TagType::video, enhanced}.next();
    REQUIRE(part);
    CHECK((*part)->fourcc == FourCc{"hvc1"});
    const auto speex = hex("b2 01");
    CHECK((*TagBodyReader{TagType::audio, speex}.next())->codec_number == 11);
}

TEST_CASE("an impossible tag body is refused by name", "[flv][tag]") {
    struct Refusal {
        const char* name;
        TagType type;
        Bytes body;
        Errc errc;
    };
    const Refusal refusals[] = {
        {"FrameType 0", TagType::video, hex("07 01 000000 65"), Errc::unknown_frame_type},
        {"FrameType 6", TagType::video, hex("67 01 000000 65"), Errc::unknown_frame_type},
        {"Multitrack within Multitrack", TagType::video, hex("96 06 61766331 00"),
         Errc::bad_multitrack},
        {"ModEx within Multitrack", TagType::audio, hex("95 07 6d703461 00"), Errc::bad_multitrack},
        {"AvMultitrackType 3", TagType::video, hex("96 31 61766331 00"), Errc::bad_multitrack},
        {"a track longer than the tag", TagType::video, hex("96 13 61766331 00 000003 6501"),
         Errc::truncated_tag},
        {"a track too short for its composition time", TagType::video,
         hex("96 11 61766331 00 000002 0000 65"), Errc::truncated_tag},
    };
    for (const auto& refusal : refusals) {
        INFO(refusal.name);
        const auto parts = read_all(refusal.type, refusal.body);
        REQUIRE_FALSE(parts);
        CHECK(parts.error().code == refusal.errc);
    }
}
