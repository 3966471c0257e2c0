#include "segment_writer.hpp"

#include <algorithm>
#include <utility>

#include "streamkit/base/assert.hpp"
#include "streamkit/base/byte_writer.hpp"

namespace streamkit::cmaf {
namespace {

constexpr std::string_view kMediaSuffix = ".m4s";
constexpr std::size_t kSegmentTypeBytes = 28;

std::shared_ptr<StoredObject> make_object(std::string name, std::string_view content_type,
                                          std::vector<SharedBuffer> slices, WallTime wall) {
    auto object = std::make_shared<StoredObject>();
    object->content_type = content_type;
    object->slices = std::move(slices);
    for (const auto& slice : object->slices)
        object->size += slice.size();
    // A name is used once, so it identifies the bytes; the size is for the reader of a log.
    object->etag = '"' + name + '-' + std::to_string(object->size) + '"';
    object->name = std::move(name);
    object->created = wall;
    return object;
}

}  // namespace

SegmentWriter::SegmentWriter(TrackSetup setup, SegmentStore& store)
    : setup_(std::move(setup)), store_(&store) {}

void SegmentWriter::begin(const std::string& presentation_id, std::int64_t time,
                          std::int64_t origin, WallTime wall) {
    const auto id = std::to_string(setup_.description.info.id);
    init_name_ = "init-" + presentation_id + "-" + id + ".mp4";
    media_prefix_ = presentation_id + "-" + id + "-";
    time_ = time;
    origin_ = origin;
    // The description was checked when the track was announced.
    auto init = SharedBuffer::take(mp4::write_init_segment(setup_.description).value());
    std::vector<SharedBuffer> slices{std::move(init)};
    store_->put_segment(make_object(init_name_, content_type(), std::move(slices), wall),
                        media_prefix_, media_name(time_));
}

void SegmentWriter::add(PendingSample sample) {
    pending_bytes_ += sample.payload.size();
    pending_.push_back(std::move(sample));
}

void SegmentWriter::cut(std::size_t count, const Cut& cut) {
    STREAMKIT_ASSERT(count > 0 && count <= pending_.size());
    STREAMKIT_ASSERT(cut.next_time > time_);
    const bool begins_with_sync = pending_.front().flags == mp4::SampleFlags::sync;
    every_segment_begins_with_sync_ = every_segment_begins_with_sync_ && begins_with_sync;

    // All headers go into one block; `header_ends` says where each chunk's ends.
    ByteWriter headers{kSegmentTypeBytes + 4 * mp4::max_chunk_header_bytes(0) +
                       mp4::max_chunk_header_bytes(count)};
    std::vector<std::pair<std::size_t, std::size_t>> header_ends;  // and the chunk's last sample
    mp4::write_segment_type(headers, cut.last);
    const auto delay = setup_.description.composition_delay;
    const auto dts_after = [&](std::size_t i) {
        return i + 1 < count ? pending_[i + 1].dts : cut.next_dts;
    };
    for (std::size_t begin = 0; begin < count;) {
        const auto end = chunk_end(begin, count, cut.next_dts);
        chunk_samples_.clear();
        for (auto i = begin; i < end; ++i) {
            const auto& sample = pending_[i];
            chunk_samples_.push_back(
                {.duration = static_cast<std::uint32_t>(dts_after(i) - sample.dts),
                 .size = static_cast<std::uint32_t>(sample.payload.size()),
                 .composition_time_offset =
                     static_cast<std::int32_t>(sample.pts - sample.dts + delay),
                 .flags = sample.flags});
        }
        mp4::write_chunk_header(headers, {.sequence_number = next_sequence_number_++,
                                          .track_id = setup_.description.info.id,
                                          .kind = setup_.description.info.kind,
                                          .base_media_decode_time = pending_[begin].dts,
                                          .samples = chunk_samples_});
        header_ends.emplace_back(headers.size(), end);
        begin = end;
    }

    const auto header = SharedBuffer::take(headers.take());
    std::vector<SharedBuffer> slices;
    slices.reserve(header_ends.size() + count);
    std::size_t header_begin = 0;
    std::size_t sample = 0;
    for (const auto& [header_end, sample_end] : header_ends) {
        slices.push_back(header.slice(header_begin, header_end - header_begin));
        header_begin = header_end;
        for (; sample < sample_end; ++sample) {
            pending_bytes_ -= pending_[sample].payload.size();
            slices.push_back(std::move(pending_[sample].payload));
        }
    }
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));

    auto object = make_object(media_name(time_), content_type(), std::move(slices), cut.wall);
    const SegmentInfo info{time_, cut.next_time - time_, object->size};
    bandwidth_ = std::max(
        bandwidth_, static_cast<std::uint64_t>(static_cast<double>(info.size) * 8 * timescale() /
                                               static_cast<double>(info.duration)) +
                        1);
    written_.push_back({info, cut.number});
    ++segments_written_;
    time_ = cut.next_time;
    store_->put_segment(std::move(object), media_prefix_,
                        cut.last == mp4::LastSegment::yes ? "" : media_name(time_));
}

