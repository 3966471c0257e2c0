#pragma once

// Tag bodies as peers send them, and the events that they mean.

#include <vector>

#include "streamkit/flv/tag.hpp"
#include "streamkit/media/media_event.hpp"
#include "support/bytes.hpp"

namespace streamkit::test {

// x264, Main, 640x360p25, as FFmpeg writes it.
inline const Bytes kAvcConfig =
    hex("01 4d401e ff e1 0018 674d401eeca05017fcb808800000030080000019078b16cb"
        "01 0005 68ebe3cb20");
// FFmpeg's AAC-LC, 48 kHz, mono.
inline const Bytes kAacConfig = hex("1188 56e500");

inline SharedBuffer shared(const Bytes& bytes) { return SharedBuffer::copy_of(bytes); }

inline TrackInfo h264_track(TrackId id = 1) {
    return {id, TrackKind::video, CodecId::h264, 1000, shared(kAvcConfig), {640, 360, 25}, {}};
}

inline TrackInfo aac_track(TrackId id = 2) {
    return {id, TrackKind::audio, CodecId::aac, 1000, shared(kAacConfig), {}, {48000, 1}};
}

inline Packet packet(TrackId track, std::int64_t dts, std::int64_t pts, bool key_frame,
                     const Bytes& payload) {
    return {track, {dts, 1000}, {pts, 1000}, key_frame, shared(payload)};
}

/// All that a demuxer has to give out.
template <class Demuxer>
std::vector<MediaEvent> drain(Demuxer& demuxer) {
    std::vector<MediaEvent> events;
    while (auto event = demuxer.poll_event())
        events.push_back(*std::move(event));
    return events;
}

}  // namespace streamkit::test
