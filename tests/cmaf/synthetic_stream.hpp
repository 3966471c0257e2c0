#pragma once

// A publisher of made-up H.264 and AAC packets with the timestamps of RTMP, and a reader that
// checks what a packager made of them.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/cmaf/packager.hpp"
#include "streamkit/mp4/fragment_reader.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::cmaf::test {

using streamkit::test::hex;

constexpr TrackId kVideoTrack = 1;
constexpr TrackId kAudioTrack = 2;

/// From x264 by way of ffmpeg's FLV: 1280x720 at 30 frames a second.
inline TrackInfo video_info() {
    TrackInfo info;
    info.id = kVideoTrack;
    info.kind = TrackKind::video;
    info.codec = CodecId::h264;
    info.codec_config = SharedBuffer::copy_of(
        hex("0164001fffe1001a6764001facd9405005bb0110000003001000000303c0f18319600100"
            "0468efbcb0fdf8f800"));
    info.video = {1280, 720, 30};
    return info;
}

/// 320x180 at 60000/1001.
inline TrackInfo other_video_info() {
    auto info = video_info();
    info.codec_config = SharedBuffer::copy_of(
        hex("01640015ffe1001767640015acb40a0cfcf808800001f48000ea60478b175001000468ef0fcbfdf8f8"
            "00"));
    return info;
}

/// AAC-LC, 48 kHz stereo.
inline TrackInfo audio_info() {
    TrackInfo info;
    info.id = kAudioTrack;
    info.kind = TrackKind::audio;
    info.codec = CodecId::aac;
    info.codec_config = SharedBuffer::copy_of(hex("1190"));
    info.audio = {48000, 2};
    return info;
}

enum class Picture : std::uint8_t { idr, open_gop, inter };

inline Packet video_packet(std::int64_t dts_ms, std::int64_t pts_ms, Picture picture,
                           std::size_t size = 100) {
    Bytes payload(size, 0xab);
    payload[0] = payload[1] = payload[2] = 0;
    payload[3] = static_cast<std::uint8_t>(size - 4);
    payload[4] = picture == Picture::idr ? 0x65 : 0x41;
    return {kVideoTrack,
            {dts_ms, 1000},
            {pts_ms, 1000},
            picture != Picture::inter,
            SharedBuffer::take(std::move(payload))};
}

inline Packet audio_packet(std::int64_t pts_ms, std::size_t size = 20) {
    return {
        kAudioTrack, {pts_ms, 1000}, {pts_ms, 1000}, true, SharedBuffer::take(Bytes(size, 0xcd))};
}

/// Wall clock of every test's first packet.
constexpr WallTime kStart{std::chrono::milliseconds{1'790'000'000'000}};

struct StreamShape {
    double frame_rate = 30;
    int gop = 60;          ///< frames
    bool b_frames = true;  ///< I P B P B …: presentation one frame after decoding, then swapped
    bool video = true;
    bool audio = true;
    std::int64_t offset_ms = 0;
};

/// The packets of a stream in the order of their arrival.
inline std::vector<Packet> make_packets(const StreamShape& shape, double seconds) {
    std::vector<Packet> packets;
    const auto ms = [&](double s) { return shape.offset_ms + std::llround(s * 1000); };
    for (int i = 0; shape.video && i / shape.frame_rate < seconds; ++i) {
        const int in_gop = i % shape.gop;
        int shown = i;
        if (shape.b_frames) {
            // decoded I P B P B, shown I B P B P: every frame one later than it is decoded
            const bool b = in_gop > 0 && in_gop % 2 == 0;
            const bool p = in_gop > 0 && in_gop % 2 == 1 && in_gop + 1 < shape.gop;
            shown = i + 1 + (p ? 1 : b ? -1 : 0);
        }
        packets.push_back(video_packet(ms(i / shape.frame_rate), ms(shown / shape.frame_rate),
                                       in_gop == 0 ? Picture::idr : Picture::inter,
                                       100 + static_cast<std::size_t>(i % 17)));
    }
    for (int i = 0; shape.audio && i * 1024 / 48000.0 < seconds; ++i) {
        packets.push_back(
            audio_packet(ms(i * 1024 / 48000.0), 20 + static_cast<std::size_t>(i % 5)));
    }
    std::stable_sort(packets.begin(), packets.end(),
                     [](const Packet& a, const Packet& b) { return a.dts < b.dts; });
    return packets;
}

/// A packager with a store, a schedule and clocks that follow the media.
struct Bench {
    explicit Bench(PackagerConfig config = {}, WallTime start = kStart)
        : schedule(start), packager(config, store, schedule), wall(start) {}

