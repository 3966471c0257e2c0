#pragma once

// Presentations as a packager reports them, for the tests of this folder.

#include <string_view>

#include "streamkit/cmaf/presentation.hpp"
#include "support/bytes.hpp"

namespace streamkit::dash::test {

/// 2026-11-20T13:00:00.123Z
inline constexpr WallTime kStart{std::chrono::milliseconds{1'795'179'600'123}};

inline TimedEvent timed_event(std::uint32_t id, std::int64_t ms, std::string_view message) {
    return {"urn:streamkit:metadata",      "1", id, {ms, 1000}, {10'000, 1000},
            streamkit::test::text(message)};
}

/// Video in segments of 2 s, 2 s and 1.5 s with the first one gone, and audio of about the same.
inline cmaf::Presentation live_presentation() {
    cmaf::TrackSnapshot video;
    video.info.id = 1;
    video.info.kind = TrackKind::video;
    video.info.codec = CodecId::h264;
    video.info.video = {1280, 720, 29.97};
    video.timescale = 30'000;
    video.codec_string = "avc1.64001f";
    video.bandwidth = 2'345'678;
    video.frame_rate_numerator = 30'000;
    video.frame_rate_denominator = 1001;
    video.presentation_time_offset = 2002;
    video.init_name = "init-mi8x2p3f-1.mp4";
    video.media_prefix = "mi8x2p3f-1-";
    video.media_suffix = ".m4s";
    video.segments = {{62'062, 60'060, 500'000}, {122'122, 60'060, 510'000}, {182'182, 45'045, 9}};

    cmaf::TrackSnapshot audio;
    audio.info.id = 2;
    audio.info.kind = TrackKind::audio;
    audio.info.codec = CodecId::aac;
    audio.info.audio = {44'100, 2};
    audio.timescale = 44'100;
    audio.codec_string = "mp4a.40.2";
    audio.bandwidth = 128'000;
    audio.presentation_time_offset = 2943;
    audio.init_name = "init-mi8x2p3f-2.mp4";
    audio.media_prefix = "mi8x2p3f-2-";
    audio.media_suffix = ".m4s";
    audio.segments = {{91'007, 88'064, 32'000}, {179'071, 88'064, 32'000}, {267'135, 66'560, 9}};

    cmaf::Presentation p;
    p.id = "mi8x2p3f";
    p.version = 7;
    p.availability_start = kStart;
    p.publish_time = kStart + std::chrono::milliseconds{7500};
    p.segment_duration = std::chrono::milliseconds{2000};
    p.max_segment_duration = std::chrono::milliseconds{12'000};
    p.window = std::chrono::milliseconds{60'000};
    p.period_start = {0, 1000};
    p.tracks = {video, audio};
    return p;
}

/// The same when it has ended, 7.507 508 s after its start.
inline cmaf::Presentation ended_presentation() {
    auto p = live_presentation();
    p.ended = true;
    p.duration = {225'225, 30'000};
    return p;
}

}  // namespace streamkit::dash::test
