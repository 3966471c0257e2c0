#include "streamkit/flv/tag_muxer.hpp"

#include "samples.hpp"
#include "streamkit/flv/errc.hpp"
#include "streamkit/flv/tag_demuxer.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::test;
using namespace streamkit::flv;

namespace {

TrackInfo track(TrackId id, TrackKind kind, CodecId codec, const Bytes& config) {
    return {id, kind, codec, 1000, shared(config), {}, {}};
}

struct Step {
    MediaEvent event;
    TagType type;
    std::int64_t timestamp_ms;
    Bytes header;
    Bytes payload;
};

struct Case {
    const char* name;
    std::vector<Step> steps;
};

const Case kCases[] = {
    {"H.264 and AAC have classic headers",
     {{h264_track(), TagType::video, 0, hex("17 00 000000"), kAvcConfig},
      {aac_track(), TagType::audio, 0, hex("af 00"), kAacConfig},
      {packet(1, 5, 85, true, hex("65")), TagType::video, 5, hex("17 01 000050"), hex("65")},
      {packet(1, 45, 5, false, hex("41")), TagType::video, 45, hex("27 01 ffffd8"), hex("41")},
      {packet(2, 46, 46, true, hex("2110")), TagType::audio, 46, hex("af 01"), hex("2110")}}},
    {"MP3 has its classic header",
     {{TrackInfo{2, TrackKind::audio, CodecId::mp3, 1000, {}, {}, {48000, 2}}, {}, 0, {}, {}},
      {packet(2, 0, 0, true, hex("fffb9464")), TagType::audio, 0, hex("2f"), hex("fffb9464")}}},
    {"HEVC has a FourCC header",
     {{track(1, TrackKind::video, CodecId::hevc, hex("0102")), TagType::video, 0,
       hex("90 68766331"), hex("0102")},
      {packet(1, 0, 40, true, hex("26")), TagType::video, 0, hex("91 68766331 000028"), hex("26")},
      {packet(1, 40, 40, false, hex("02")), TagType::video, 40, hex("a3 68766331"), hex("02")}}},
    {"AV1 and Opus have no composition time",
     {{track(1, TrackKind::video, CodecId::av1, hex("8105")), TagType::video, 0, hex("90 61763031"),
       hex("8105")},
      {packet(1, 0, 0, true, hex("12")), TagType::video, 0, hex("91 61763031"), hex("12")},
      {track(2, TrackKind::audio, CodecId::opus, hex("4f")), TagType::audio, 0, hex("90 4f707573"),
       hex("4f")},
      {packet(2, 20, 20, true, hex("fc")), TagType::audio, 20, hex("91 4f707573"), hex("fc")}}},
    {"further tracks are Multitrack packets",
     {{h264_track(), TagType::video, 0, hex("17 00 000000"), kAvcConfig},
      {h264_track(3), TagType::video, 0, hex("96 00 61766331 01"), kAvcConfig},
      {aac_track(), TagType::audio, 0, hex("af 00"), kAacConfig},
      {aac_track(4), TagType::audio, 0, hex("95 00 6d703461 01"), kAacConfig},
      {packet(3, 9, 9, true, hex("65")), TagType::video, 9, hex("96 03 61766331 01"), hex("65")},
      {packet(3, 9, 10, false, hex("41")), TagType::video, 9, hex("a6 01 61766331 01 000001"),
       hex("41")},
      {packet(4, 9, 9, true, hex("21")), TagType::audio, 9, hex("95 01 6d703461 01"), hex("21")}}},
    {"metadata is script data; a track follows at its time",
     {{Metadata{"onMetaData", {70, 1000}, shared(hex("05"))}, TagType::script_data, 70,
       hex("02 000a 6f6e4d65746144617461"), hex("05")},
      {h264_track(), TagType::video, 70, hex("17 00 000000"), kAvcConfig}}},
};

}  // namespace

TEST_CASE("an event becomes a tag, and the tag the event again", "[flv][muxer]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        TagMuxer muxer;
        TagDemuxer demuxer;
        std::size_t index = 0;
        for (const auto& step : c.steps) {
            INFO(index++);
            const auto tag = muxer.mux(step.event);
            REQUIRE(tag);
            REQUIRE(tag->has_value() == !step.header.empty());
            if (!*tag) continue;
            CHECK((*tag)->type == step.type);
            CHECK((*tag)->timestamp_ms == step.timestamp_ms);
            CHECK((*tag)->header == step.header);
            CHECK((*tag)->payload == shared(step.payload));
            CHECK((*tag)->size() == step.header.size() + step.payload.size());

            REQUIRE(demuxer.handle_tag(step.type, step.timestamp_ms,
                                       shared(concat({step.header, step.payload}))));
            const auto events = drain(demuxer);
            REQUIRE_FALSE(events.empty());
            CHECK(events.back() == step.event);
        }
    }
}

TEST_CASE("a payload is shared, not copied", "[flv][muxer]") {
    TagMuxer muxer;
    REQUIRE(muxer.mux(h264_track()));
    const auto event = packet(1, 0, 0, true, hex("65"));
    const auto tag = muxer.mux(event);
    REQUIRE(tag);
    CHECK((*tag)->payload.data() == event.payload.data());
}

TEST_CASE("times of other timescales become milliseconds", "[flv][muxer]") {
    TagMuxer muxer;
    auto info = h264_track();
    info.timescale = 90000;
    REQUIRE(muxer.mux(info));
    // 1/30 s and 3/30 s: 33 ms and 100 ms
    const auto tag = muxer.mux(Packet{1, {3000, 90000}, {9000, 90000}, false, shared(hex("41"))});
    REQUIRE(tag);
    CHECK((*tag)->timestamp_ms == 33);
    CHECK((*tag)->header == hex("27 01 000043"));
}

TEST_CASE("nothing comes of events that FLV has no tag for", "[flv][muxer]") {
    TagMuxer muxer;
    CHECK_FALSE(muxer.mux(TimedEvent{})->has_value());
    CHECK_FALSE(muxer.mux(EndOfStream{})->has_value());
}

TEST_CASE("what FLV cannot express is refused by name", "[flv][muxer]") {
    TagMuxer muxer{{.max_tracks = 1}};
    REQUIRE(muxer.mux(h264_track()));
    const auto refused = [&](const MediaEvent& event) {
        const auto tag = muxer.mux(event);
        REQUIRE_FALSE(tag);
        return tag.error().code;
    };
    CHECK(refused(track(2, TrackKind::audio, CodecId::unknown, {})) == Errc::unsupported_codec);
    CHECK(refused(track(2, TrackKind::audio, CodecId::h264, {})) == Errc::unsupported_codec);
    CHECK(refused(h264_track(3)) == Errc::too_many_tracks);
    CHECK(refused(packet(9, 0, 0, true, hex("65"))) == Errc::unknown_track);
    CHECK(refused(packet(1, 0, 0x800000, true, hex("65"))) == Errc::composition_time_out_of_range);
    CHECK(refused(packet(1, 0x800001, 0, true, hex("65"))) == Errc::composition_time_out_of_range);
    CHECK(muxer.mux(packet(1, 0x800000, 0, true, hex("65"))));
}
