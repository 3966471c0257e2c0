#pragma once

// The headers of CMAF media segments. Media is not copied: a segment is a gather list of these
// headers and of the samples themselves.

#include <cstdint>
#include <span>

#include "streamkit/base/byte_writer.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::mp4 {

/// sample_flags of ISO/IEC 14496-12, 8.8.3.1, as far as they are used.
enum class SampleFlags : std::uint32_t {
    sync = 0x02000000,         ///< sample_depends_on 2: on no other
    independent = 0x02010000,  ///< the same, but no sync sample (an I picture of an open GOP)
    dependent = 0x01010000,    ///< sample_depends_on 1, sample_is_non_sync_sample
};

/// One sample of a track run, in ticks of the track's timescale.
struct Sample {
    std::uint32_t duration = 0;
    std::uint32_t size = 0;                    ///< bytes
    std::int32_t composition_time_offset = 0;  ///< presentation time minus decoding time
    SampleFlags flags = SampleFlags::sync;

    friend bool operator==(const Sample&, const Sample&) = default;
};

/// The movie fragment of one chunk.
struct ChunkHeader {
    std::uint32_t sequence_number = 1;  ///< from 1, growing within the track
    TrackId track_id = 1;
    TrackKind kind = TrackKind::video;
    std::int64_t base_media_decode_time = 0;  ///< of the first sample; not negative
    std::span<const Sample> samples;          ///< at least one
};

/// Whether more segments follow in the presentation.
enum class LastSegment : bool { no, yes };

/// Writes styp: the first box of a segment. The last one has the brand `lmsg` too.
void write_segment_type(ByteWriter& out, LastSegment last);

/// Writes prft, in front of a chunk: this wall clock belongs to this media time.
///
/// @param ntp_timestamp  64 bits as in RFC 5905, section 6, of the moment when the sample with
///                       `media_time` was put in
/// @see ISO/IEC 14496-12, 8.16.5
void write_producer_reference_time(ByteWriter& out, TrackId track_id, std::uint64_t ntp_timestamp,
                                   std::uint64_t media_time);

/// Writes moof and the header of the mdat; the samples follow, in order and without gaps.
///
/// All sample properties stand in tfhd and trun, none in trex (ISO/IEC 23000-19, 7.7.3).
void write_chunk_header(ByteWriter& out, const ChunkHeader& chunk);

/// What `write_chunk_header` needs at most, for reserving.
[[nodiscard]] constexpr std::size_t max_chunk_header_bytes(std::size_t samples) noexcept {
    return 128 + 16 * samples;
}

}  // namespace streamkit::mp4
