#pragma once

// From the bodies of FLV tags, or RTMP messages, to media events.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/flv/tag.hpp"
#include "streamkit/flv/tag_body.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::flv {

struct TagDemuxerConfig {
    /// A longer sequence header is an error.
    std::size_t max_codec_config_bytes = 64 * 1024;
    /// Longer script data is dropped and counted as malformed.
    std::size_t max_script_data_bytes = 256 * 1024;
    /// Of each kind; what has a higher trackId is dropped and counted as unsupported.
    std::size_t max_tracks = 16;
};

/// What was met and not passed on; a peer's odd habits show here.
struct TagDemuxerStats {
    std::uint64_t empty_tags = 0;      ///< no body, or nothing behind its header
    std::uint64_t malformed_tags = 0;  ///< shorter than their header, or against the specification
    std::uint64_t unsupported_tags = 0;           ///< of a codec or a kind that we do not know
    std::uint64_t packets_before_config = 0;      ///< dropped, as no sequence header came before
    std::uint64_t repeated_sequence_headers = 0;  ///< equal to the last one
    std::uint64_t sequence_ends = 0;              ///< AVC end of sequence and the like

    friend bool operator==(const TagDemuxerStats&, const TagDemuxerStats&) = default;
};

/// Turns tag bodies into `TrackInfo`, `Packet` and `Metadata` events.
///
/// The video track has id 1, the audio track id 2 (further ones of Enhanced RTMP: see
/// `video_track_id`); their timescale is 1000. A track is announced by its sequence header, and
/// again when that changes; MP3 and other codecs without one by their first packet. A packet's
/// payload is a slice of the tag body.
///
/// Malformed tags are skipped and counted, as players do; only an unusable sequence header is an
/// error, because nothing of the track could be played. The demuxer stays usable after an error.
class TagDemuxer {
public:
    explicit TagDemuxer(TagDemuxerConfig config = {}) : config_(config) {}

    /// Takes one tag.
    ///
    /// @param timestamp_ms  decoding time, unwrapped
    /// @param body          what follows the tag header; kept alive by the packets made of it
    /// @return `Errc::config_too_large`, or the error of the AVCDecoderConfigurationRecord, its SPS
    ///         or the AudioSpecificConfig; the track's packets are dropped until a better one comes
    Result<void> handle_tag(TagType type, std::int64_t timestamp_ms, SharedBuffer body);

    /// The next event in order of arrival, or nothing.
    [[nodiscard]] std::optional<MediaEvent> poll_event();

    [[nodiscard]] const TagDemuxerStats& stats() const noexcept { return stats_; }

private:
    Result<void> handle_part(TagType type, const TagPart& part, std::int64_t timestamp_ms,
                             const SharedBuffer& body);
    Result<void> handle_sequence_start(TrackInfo info);
    void handle_coded_frames(const TagPart& part, TrackInfo info, std::int64_t timestamp_ms,
                             SharedBuffer payload);
    void handle_script_data(std::int64_t timestamp_ms, const SharedBuffer& body);
    void announce(const TrackInfo& info);
    [[nodiscard]] const TrackInfo* find_track(TrackId id) const noexcept;

    TagDemuxerConfig config_;
    TagDemuxerStats stats_;
    std::vector<TrackInfo> tracks_;  // as they were announced last
    VideoFormat on_meta_data_;       // for codec configurations that do not say it themselves
    std::deque<MediaEvent> events_;
};

}  // namespace streamkit::flv
