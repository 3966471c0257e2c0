// Packets with arbitrary times, kinds and sizes: a packager never crashes, and the timelines that
// it lists never have a gap or an overlap, in the snapshot or in the segments.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/cmaf/packager.hpp"
#include "streamkit/mp4/fragment_reader.hpp"

namespace {

using namespace streamkit;

constexpr std::uint8_t kAvcConfig[] = {
    0x01, 0x64, 0x00, 0x1f, 0xff, 0xe1, 0x00, 0x1a, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40,
    0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0,
    0xf1, 0x83, 0x19, 0x60, 0x01, 0x00, 0x04, 0x68, 0xef, 0xbc, 0xb0, 0xfd, 0xf8, 0xf8, 0x00};
constexpr std::uint8_t kAudioConfig[] = {0x11, 0x90};

void require(bool condition) {
    if (!condition) __builtin_trap();
}

cmaf::SegmentStore::Object find(const cmaf::SegmentStore& store, const cmaf::TrackSnapshot& track,
                                const cmaf::SegmentInfo& segment) {
    return store.find(track.media_prefix + std::to_string(segment.time) + track.media_suffix);
}

void check_list(const cmaf::SegmentStore& store, const cmaf::TrackSnapshot& track) {
    std::optional<std::int64_t> next_time;
    require(!track.segments.empty() && store.find(track.init_name) != nullptr);
    for (const auto& segment : track.segments) {
        require(segment.time >= 0 && segment.duration > 0);
        require(!next_time || segment.time == *next_time);
        next_time = segment.time + segment.duration;
        const auto object = find(store, track, segment);
        require(object != nullptr && object->size == segment.size);
    }
}

void check_samples(const cmaf::SegmentStore& store, const cmaf::TrackSnapshot& track) {
    std::optional<std::uint64_t> next_dts;
    for (const auto& segment : track.segments) {
        const auto object = find(store, track, segment);
        Bytes bytes;
        for (const auto& slice : object->slices) {
            bytes.insert(bytes.end(), slice.view().begin(), slice.view().end());
        }
        mp4::BoxReader boxes{bytes};
        for (;;) {
            const auto box = boxes.next();
            require(box.has_value());
            if (!*box) break;
            if ((*box)->type != FourCc{"moof"}) continue;
            const auto fragment = mp4::read_fragment(**box);
            require(fragment.has_value() && !fragment->samples.empty());
            require(!next_dts || fragment->base_media_decode_time == *next_dts);
            next_dts = fragment->base_media_decode_time;
            for (const auto& sample : fragment->samples) {
                require(sample.duration > 0);
                *next_dts += sample.duration;
            }
        }
    }
}

TrackInfo info(TrackKind kind) {
    TrackInfo out;
    out.kind = kind;
    const bool video = kind == TrackKind::video;
    out.id = video ? 1 : 2;
    out.codec = video ? CodecId::h264 : CodecId::aac;
    out.codec_config =
        video ? SharedBuffer::from_static(kAvcConfig) : SharedBuffer::from_static(kAudioConfig);
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader in{{data, size}};
    cmaf::PackagerConfig config;
    config.segment_duration = std::chrono::milliseconds{in.u8() * 20};
    config.chunk_duration = std::chrono::milliseconds{in.u8() * 4};
    config.max_segment_duration = std::chrono::milliseconds{3000};
    config.window = std::chrono::milliseconds{in.u8() * 100};
    const WallTime wall{std::chrono::milliseconds{1'790'000'000'000}};
    cmaf::SegmentStore store;
    cmaf::EventSchedule events{wall};
    cmaf::Packager packager{config, store, events};
    static_cast<void>(packager.write(info(TrackKind::video), {}, wall));

    std::int64_t now_ms = 0;
    std::int64_t time_ms[2] = {0, 0};
    std::uint64_t version = 0;
    while (in.ok() && !in.at_end()) {
        const auto what = in.u8();
        const TimePoint now = TimePoint{} + std::chrono::milliseconds{now_ms};
        const bool video = (what & 1) != 0;
        auto& time = time_ms[video ? 1 : 0];
        switch (what >> 5) {
            case 0:
                time += in.i16();
                break;
            case 1:
                time = in.i64() / 4;
                break;
            case 2:
                now_ms += in.u16();
                break;
            case 3:
                static_cast<void>(
                    packager.write(info(video ? TrackKind::video : TrackKind::audio), now, wall));
                break;
            case 4: {
                cmaf::EventRequest request;
                if (video) request.time = Timestamp{in.i64(), in.u8()};
                static_cast<void>(packager.post(request, wall));
                break;
            }
            default: {
                time += video ? 33 : 21;
                Packet packet;
                packet.track = video ? 1 : 2;
                packet.dts = {time, 1000};
                packet.pts = {time + (video ? in.i16() : 0), 1000};
                packet.key_frame = !video || (what & 2) != 0;
                const std::uint8_t nal = (what & 4) != 0 ? 0x65 : 0x41;
                packet.payload = SharedBuffer::take({0, 0, 0, 2, nal, 0});
                static_cast<void>(packager.write(packet, now, wall));
            }
        }
        if (const auto snapshot = packager.snapshot(); snapshot && snapshot->version != version) {
            version = snapshot->version;
            for (const auto& track : snapshot->tracks)
                check_list(store, track);
        }
    }
    packager.finish(wall);
    require(packager.held_bytes() == 0);
    if (const auto snapshot = packager.snapshot()) {
        for (const auto& track : snapshot->tracks) {
            check_list(store, track);
            check_samples(store, track);
        }
    }
    packager.remove_objects();
    require(store.object_count() == 0 && store.total_bytes() == 0);
    return 0;
}