    Result<void> write(const MediaEvent& event) { return packager.write(event, now, wall); }
    /// The clocks show when a packet with this time arrives.
    void at_ms(std::int64_t ms) {
        now = TimePoint{} + std::chrono::milliseconds{ms};
        wall = kStart + std::chrono::milliseconds{ms};
    }
    void write_all(const std::vector<Packet>& packets) {
        for (const auto& packet : packets) {
            at_ms(packet.dts.in(1000).ticks);
            REQUIRE(write(packet));
        }
    }

    SegmentStore store;
    EventSchedule schedule;
    Packager packager;
    TimePoint now{};
    WallTime wall;
};

inline Bytes joined(const StoredObject& object) {
    Bytes out;
    for (const auto& slice : object.slices) {
        out.insert(out.end(), slice.view().begin(), slice.view().end());
    }
    return out;
}

/// The media_time of the only edit of an init segment, or 0 where there is none.
inline std::int64_t edit_media_time(const StoredObject& init) {
    const auto bytes = joined(init);
    const auto text = as_text(bytes);
    const auto elst = text.find("elst");
    if (elst == std::string_view::npos) return 0;
    CHECK(text.find("elst", elst + 1) == std::string_view::npos);
    ByteReader in{BytesView{bytes}.subspan(elst + 4)};
    CHECK(in.u32() == 0);  // version, flags
    CHECK(in.u32() == 1);  // entry_count
    CHECK(in.u32() == 0);  // segment_duration
    return in.u32();
}

struct ReadTrack {
    std::vector<std::uint32_t> durations;  ///< of all samples
    std::vector<std::int64_t> times;       ///< presentation times, in decoding order
    std::vector<std::uint32_t> flags;
    std::vector<Bytes> payloads;
    std::size_t chunks = 0;
    bool last_has_lmsg = false;
};

/// Reads all segments that a snapshot lists, and checks that they say what the snapshot says and
/// that neither decoding nor presentation times have a gap or an overlap.
inline ReadTrack read_track(const SegmentStore& store, const TrackSnapshot& track) {
    ReadTrack out;
    const auto init = store.find(track.init_name);
    REQUIRE(init);
    const auto delay = edit_media_time(*init);
    std::optional<std::uint64_t> next_dts;
    std::optional<std::int64_t> next_time;
    std::optional<std::uint32_t> next_sequence;
    for (const auto& info : track.segments) {
        INFO(track.media_prefix << info.time);
        if (next_time) CHECK(info.time == *next_time);
        CHECK(info.time >= 0);
        CHECK(info.duration > 0);
        next_time = info.time + info.duration;
        const auto object =
            store.find(track.media_prefix + std::to_string(info.time) + track.media_suffix);
        REQUIRE(object);
        const auto bytes = joined(*object);
        CHECK(bytes.size() == info.size);
        CHECK(object->size == info.size);

        std::int64_t earliest = INT64_MAX;
        mp4::BoxReader boxes{bytes};
        const auto styp = boxes.next().value().value();
        CHECK(styp.type == FourCc{"styp"});
        out.last_has_lmsg = as_text(styp.payload).find("lmsg") != std::string_view::npos;
        while (const auto moof = boxes.next().value()) {
            CHECK(moof->type == FourCc{"moof"});
            const auto fragment = mp4::read_fragment(*moof).value();
            const auto mdat = boxes.next().value().value();
            CHECK(mdat.type == FourCc{"mdat"});
            CHECK(fragment.track_id == track.info.id);
            ++out.chunks;
            if (next_sequence) CHECK(fragment.sequence_number == *next_sequence);
            next_sequence = fragment.sequence_number + 1;
            if (next_dts) CHECK(fragment.base_media_decode_time == *next_dts);
            next_dts = fragment.base_media_decode_time;
            auto data_offset = mdat.offset + (mdat.size - mdat.payload.size()) - moof->offset;
            for (const auto& sample : fragment.samples) {
                CHECK(sample.duration > 0);
                CHECK(sample.data_offset == data_offset);
                data_offset += sample.size;
                const auto at = moof->offset + sample.data_offset;
                const auto payload = BytesView{bytes}.subspan(at, sample.size);
                out.payloads.emplace_back(payload.begin(), payload.end());
                out.durations.push_back(sample.duration);
                out.flags.push_back(sample.flags);
                out.times.push_back(static_cast<std::int64_t>(*next_dts) +
                                    sample.composition_time_offset - delay);
                earliest = std::min(earliest, out.times.back());
                *next_dts += sample.duration;
            }
            CHECK(moof->offset + data_offset == mdat.offset + mdat.size);
        }
        CHECK(earliest == info.time);
    }
    return out;
}

}  // namespace streamkit::cmaf::test
