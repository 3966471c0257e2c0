#pragma once

// What a packager reports to the manifest models: one immutable snapshot per version.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "streamkit/base/time.hpp"
#include "streamkit/base/timestamp.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::cmaf {

/// A complete segment of one track, in ticks of the track's timescale.
struct SegmentInfo {
    std::int64_t time = 0;      ///< earliest presentation time: `S@t`, and `$Time$` in the name
    std::int64_t duration = 0;  ///< `S@d`; the next segment begins at `time + duration`
    std::uint64_t size = 0;     ///< bytes

    friend bool operator==(const SegmentInfo&, const SegmentInfo&) = default;
};

/// One track of a presentation: one switching set with one representation.
struct TrackSnapshot {
    TrackInfo info;                          ///< as published; `info.timescale` is the publisher's
    std::uint32_t timescale = 1;             ///< of everything below
    std::string codec_string;                ///< RFC 6381, such as "avc1.64001f"
    std::uint64_t bandwidth = 0;             ///< bits per second, the highest over a segment so far
    std::uint32_t frame_rate_numerator = 0;  ///< video; 0: not known
    std::uint32_t frame_rate_denominator = 0;   ///< video
    std::int64_t presentation_time_offset = 0;  ///< media time at the Period's start
    std::uint8_t starts_with_sap =
        1;                     ///< `@startWithSAP`; 0 once a segment did not begin with an IDR
    std::string init_name;     ///< file name of the init segment: "init-P-1.mp4"
    std::string media_prefix;  ///< media segments are named prefix + time + suffix: "P-1-"
    std::string media_suffix;  ///< ".m4s"
    std::vector<SegmentInfo> segments;  ///< those in the window, without gap or overlap
};

/// The state of a presentation at one moment.
///
/// A presentation that has become static never turns dynamic again; a publish that follows starts
/// a new one with another id.
struct Presentation {
    std::string id;               ///< P: the wall clock of its start in ms, base 36
    std::uint64_t version = 0;    ///< grows with every change
    bool ended = false;           ///< static from now on
    WallTime availability_start;  ///< `MPD@availabilityStartTime`; never moves
    WallTime publish_time;        ///< never goes back
    std::chrono::milliseconds segment_duration{};      ///< the target
    std::chrono::milliseconds max_segment_duration{};  ///< upper bound, fixed in advance
    std::chrono::milliseconds window{};                ///< time shift buffer
    Timestamp period_start;  ///< `Period@start`, relative to `availability_start`
    Timestamp duration;      ///< where `ended`: from the Period's zero to the last sample's end
    std::vector<TrackSnapshot> tracks;
    /// Sorted by presentation time, then id; `time` counts from the Period's start
    /// (`(presentationTime - presentationTimeOffset) / timescale`).
    std::vector<TimedEvent> events;
};

}  // namespace streamkit::cmaf
