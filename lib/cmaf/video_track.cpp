#include "video_track.hpp"

#include <algorithm>
#include <utility>

#include "streamkit/h264/access_unit.hpp"

namespace streamkit::cmaf {
namespace {

std::int64_t in_ticks(std::chrono::milliseconds duration, std::uint32_t timescale) {
    return rescale(duration.count(), 1000, timescale);
}

}  // namespace

VideoTrack::VideoTrack(TrackSetup setup, std::size_t nal_length_size, const PackagerConfig& config,
                       SegmentStore& store)
    : config_(config),
      writer_(std::move(setup), store),
      timeline_(writer_.setup().frame_rate),
      nal_length_size_(nal_length_size) {}

std::int64_t VideoTrack::start(Packet packet) {
    const auto times = timeline_.add(packet.dts, packet.pts);
    decode_shift_ = times.pts - times.dts;
    // Enough for every offset to come: GStreamer's flvmux gives the first two pictures the decoding
    // time 0, so the first one alone does not tell.
    const auto reordered = writer_.setup().max_num_reorder_frames * timeline_.frame_duration();
    writer_.set_composition_delay(std::max(decode_shift_, reordered));
    append(std::move(packet), mp4::SampleFlags::sync, times);
    return times.pts;
}

std::optional<std::int64_t> VideoTrack::add(Packet packet, std::uint64_t cut_number,
                                            WallTime wall) {
    const auto times = timeline_.add(packet.dts, packet.pts);
    const auto flags = flags_of(packet);
    if (!is_time_to_cut(flags, times)) {
        append(std::move(packet), flags, times);
        return std::nullopt;
    }

    std::int64_t time = times.pts;
    if (flags == mp4::SampleFlags::sync) {
        // With a variable frame rate the reordering delay changes from GOP to GOP; the last sample
        // before takes up the difference.
        if (times.pts > last_decode_time_) decode_shift_ = times.pts - times.dts;
    } else {
        time = std::min(time, end_);  // pictures that are shown before this one follow it
        ++forced_cuts_;
    }
    time = std::max(time, writer_.time() + 1);
    writer_.cut(writer_.pending().size(), {.number = cut_number,
                                           .next_time = time,
                                           .next_dts = times.dts + decode_shift_,
                                           .last = mp4::LastSegment::no,
                                           .wall = wall});
    append(std::move(packet), flags, times);
    return time;
}

void VideoTrack::finish(std::uint64_t cut_number, WallTime wall) {
    writer_.cut(writer_.pending().size(),
                {.number = cut_number,
                 .next_time = std::max(end_, writer_.time() + 1),
                 .next_dts = last_decode_time_ + timeline_.frame_duration(),
                 .last = mp4::LastSegment::yes,
                 .wall = wall});
}

mp4::SampleFlags VideoTrack::flags_of(const Packet& packet) const {
    if (!packet.key_frame) return mp4::SampleFlags::dependent;
    return h264::is_idr(packet.payload, nal_length_size_) ? mp4::SampleFlags::sync
                                                          : mp4::SampleFlags::independent;
}

bool VideoTrack::is_time_to_cut(mp4::SampleFlags flags, VideoTimeline::Times times) const {
    const auto timescale = writer_.timescale();
    const auto target = in_ticks(config_.segment_duration, timescale);
    const auto frame = timeline_.frame_duration();
    const auto elapsed = times.pts - writer_.time();
    if (flags == mp4::SampleFlags::sync && elapsed + frame / 2 >= target) return elapsed > 0;
    // An encoder that makes no IDR pictures: the next best place is an I picture.
    if (flags == mp4::SampleFlags::independent && elapsed >= 2 * target) return true;
    return times.dts + decode_shift_ + frame - writer_.time() >
               in_ticks(config_.max_segment_duration, timescale) ||
           writer_.pending_bytes() >= config_.max_segment_bytes;
}

void VideoTrack::append(Packet&& packet, mp4::SampleFlags flags, VideoTimeline::Times times) {
    last_decode_time_ = times.dts + decode_shift_;
    end_ = std::max(end_, times.pts + timeline_.frame_duration());
    writer_.add({last_decode_time_, times.pts, flags, std::move(packet.payload)});
}

}  // namespace streamkit::cmaf
