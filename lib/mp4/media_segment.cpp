#include "streamkit/mp4/media_segment.hpp"

#include <algorithm>

#include "box_writer.hpp"
#include "streamkit/base/assert.hpp"

namespace streamkit::mp4 {
namespace {

// tf_flags, ISO/IEC 14496-12, 8.8.7.1.
constexpr std::uint32_t kDefaultSampleDurationPresent = 0x000008;
constexpr std::uint32_t kDefaultSampleSizePresent = 0x000010;
constexpr std::uint32_t kDefaultSampleFlagsPresent = 0x000020;
constexpr std::uint32_t kDefaultBaseIsMoof = 0x020000;

// tr_flags, 8.8.8.1.
constexpr std::uint32_t kDataOffsetPresent = 0x000001;
constexpr std::uint32_t kFirstSampleFlagsPresent = 0x000004;
constexpr std::uint32_t kSampleDurationPresent = 0x000100;
constexpr std::uint32_t kSampleSizePresent = 0x000200;
constexpr std::uint32_t kSampleFlagsPresent = 0x000400;
constexpr std::uint32_t kSampleCompositionTimeOffsetsPresent = 0x000800;

/// What the samples of a run have in common stands once in tfhd, the rest in trun.
struct Layout {
    bool same_duration = true;
    bool same_size = true;
    bool same_flags = true;  ///< but for the first sample's
    bool first_flags_differ = false;
    bool composition_time_offsets = false;
    SampleFlags default_flags;

    explicit Layout(std::span<const Sample> samples)
        : default_flags(samples[samples.size() > 1 ? 1 : 0].flags) {
        const auto& first = samples[0];
        first_flags_differ = first.flags != default_flags;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const auto& sample = samples[i];
            same_duration = same_duration && sample.duration == first.duration;
            same_size = same_size && sample.size == first.size;
            same_flags = same_flags && (i == 0 || sample.flags == default_flags);
            composition_time_offsets =
                composition_time_offsets || sample.composition_time_offset != 0;
        }
    }

    [[nodiscard]] std::uint32_t tf_flags() const {
        std::uint32_t flags = kDefaultBaseIsMoof;
        if (same_duration) flags |= kDefaultSampleDurationPresent;
        if (same_size) flags |= kDefaultSampleSizePresent;
        if (same_flags) flags |= kDefaultSampleFlagsPresent;
        return flags;
    }
    [[nodiscard]] std::uint32_t tr_flags() const {
        std::uint32_t flags = kDataOffsetPresent;
        if (!same_duration) flags |= kSampleDurationPresent;
        if (!same_size) flags |= kSampleSizePresent;
        if (!same_flags) flags |= kSampleFlagsPresent;
        if (same_flags && first_flags_differ) flags |= kFirstSampleFlagsPresent;
        if (composition_time_offsets) flags |= kSampleCompositionTimeOffsetsPresent;
        return flags;
    }
};

void write_tfhd(ByteWriter& out, const ChunkHeader& chunk, const Layout& layout) {  // 8.8.7
    const BoxScope tfhd{out, FourCc{"tfhd"}, 0, layout.tf_flags()};
    out.u32(chunk.track_id);
    if (layout.same_duration) out.u32(chunk.samples[0].duration);
    if (layout.same_size) out.u32(chunk.samples[0].size);
    if (layout.same_flags) out.u32(static_cast<std::uint32_t>(layout.default_flags));
}

/// @return where data_offset stands
std::size_t write_trun(ByteWriter& out, const ChunkHeader& chunk, const Layout& layout) {  // 8.8.8
    // Version 1 has signed offsets; ISO/IEC 23000-19, 7.7.3 wants it for video.
    const std::uint8_t version = chunk.kind == TrackKind::video ? 1 : 0;
    STREAMKIT_ASSERT(version == 1 || !layout.composition_time_offsets);
    const BoxScope trun{out, FourCc{"trun"}, version, layout.tr_flags()};
    out.u32(static_cast<std::uint32_t>(chunk.samples.size()));
    const auto data_offset_at = out.size();
    out.u32(0);  // data_offset, patched
    if (layout.same_flags && layout.first_flags_differ) {
        out.u32(static_cast<std::uint32_t>(chunk.samples[0].flags));
    }
    for (const auto& sample : chunk.samples) {
        if (!layout.same_duration) out.u32(sample.duration);
        if (!layout.same_size) out.u32(sample.size);
        if (!layout.same_flags) out.u32(static_cast<std::uint32_t>(sample.flags));
        if (layout.composition_time_offsets) out.i32(sample.composition_time_offset);
    }
    return data_offset_at;
}

}  // namespace

void write_segment_type(ByteWriter& out, LastSegment last) {
    const BoxScope styp{out, FourCc{"styp"}};
    out.u32(FourCc{"msdh"}.value);  // major_brand: ISO/IEC 23009-1, 6.3.4.2
    out.u32(0);                     // minor_version
    out.u32(FourCc{"msdh"}.value);
    out.u32(FourCc{"cmfs"}.value);  // ISO/IEC 23000-19, 7.2
    if (last == LastSegment::yes) out.u32(FourCc{"lmsg"}.value);
}

void write_producer_reference_time(ByteWriter& out, TrackId track_id, std::uint64_t ntp_timestamp,
                                   std::uint64_t media_time) {
    constexpr std::uint32_t kCapturedByEncoder = 24;
    const BoxScope prft{out, FourCc{"prft"}, 1, kCapturedByEncoder};
    out.u32(track_id);
    out.u64(ntp_timestamp);
    out.u64(media_time);
}

void write_chunk_header(ByteWriter& out, const ChunkHeader& chunk) {
    STREAMKIT_ASSERT(!chunk.samples.empty() && chunk.base_media_decode_time >= 0);
    const Layout layout{chunk.samples};
    const auto begin = out.size();
    std::size_t data_offset_at = 0;
    {
        const BoxScope moof{out, FourCc{"moof"}};
        {
            const BoxScope mfhd{out, FourCc{"mfhd"}, 0, 0};
            out.u32(chunk.sequence_number);
        }
        const BoxScope traf{out, FourCc{"traf"}};
        write_tfhd(out, chunk, layout);
        {
            const BoxScope tfdt{out, FourCc{"tfdt"}, 1, 0};
            out.i64(chunk.base_media_decode_time);
        }
        data_offset_at = write_trun(out, chunk, layout);
    }
    std::uint64_t media_size = 0;
    for (const auto& sample : chunk.samples)
        media_size += sample.size;
    if (media_size + 8 <= 0xffffffff) {
        out.u32(static_cast<std::uint32_t>(media_size + 8));
        out.u32(FourCc{"mdat"}.value);
    } else {
        out.u32(1);  // largesize follows
        out.u32(FourCc{"mdat"}.value);
        out.u64(media_size + 16);
    }
    out.patch_u32(data_offset_at, static_cast<std::uint32_t>(out.size() - begin));
}

}  // namespace streamkit::mp4
