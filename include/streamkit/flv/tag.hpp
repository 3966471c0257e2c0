#pragma once

// Names and numbers of FLV tags that demuxer and muxer share.

#include <cstddef>
#include <cstdint>

#include "streamkit/media/media_event.hpp"

namespace streamkit::flv {

/// FLV 10.1, E.4.1: TagType. RTMP 1.0, 7.1: the message types of the same numbers.
enum class TagType : std::uint8_t { audio = 8, video = 9, script_data = 18 };

/// Bytes of the header in front of every tag body (FLV 10.1, E.4.1).
inline constexpr std::size_t kTagHeaderBytes = 11;

/// The ticks per second of every FLV time.
inline constexpr std::uint32_t kTimescale = 1000;

/// The `TrackId` of a video track: 1 for the only or first one (Enhanced RTMP trackId 0), then odd
/// numbers.
[[nodiscard]] constexpr TrackId video_track_id(std::uint8_t track_index) noexcept {
    return 1 + 2 * TrackId{track_index};
}
/// The `TrackId` of an audio track: 2 for the only or first one, then even numbers.
[[nodiscard]] constexpr TrackId audio_track_id(std::uint8_t track_index) noexcept {
    return 2 + 2 * TrackId{track_index};
}

}  // namespace streamkit::flv
