#pragma once

// One track's samples become segments in the store.

#include <chrono>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/cmaf/presentation.hpp"
#include "streamkit/cmaf/segment_store.hpp"
#include "streamkit/cmaf/timeline.hpp"
#include "streamkit/mp4/init_segment.hpp"
#include "streamkit/mp4/media_segment.hpp"

namespace streamkit::cmaf {

/// A sample that is not in a segment yet, in ticks of the track.
struct PendingSample {
    std::int64_t dts = 0;
    std::int64_t pts = 0;
    mp4::SampleFlags flags = mp4::SampleFlags::sync;
    SharedBuffer payload;
};

/// What does not change about a track while it is packaged.
struct TrackSetup {
    mp4::TrackDescription description;
    std::string codec_string;
    FrameRate frame_rate;                      ///< video
    std::uint32_t max_num_reorder_frames = 0;  ///< video; 0 where the stream does not say
    std::chrono::milliseconds chunk_duration{};
};

/// Where a segment ends, which is where the next one begins.
struct Cut {
    std::uint64_t number = 0;    ///< the same for the segments of all tracks that end here
    std::int64_t next_time = 0;  ///< earliest presentation time of what follows
    std::int64_t next_dts = 0;   ///< decoding time of what follows
    mp4::LastSegment last = mp4::LastSegment::no;
    WallTime wall;
};

/// Collects samples, writes segments of them, and keeps the window of a track.
class SegmentWriter {
public:
    /// @param store  must outlive the writer
    SegmentWriter(TrackSetup setup, SegmentStore& store);

    /// How much later than it is decoded the first sample is shown, in ticks; before `begin`. It is
    /// in every composition offset, and the edit list takes it away again.
    void set_composition_delay(std::int64_t ticks) noexcept {
        setup_.description.composition_delay = ticks;
    }

    /// Writes the init segment and announces the first media segment.
    ///
    /// @param time    earliest presentation time of the first segment
    /// @param origin  the same moment as the presentation's start, in ticks of this track
    void begin(const std::string& presentation_id, std::int64_t time, std::int64_t origin,
               WallTime wall);

    void add(PendingSample sample);
    [[nodiscard]] std::span<const PendingSample> pending() const noexcept { return pending_; }
    [[nodiscard]] std::size_t pending_bytes() const noexcept { return pending_bytes_; }
    /// Earliest presentation time of the segment that is being made.
    [[nodiscard]] std::int64_t time() const noexcept { return time_; }
    [[nodiscard]] const TrackSetup& setup() const noexcept { return setup_; }
    [[nodiscard]] std::uint32_t timescale() const noexcept { return setup_.description.timescale; }
    [[nodiscard]] std::int64_t origin() const noexcept { return origin_; }

    /// Makes a segment of the first `count` samples, at least one.
    void cut(std::size_t count, const Cut& cut);

    /// The number of the newest segment's cut; 0 before any.
    [[nodiscard]] std::uint64_t last_cut() const noexcept;
    /// Where the newest segment up to this cut ends.
    [[nodiscard]] std::int64_t end_of_cut(std::uint64_t cut_number) const noexcept;
    /// The cut number of the first segment that ends after a time.
    [[nodiscard]] std::uint64_t first_cut_after(std::int64_t time) const noexcept;
    /// Takes segments out of the store, but for the last `extra` ones before that cut.
    void remove_before(std::uint64_t cut_number, std::size_t extra);
    void remove_all();

    /// The track with the segments of these cuts, both included.
    [[nodiscard]] TrackSnapshot snapshot(std::uint64_t first_cut, std::uint64_t last_cut) const;
    [[nodiscard]] std::uint64_t segments_written() const noexcept { return segments_written_; }

private:
    struct Written {
        SegmentInfo info;
        std::uint64_t cut;
    };
    std::size_t chunk_end(std::size_t begin, std::size_t count, std::int64_t end_dts) const;
    std::string media_name(std::int64_t time) const;
    std::string_view content_type() const noexcept;

    TrackSetup setup_;
    SegmentStore* store_;
    std::string init_name_;
    std::string media_prefix_;
    std::int64_t origin_ = 0;
    std::int64_t time_ = 0;
    std::vector<PendingSample> pending_;
    std::size_t pending_bytes_ = 0;
    std::vector<mp4::Sample> chunk_samples_;  // kept for its capacity
    std::deque<Written> written_;             // what is in the store
    std::uint64_t segments_written_ = 0;
    std::uint32_t next_sequence_number_ = 1;
    std::uint64_t bandwidth_ = 0;
    bool every_segment_begins_with_sync_ = true;
};

}  // namespace streamkit::cmaf
