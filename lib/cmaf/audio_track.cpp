#include "audio_track.hpp"

#include <algorithm>
#include <utility>

namespace streamkit::cmaf {

AudioTrack::AudioTrack(TrackSetup setup, std::uint32_t samples_per_frame,
                       const PackagerConfig& config, SegmentStore& store)
    : config_(config),
      writer_(std::move(setup), store),
      timeline_(writer_.timescale(), samples_per_frame) {}

std::int64_t AudioTrack::start(Packet packet) {
    add(std::move(packet));
    first_time_ = writer_.pending().front().pts;
    return first_time_;
}

void AudioTrack::add(Packet packet) {
    const auto time = timeline_.add(packet.pts);
    end_ = time + timeline_.frame_duration();
    writer_.add({time, time, mp4::SampleFlags::sync, std::move(packet.payload)});
}

void AudioTrack::add_boundary(std::uint64_t cut_number, std::int64_t time) {
    boundaries_.push_back({cut_number, time});
}

void AudioTrack::cut_at_boundaries(WallTime wall) {
    while (!boundaries_.empty()) {
        const auto boundary = boundaries_.front();
        const auto behind = first_behind(boundary.time);
        if (!behind) return;
        boundaries_.pop_front();
        if (*behind == 0) continue;  // no audio in this segment: it began late, or has a gap
        const auto time = writer_.pending()[*behind].pts;
        writer_.cut(*behind, {.number = boundary.cut_number,
                              .next_time = time,
                              .next_dts = time,
                              .last = mp4::LastSegment::no,
                              .wall = wall});
    }
}

std::uint64_t AudioTrack::cut_by_duration(WallTime wall) {
    const auto boundary_after = [this](std::uint64_t cuts) {
        const auto milliseconds =
            config_.segment_duration.count() * static_cast<std::int64_t>(cuts + 1);
        return first_time_ + rescale(milliseconds, 1000, writer_.timescale());
    };
    while (end_ - timeline_.frame_duration() / 2 >= boundary_after(duration_cuts_)) {
        add_boundary(duration_cuts_ + 1, boundary_after(duration_cuts_));
        ++duration_cuts_;
    }
    cut_at_boundaries(wall);
    return duration_cuts_;
}

void AudioTrack::finish(std::uint64_t cut_number, WallTime wall) {
    writer_.cut(writer_.pending().size(), {.number = cut_number,
                                           .next_time = end_,
                                           .next_dts = end_,
                                           .last = mp4::LastSegment::yes,
                                           .wall = wall});
}

std::optional<std::size_t> AudioTrack::first_behind(std::int64_t boundary) const {
    const auto pending = writer_.pending();
    const auto half = timeline_.frame_duration() / 2;
    if (pending.empty() || pending.back().pts + half < boundary) return std::nullopt;
    // Boundaries are near the end: look from there.
    auto i = pending.size() - 1;
    while (i > 0 && pending[i - 1].pts + half >= boundary)
        --i;
    return i;
}

}  // namespace streamkit::cmaf
