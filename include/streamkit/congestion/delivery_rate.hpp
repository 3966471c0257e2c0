#pragma once

// How fast the path delivers, measured by acknowledgements.

#include <cstdint>

#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"

namespace streamkit::congestion {

/// What has to be kept with each packet in flight to make a rate sample of its acknowledgement.
struct DeliveryState {
    TimePoint sent_time{};
    TimePoint first_sent_time{};  ///< when the window that this packet belongs to began
    TimePoint delivered_time{};   ///< when `delivered` was last counted up
    std::uint64_t delivered = 0;  ///< bytes acknowledged until the packet was sent
    std::uint64_t lost = 0;       ///< bytes lost until then
    std::uint64_t in_flight = 0;  ///< bytes in flight right after it was sent, itself included
    std::uint32_t bytes = 0;      ///< its size
    bool app_limited = false;     ///< the sender had nothing more to send then
};

/// What one acknowledgement tells of the path.
struct RateSample {
    Bandwidth delivery_rate;            ///< 0: no valid sample
    Duration interval{};                ///< the time over which it was taken
    std::uint64_t delivered = 0;        ///< bytes delivered in that time
    std::uint64_t lost = 0;             ///< bytes lost in that time
    std::uint64_t prior_delivered = 0;  ///< `delivered` when the newest acknowledged packet left
    std::uint64_t prior_in_flight = 0;  ///< bytes in flight when that packet left
    bool app_limited = false;
    [[nodiscard]] bool valid() const noexcept { return delivery_rate.bytes_per_second() != 0; }
};

/// Samples the delivery rate: the lesser of the send rate and the acknowledgement rate over the
/// flight of a packet.
///
/// Use: `on_sent` for each packet; for each acknowledgement `begin_ack`, `on_acked` for each newly
/// acknowledged packet, `on_lost` for each packet found lost, then `finish_ack`.
///
/// @see draft-cheng-iccrg-delivery-rate-estimation, section 3
class DeliveryRateSampler {
public:
    /// A packet leaves.
    ///
    /// @param in_flight  bytes in flight before it
    /// @return what is to be kept with it
    [[nodiscard]] DeliveryState on_sent(TimePoint now, std::uint32_t bytes,
                                        std::uint64_t in_flight);
    void begin_ack() noexcept;
    void on_acked(TimePoint now, const DeliveryState& packet) noexcept;
    void on_lost(const DeliveryState& packet) noexcept;
    /// @param minimum_rtt  samples over a shorter time are invalid
    [[nodiscard]] RateSample finish_ack(Duration minimum_rtt) noexcept;
    /// There was window and no data: what is in flight now does not show what the path can do.
    void on_app_limited(std::uint64_t in_flight) noexcept;

    [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
    [[nodiscard]] bool app_limited() const noexcept { return app_limited_until_ != 0; }

private:
    std::uint64_t delivered_ = 0;
    std::uint64_t lost_ = 0;
    TimePoint delivered_time_{};
    TimePoint first_sent_time_{};
    std::uint64_t app_limited_until_ = 0;  // in delivered bytes; 0: not limited
    // Of the acknowledgement at hand.
    bool has_newest_ = false;
    DeliveryState newest_{};
};

}  // namespace streamkit::congestion
