#include "streamkit/congestion/delivery_rate.hpp"

#include <algorithm>

namespace streamkit::congestion {

// draft-cheng-iccrg-delivery-rate-estimation, 3.2: transmitting a packet.
DeliveryState DeliveryRateSampler::on_sent(TimePoint now, std::uint32_t bytes,
                                           std::uint64_t in_flight) {
    if (in_flight == 0) {
        first_sent_time_ = now;
        delivered_time_ = now;
    }
    DeliveryState out;
    out.sent_time = now;
    out.first_sent_time = first_sent_time_;
    out.delivered_time = delivered_time_;
    out.delivered = delivered_;
    out.lost = lost_;
    out.in_flight = in_flight + bytes;
    out.bytes = bytes;
    out.app_limited = app_limited();
    return out;
}

void DeliveryRateSampler::begin_ack() noexcept { has_newest_ = false; }

// 3.3: upon receiving an ACK, for each packet that it newly acknowledges.
void DeliveryRateSampler::on_acked(TimePoint now, const DeliveryState& packet) noexcept {
    delivered_ += packet.bytes;
    delivered_time_ = now;
    const auto newer =
        !has_newest_ || packet.delivered > newest_.delivered ||
        (packet.delivered == newest_.delivered && packet.sent_time >= newest_.sent_time);
    if (!newer) return;
    has_newest_ = true;
    newest_ = packet;
    first_sent_time_ = packet.sent_time;
}

void DeliveryRateSampler::on_lost(const DeliveryState& packet) noexcept { lost_ += packet.bytes; }

// 3.3: the sample of the whole acknowledgement.
RateSample DeliveryRateSampler::finish_ack(Duration minimum_rtt) noexcept {
    if (app_limited_until_ != 0 && delivered_ > app_limited_until_) app_limited_until_ = 0;
    RateSample out;
    if (!has_newest_) return out;
    has_newest_ = false;
    out.delivered = delivered_ - newest_.delivered;
    out.lost = lost_ - newest_.lost;
    out.prior_delivered = newest_.delivered;
    out.prior_in_flight = newest_.in_flight;
    out.app_limited = newest_.app_limited;
    // The lesser of the rates at which the flight was sent and acknowledged: acknowledgements may
    // come compressed, packets may leave in bursts.
    const auto send_elapsed = newest_.sent_time - newest_.first_sent_time;
    const auto ack_elapsed = delivered_time_ - newest_.delivered_time;
    out.interval = std::max<Duration>(send_elapsed, ack_elapsed);
    // 3.3: shorter than a round trip is no measurement; with 0 there is none to be had.
    if (out.interval <= Duration::zero() || out.interval < minimum_rtt) return out;
    out.delivery_rate = Bandwidth::of(out.delivered, out.interval);
    return out;
}

void DeliveryRateSampler::on_app_limited(std::uint64_t in_flight) noexcept {
    app_limited_until_ = std::max<std::uint64_t>(delivered_ + in_flight, 1);
}

}  // namespace streamkit::congestion
