#pragma once

// Cuts video at IDR pictures.

#include <optional>

#include "segment_writer.hpp"
#include "streamkit/cmaf/packager.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::cmaf {

/// Repairs the times of H.264 packets and decides where segments end.
class VideoTrack {
public:
    /// @param config, store  must outlive the track
    VideoTrack(TrackSetup setup, std::size_t nal_length_size, const PackagerConfig& config,
               SegmentStore& store);

    /// Takes the first packet, which holds an IDR picture.
    ///
    /// @return its presentation time, with which the writer is to begin
    std::int64_t start(Packet packet);

    /// Adds the next packet in decoding order, and cuts in front of it if it is time.
    ///
    /// @param cut_number  of the cut, if there is one
    /// @return the presentation time of the cut
    std::optional<std::int64_t> add(Packet packet, std::uint64_t cut_number, WallTime wall);
    void finish(std::uint64_t cut_number, WallTime wall);

    [[nodiscard]] SegmentWriter& writer() noexcept { return writer_; }
    [[nodiscard]] const SegmentWriter& writer() const noexcept { return writer_; }
    /// Where the sample that is shown last ends, in presentation time.
    [[nodiscard]] std::int64_t end() const noexcept { return end_; }
    [[nodiscard]] std::uint64_t off_grid() const noexcept { return timeline_.off_grid(); }
    [[nodiscard]] std::uint64_t forced_cuts() const noexcept { return forced_cuts_; }

private:
    [[nodiscard]] mp4::SampleFlags flags_of(const Packet& packet) const;
    [[nodiscard]] bool is_time_to_cut(mp4::SampleFlags flags, VideoTimeline::Times times) const;
    void append(Packet&& packet, mp4::SampleFlags flags, VideoTimeline::Times times);

    const PackagerConfig& config_;
    SegmentWriter writer_;
    VideoTimeline timeline_;
    std::size_t nal_length_size_;
    // Added to decoding times, so that a segment's first one is its earliest presentation time.
    std::int64_t decode_shift_ = 0;
    std::int64_t last_decode_time_ = 0;
    std::int64_t end_ = 0;
    std::uint64_t forced_cuts_ = 0;
};

}  // namespace streamkit::cmaf
