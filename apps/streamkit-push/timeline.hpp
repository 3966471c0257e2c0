#pragma once

// One timeline from 0 on, out of a file that may begin anywhere and may be played again and again.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "streamkit/media/packet_source.hpp"

namespace streamkit::push {

enum class AtEnd { stop, begin_again };

/// Gives out the packets of a source with their times moved: the first decoding time is 0, and a
/// repetition goes on where the longest track of the one before has ended.
class Timeline {
public:
    Timeline(std::unique_ptr<PacketSource> source, AtEnd at_end)
        : source_(std::move(source)), at_end_(at_end) {}

    [[nodiscard]] std::span<const TrackInfo> tracks() const { return source_->tracks(); }
    /// The next packet; nothing at the end, which a repeated source has only if it takes no time.
    ///
    /// @return an error of the source
    Result<std::optional<Packet>> next();

private:
    using Nanoseconds = std::int64_t;
    /// A track in the current repetition, in the source's own time.
    struct TrackState {
        Nanoseconds last_dts = 0;
        Nanoseconds end = 0;  ///< as if the last packet were as long as the one before it
    };

    Result<void> find_origin();
    Result<std::optional<Packet>> next_of_pass();
    void note(const Packet& packet);
    [[nodiscard]] Nanoseconds length_of_pass() const;

    std::unique_ptr<PacketSource> source_;
    AtEnd at_end_;
    bool in_pass_ = false;
    std::deque<Packet> read_ahead_;
    Nanoseconds origin_ = 0;  ///< the source's first decoding time
    Nanoseconds base_ = 0;    ///< where this repetition begins
    std::map<TrackId, TrackState> states_;
};

}  // namespace streamkit::push
