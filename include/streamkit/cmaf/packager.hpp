#pragma once

// Media events in, segments and a presentation timeline out.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/cmaf/errc.hpp"
#include "streamkit/cmaf/event_schedule.hpp"
#include "streamkit/cmaf/presentation.hpp"
#include "streamkit/cmaf/segment_store.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::cmaf {

struct PackagerConfig {
    std::chrono::milliseconds segment_duration{2000};  ///< cut at the first IDR at or after this
    std::chrono::milliseconds chunk_duration{200};     ///< moof/mdat pairs inside; 0: one a segment
    std::chrono::milliseconds max_segment_duration{12'000};  ///< then cut without an IDR
    std::size_t max_segment_bytes = 256U << 20;              ///< then cut without an IDR
    std::chrono::milliseconds window{60'000};                ///< what the manifest lists
    std::chrono::milliseconds start_wait{1500};  ///< for the other track, in media or real time
    std::chrono::milliseconds max_jump{1000};    ///< of timestamps; a larger one is a discontinuity
    std::chrono::milliseconds track_timeout{5000};  ///< a track that is this far behind has ended
};

/// What became of a posted event.
struct PostedEvent {
    EventSchedule::Event
        scheduled;            ///< id, resolved time (from the presentation's start), duration
    TimedEvent stream_event;  ///< the same with `time` as the stream's packets have it
    WallTime wall;            ///< when its moment is, was or will be at the live edge
    bool late = false;        ///< its time is before the live edge
};

struct PackagerStats {
    std::uint64_t segments = 0;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;                ///< of payload
    std::uint64_t skipped_packets = 0;      ///< empty, of an unknown track, or before the first IDR
    std::uint64_t repaired_timestamps = 0;  ///< off the frame or sample grid
    std::uint64_t forced_cuts = 0;          ///< segments that do not begin with an IDR
};

/// Packages one presentation: at most one video (H.264) and one audio track (AAC).
///
/// The owner keeps one packager per publish. On `Errc::discontinuity` nothing of the refused event
/// was taken: call `finish`, make a new packager on the same store and schedule, hand it the
/// current TrackInfos and then the refused event again. It is given when
/// - timestamps jump by more than `max_jump` (while arrival does not), or go back that far,
/// - a track's codec configuration changes,
/// - a track appears after the presentation has begun, or falls `track_timeout` behind.
///
/// Not synchronised: one thread (the publisher's shard). What `snapshot` gives out is immutable.
class Packager {
public:
    /// @param store, events  must outlive the packager
    Packager(PackagerConfig config, SegmentStore& store, EventSchedule& events);
    ~Packager();
    Packager(const Packager&) = delete;
    Packager& operator=(const Packager&) = delete;

    /// Takes the next event of the stream. An `EndOfStream` is `finish`; a `TimedEvent` that was
    /// posted here is known already and ignored.
    ///
    /// @param now   for the start wait
    /// @param wall  of the same moment; the first packet's anchors `availability_start`
    /// @return `Errc::discontinuity`, see above; `Errc::finished`; for a TrackInfo
    ///         `Errc::unsupported_codec`, `Errc::malformed_codec_config` or
    ///         `Errc::too_many_tracks`: that track is left out and its packets are skipped;
    ///         for a TimedEvent as `EventSchedule::add`
    Result<void> write(const MediaEvent& event, TimePoint now, WallTime wall);

    /// Schedules an event in this presentation (it need not have begun yet).
    ///
    /// @return as `EventSchedule::add`, `Errc::event_time_out_of_range`, or `Errc::finished`
    Result<PostedEvent> post(const EventRequest& request, WallTime wall);

    /// Writes the last segments; the presentation is static from now on. Its objects stay in the
    /// store: the owner removes them (`remove_objects`) when nobody should read them any more.
    void finish(WallTime wall);

    /// Takes this presentation's objects out of the store.
    void remove_objects();

    /// The newest state: the same pointer until something changes; all it lists is in the store.
    /// Null until every track has its first segment: there is nothing to list before.
    [[nodiscard]] std::shared_ptr<const Presentation> snapshot() const;

    /// The end of the newest sample, from the presentation's earliest time; 0 before any.
    [[nodiscard]] Timestamp live_edge() const;

    [[nodiscard]] bool finished() const;
    /// Bytes of media that are not in a segment yet.
    [[nodiscard]] std::size_t held_bytes() const;
    [[nodiscard]] const PackagerStats& stats() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamkit::cmaf
