#pragma once

// What a hub knows of itself, for APIs and logs.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "streamkit/base/time.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::live {

struct TrackStats {
    TrackInfo info;              ///< as last announced: codec, size, declared frame rate, …
    double frame_rate = 0;       ///< packets per second of media time, lately; 0: not known yet
    double bits_per_second = 0;  ///< that arrived over the last seconds
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  ///< of payload
};

struct StreamStats {
    std::string path;
    TimePoint started;
    std::vector<TrackStats> tracks;
    std::size_t viewers = 0;               ///< subscribers now
    std::uint64_t total_viewers = 0;       ///< subscribers since the start
    double bits_per_second = 0;            ///< all tracks
    std::uint64_t bytes = 0;               ///< of payload, all tracks
    std::uint64_t dropped_packets = 0;     ///< over all subscribers since the start
    std::uint64_t closed_subscribers = 0;  ///< those that stayed behind
    std::size_t gop_packets = 0;           ///< in the cache now
    std::size_t gop_bytes = 0;
};

struct HubStats {
    std::uint64_t total_streams = 0;   ///< since the hub was made
    std::size_t viewers = 0;           ///< of all streams now
    std::vector<StreamStats> streams;  ///< live now, sorted by path
};

}  // namespace streamkit::live
