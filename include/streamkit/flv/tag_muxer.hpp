#pragma once

// From media events to the bodies of FLV tags, or RTMP messages.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/flv/tag.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::flv {

/// A tag without its tag header: what an RTMP message carries. The body is `header`, then `payload`.
struct TagBody {
    TagType type = TagType::video;
    std::int64_t timestamp_ms = 0;  ///< decoding time; a muxer of 32 bits wraps it
    Bytes header;                   ///< the audio or video tag header, or the name of script data
    SharedBuffer payload;           ///< the event's own bytes, shared

    [[nodiscard]] std::size_t size() const noexcept { return header.size() + payload.size(); }
};

struct TagMuxerConfig {
    /// Of each kind, at most 256; a further one is an error.
    std::size_t max_tracks = 16;
};

/// The inverse of `TagDemuxer`.
///
/// H.264, AAC and MP3 get the classic headers that every peer reads; HEVC, AV1, VP8, VP9, Opus,
/// FLAC, AC-3 and E-AC-3 those of Enhanced RTMP. The first track of each kind is the stream's only
/// one to a classic peer; further ones become Multitrack packets.
class TagMuxer {
public:
    explicit TagMuxer(TagMuxerConfig config = {}) : config_(config) {}

    /// Makes the tag of one event: the sequence header of a `TrackInfo`, the frame of a `Packet`,
    /// the script data of a `Metadata`.
    ///
    /// A `TrackInfo` stands at the time of the last event before it. Nothing comes of a
    /// `TimedEvent`, an `EndOfStream`, or a `TrackInfo` without a codec configuration (MP3).
    ///
    /// @return `Errc::unsupported_codec`, `Errc::too_many_tracks`, `Errc::unknown_track` (a packet
    ///         before its `TrackInfo`) or `Errc::composition_time_out_of_range`
    [[nodiscard]] Result<std::optional<TagBody>> mux(const MediaEvent& event);

private:
    struct Track {
        TrackInfo info;
        std::uint8_t index;  // among the tracks of its kind
    };

    Result<std::optional<TagBody>> mux_track(const TrackInfo& info);
    Result<std::optional<TagBody>> mux_packet(const Packet& packet);
    std::optional<TagBody> mux_metadata(const Metadata& metadata);
    Result<Track> remember(const TrackInfo& info);

    TagMuxerConfig config_;
    std::vector<Track> tracks_;
    std::int64_t last_timestamp_ms_ = 0;
};

}  // namespace streamkit::flv
