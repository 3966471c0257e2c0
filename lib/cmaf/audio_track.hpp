#pragma once

// Cuts audio where video was cut, or by duration where there is none.

#include <deque>
#include <optional>

#include "segment_writer.hpp"
#include "streamkit/cmaf/packager.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::cmaf {

/// Repairs the times of AAC packets and cuts at the sample that is nearest to a boundary.
class AudioTrack {
public:
    /// @param config, store  must outlive the track
    AudioTrack(TrackSetup setup, std::uint32_t samples_per_frame, const PackagerConfig& config,
               SegmentStore& store);

    /// Takes the first packet.
    ///
    /// @return its time, with which the writer is to begin
    std::int64_t start(Packet packet);
    void add(Packet packet);

    /// A segment ends near this time (in ticks of this track). Boundaries come in order.
    void add_boundary(std::uint64_t cut_number, std::int64_t time);
    /// Makes the segments whose end is known.
    void cut_at_boundaries(WallTime wall);
    /// Without video: a boundary after each `segment_duration`.
    ///
    /// @return the number of the last cut
    std::uint64_t cut_by_duration(WallTime wall);
    void finish(std::uint64_t cut_number, WallTime wall);

    [[nodiscard]] SegmentWriter& writer() noexcept { return writer_; }
    [[nodiscard]] const SegmentWriter& writer() const noexcept { return writer_; }
    /// Where the newest sample ends.
    [[nodiscard]] std::int64_t end() const noexcept { return end_; }
    [[nodiscard]] std::uint64_t off_grid() const noexcept { return timeline_.off_grid(); }

private:
    struct Boundary {
        std::uint64_t cut_number;
        std::int64_t time;
    };
    /// The first pending sample that belongs behind a boundary, if it has come already.
    [[nodiscard]] std::optional<std::size_t> first_behind(std::int64_t boundary) const;

    const PackagerConfig& config_;
    SegmentWriter writer_;
    AudioTimeline timeline_;
    std::deque<Boundary> boundaries_;
    std::int64_t first_time_ = 0;
    std::uint64_t duration_cuts_ = 0;
    std::int64_t end_ = 0;
};

}  // namespace streamkit::cmaf