std::uint64_t SegmentWriter::last_cut() const noexcept {
    return written_.empty() ? 0 : written_.back().cut;
}

std::int64_t SegmentWriter::end_of_cut(std::uint64_t cut_number) const noexcept {
    for (auto segment = written_.rbegin(); segment != written_.rend(); ++segment) {
        if (segment->cut <= cut_number) return segment->info.time + segment->info.duration;
    }
    return time_;
}

std::uint64_t SegmentWriter::first_cut_after(std::int64_t time) const noexcept {
    for (const auto& segment : written_) {
        if (segment.info.time + segment.info.duration > time) return segment.cut;
    }
    return last_cut() + 1;
}

void SegmentWriter::remove_before(std::uint64_t cut_number, std::size_t extra) {
    while (written_.size() > extra && written_[extra].cut < cut_number) {
        store_->remove(media_name(written_.front().info.time));
        written_.pop_front();
    }
}

void SegmentWriter::remove_all() {
    if (init_name_.empty()) return;
    store_->set_next_segment(media_prefix_, "");
    for (const auto& segment : written_)
        store_->remove(media_name(segment.info.time));
    written_.clear();
    store_->remove(init_name_);
}

TrackSnapshot SegmentWriter::snapshot(std::uint64_t first_cut, std::uint64_t last_cut) const {
    TrackSnapshot track;
    track.info = setup_.description.info;
    track.timescale = timescale();
    track.codec_string = setup_.codec_string;
    track.bandwidth = bandwidth_;
    track.frame_rate_numerator = setup_.frame_rate.numerator;
    track.frame_rate_denominator = setup_.frame_rate.denominator;
    track.presentation_time_offset = origin_;
    track.starts_with_sap = every_segment_begins_with_sync_ ? 1 : 0;
    track.init_name = init_name_;
    track.media_prefix = media_prefix_;
    track.media_suffix = kMediaSuffix;
    track.segments.reserve(written_.size());
    for (const auto& segment : written_) {
        if (segment.cut >= first_cut && segment.cut <= last_cut) {
            track.segments.push_back(segment.info);
        }
    }
    return track;
}

/// The samples from `begin` on that make up one chunk.
std::size_t SegmentWriter::chunk_end(std::size_t begin, std::size_t count,
                                     std::int64_t end_dts) const {
    const auto target = rescale(setup_.chunk_duration.count(), 1000, timescale());
    if (target <= 0) return count;
    auto end = begin + 1;
    while (end < count && pending_[end].dts - pending_[begin].dts < target)
        ++end;
    // What is left must be worth a chunk of its own.
    if (end < count && end_dts - pending_[end].dts < target / 2) return count;
    return end;
}

std::string SegmentWriter::media_name(std::int64_t time) const {
    std::string name = media_prefix_;
    name += std::to_string(time);
    name += kMediaSuffix;
    return name;
}

std::string_view SegmentWriter::content_type() const noexcept {
    return setup_.description.info.kind == TrackKind::video ? "video/mp4" : "audio/mp4";
}

}  // namespace streamkit::cmaf
