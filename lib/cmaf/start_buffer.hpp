#pragma once

// Holds the first packets until it is clear which tracks there are.

#include <cstdint>
#include <optional>
#include <vector>

#include "streamkit/base/time.hpp"
#include "streamkit/cmaf/packager.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::cmaf {

struct HeldPacket {
    Packet packet;
    TrackKind kind;
    WallTime wall;  ///< of its arrival
};

/// The packets from before a presentation begins, in order of arrival.
class StartBuffer {
public:
    void add(HeldPacket held, TimePoint now);
    /// @return how many packets there were
    std::size_t clear();

    [[nodiscard]] bool empty() const noexcept { return packets_.empty(); }
    [[nodiscard]] bool has(TrackKind kind) const noexcept;
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    /// Whether both tracks are there (and enough frames to measure the rate), or the wait is over.
    [[nodiscard]] bool is_complete(const PackagerConfig& config, bool frame_rate_known,
                                   TimePoint now) const;

    /// Presentation times, in ms; 0 if there is no packet.
    [[nodiscard]] std::int64_t earliest_ms() const;
    [[nodiscard]] std::int64_t latest_ms() const;

    /// Drops audio that comes so long before the first picture that it would only be a gap.
    ///
    /// @return how many packets
    std::size_t drop_leading_audio();
    /// What must be added to all times, in whole seconds, so that none is negative.
    [[nodiscard]] std::int64_t seconds_below_zero() const;
    [[nodiscard]] std::vector<std::int64_t> video_decoding_times_ms() const;

    [[nodiscard]] const std::vector<HeldPacket>& packets() const noexcept { return packets_; }
    [[nodiscard]] const HeldPacket* first(TrackKind kind) const noexcept;
    /// Hands the packets over; the buffer is empty afterwards.
    std::vector<HeldPacket> take();

private:
    std::vector<HeldPacket> packets_;
    std::size_t bytes_ = 0;
    TimePoint since_;
};

}  // namespace streamkit::cmaf
