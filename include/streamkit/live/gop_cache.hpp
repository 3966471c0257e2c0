#pragma once

// The packets since the last key frame, so that a new viewer sees a picture at once.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "streamkit/base/time.hpp"
#include "streamkit/live/queued_event.hpp"

namespace streamkit::live {

/// A group of pictures that goes over one of these is given up: new viewers then wait for the next
/// key frame.
struct GopCacheConfig {
    std::size_t max_bytes = 16 << 20;  ///< 0: no cache
    std::size_t max_packets = 4096;
    std::chrono::milliseconds max_duration{20'000};  ///< by the time of arrival
};

/// Begins anew with each key frame of the video track; holds the packets of all tracks since then.
class GopCache {
public:
    explicit GopCache(GopCacheConfig config = {}) : config_(config) {}

    /// @param event       holds a `Packet`
    /// @param starts_gop  it is a key frame of the video track
    void add(const EventPointer& event, bool starts_gop, TimePoint now);
    /// The packets of a track whose configuration has changed would mislead.
    void forget_track(TrackId track);
    void clear();

    /// In order of arrival, the key frame first; empty where there is none.
    [[nodiscard]] std::span<const EventPointer> events() const noexcept { return events_; }
    [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }
    /// Groups of pictures that went over a limit.
    [[nodiscard]] std::uint64_t overflows() const noexcept { return overflows_; }

private:
    GopCacheConfig config_;
    std::vector<EventPointer> events_;
    std::size_t size_bytes_ = 0;
    TimePoint begin_;
    std::uint64_t overflows_ = 0;
};

}  // namespace streamkit::live
