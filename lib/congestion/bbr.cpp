// The model of the path, and what follows from it for the window and the rate.

#include "bbr.hpp"

#include <algorithm>
#include <chrono>

#include "bbr_parameters.hpp"

namespace streamkit::congestion {

using namespace bbr;
using namespace std::chrono_literals;

Bbr::Bbr(const ControllerConfig& config, RandomSource& random)
    : limits_{config},
      random_{random},
      pacing_gain_{kStartupPacingGain},
      cwnd_gain_{kDefaultCwndGain},
      cwnd_{limits_.initial()},
      pacing_rate_{Bandwidth::of(limits_.initial(), 1ms).times(kStartupPacingGain)},
      probe_rtt_interval_{kProbeRttInterval},
      cubic_{config, kCoexistBeta} {}

// On transmit.

void Bbr::on_sent(TimePoint, std::uint64_t, const DeliveryState& state) {
    // The counts of the connection: this controller may have come late.
    lost_ = std::max(lost_, state.lost);
    delivered_ = std::max(delivered_, state.delivered);
    if (state.in_flight + limits_.datagram() > cwnd_) cwnd_limited_ = true;
}

void Bbr::on_idle_restart(TimePoint now) {
    idle_restart_ = true;
    extra_acked_start_ = now;
    extra_acked_delivered_ = 0;
    round_time_ = now;
    round_delivered_ = delivered_;
    if (is_in_probe_bw()) set_pacing_rate(1);
}

// On every acknowledgement: the model and the state, then the control parameters.

void Bbr::on_ack(const AckEvent& event) {
    delivered_ = std::max(delivered_, event.delivered);
    if (smoothed_rtt_ <= 0ns && event.smoothed_rtt > 0ns) {
        // Until now the rate rested on an assumed round trip of 1 ms.
        pacing_rate_ = WindowLimits::rate(cwnd_, event.smoothed_rtt).times(kStartupPacingGain);
    }
    smoothed_rtt_ = event.smoothed_rtt;

    update_latest_delivery_signals(event);
    update_queue_signal(event);
    update_congestion_signals(event);
    update_ack_aggregation(event);
    check_full_bw_reached(event);
    check_startup_done(event);
    check_drain_done(event);
    update_probe_bw_cycle_phase(event);
    update_min_rtt(event);
    check_probe_rtt(event);
    update_neighbour(event);
    advance_latest_delivery_signals(event);
    bw_ = std::min(max_bw(), bw_lo_);

    if (state_ == State::coexist) {
        cubic_.on_ack(event);
        cwnd_ = limits_.clamp(cubic_.window());
        pacing_rate_ = cubic_.pacing_rate();
    } else {
        set_pacing_rate(pacing_gain_);
        set_cwnd(event);
    }
    if (round_start_) cwnd_limited_ = false;
}

void Bbr::update_latest_delivery_signals(const AckEvent& event) {
    loss_round_start_ = false;
    bw_latest_ = std::max(bw_latest_, event.rate.delivery_rate);
    inflight_latest_ = std::max(inflight_latest_, event.rate.delivered);
    if (event.rate.prior_delivered >= loss_round_delivered_) {
        loss_round_delivered_ = delivered_;
        loss_round_start_ = true;
    }
}

void Bbr::advance_latest_delivery_signals(const AckEvent& event) {
    if (!loss_round_start_) return;
    bw_latest_ = event.rate.delivery_rate;
    inflight_latest_ = event.rate.delivered;
}

void Bbr::update_round(const AckEvent& event) {
    round_start_ = event.rate.prior_delivered >= next_round_delivered_;
    if (!round_start_) return;
    start_round();
    ++rounds_since_bw_probe_;
}

void Bbr::start_round() { next_round_delivered_ = delivered_; }

void Bbr::update_congestion_signals(const AckEvent& event) {
    update_round(event);
    const auto rate = event.rate.delivery_rate;
    if (event.rate.valid() && !rate.is_infinite() && (rate >= max_bw() || !event.rate.app_limited))
        bw_filter_[0] = std::max(bw_filter_[0], rate);

    // The losses of packets that left before the cruise were answered by Drain or ProbeBW_DOWN.
    if (state_ == State::probe_bw_cruise && cruise_rounds_ >= kCruiseSettlingRounds &&
        is_inflight_too_high(event.rate.lost, event.rate.prior_in_flight))
        congested_in_round_ = true;
    if (event.new_ce_marks > 0) {
        // Who marks has a queue and no loss to tell of it.
        congested_in_round_ = true;
        if (state_ == State::startup) full_bw_reached_ = full_bw_now_ = true;
        if (bw_probe_samples_)
            handle_inflight_too_high(event.now, event.prior_in_flight, event.rate.app_limited);
    }
    if (!loss_round_start_) return;
    adapt_lower_bounds();
    loss_in_round_ = false;
    congested_in_round_ = false;
    loss_events_ = 0;
}

void Bbr::adapt_lower_bounds() {
    // The draft does this for any loss in a round: with 1 % of random loss, in each round, and the
    // rate sinks from probe to probe. See is_inflight_too_high.
    if (!congested_in_round_ || is_probing_bw() || state_ == State::coexist) return;
    if (bw_lo_.is_infinite()) bw_lo_ = max_bw();
    if (inflight_lo_ == kInfinite) inflight_lo_ = cwnd_;
    bw_lo_ = std::max(bw_latest_, bw_lo_.times(kBeta));
    inflight_lo_ = std::max(inflight_latest_, scaled(inflight_lo_, kBeta));
}

void Bbr::reset_congestion_signals() {
    loss_in_round_ = false;
    congested_in_round_ = false;
    loss_events_ = 0;
    bw_latest_ = {};
    inflight_latest_ = 0;
}

void Bbr::reset_lower_bounds() {
    bw_lo_ = Bandwidth::infinite();
    inflight_lo_ = kInfinite;
}

Bandwidth Bbr::max_bw() const noexcept { return std::max(bw_filter_[0], bw_filter_[1]); }

void Bbr::advance_max_bw_filter() noexcept {
    if (bw_filter_[0] == Bandwidth{}) return;
    bw_filter_[1] = bw_filter_[0];
    bw_filter_[0] = {};
}

void Bbr::update_ack_aggregation(const AckEvent& event) {
    if (round_start_ && ++extra_acked_rounds_ >= (full_bw_reached_ ? kExtraAckedRounds : 1)) {
        extra_acked_rounds_ = 0;
        extra_acked_filter_[1] = extra_acked_filter_[0];
        extra_acked_filter_[0] = 0;
    }
    auto expected = bw_.bytes_in(event.now - extra_acked_start_);
    if (extra_acked_delivered_ <= expected) {
        extra_acked_delivered_ = 0;
        extra_acked_start_ = event.now;
        expected = 0;
    }
    extra_acked_delivered_ += event.acked_bytes;
    const auto extra = std::min(extra_acked_delivered_ - expected, cwnd_);
    extra_acked_filter_[0] = std::max(extra_acked_filter_[0], extra);
}

std::uint64_t Bbr::extra_acked() const noexcept {
    return std::max(extra_acked_filter_[0], extra_acked_filter_[1]);
}

void Bbr::update_min_rtt(const AckEvent& event) {
    const auto now = event.now;
    probe_rtt_expired_ =
        probe_rtt_min_delay_ != Duration::max() && now - probe_rtt_min_stamp_ > probe_rtt_interval_;
    if (event.rtt) {
        const auto rtt = std::max(*event.rtt, Duration{1});
        if (rtt < probe_rtt_min_delay_ || probe_rtt_expired_) {
            probe_rtt_min_delay_ = rtt;
            probe_rtt_min_stamp_ = now;
        } else if (rtt <= probe_rtt_min_delay_ + probe_rtt_min_delay_ / kMinRttTolerance) {
            // Ours: as each cycle of ProbeBW empties the queue, ProbeRTT is rarely needed; but the
            // samples that show it are a little above the least one there ever was.
            probe_rtt_min_stamp_ = now;
            min_rtt_stamp_ = now;
        }
    }
    const auto min_rtt_expired = now - min_rtt_stamp_ > kMinRttFilterLength;
    if (probe_rtt_min_delay_ < min_rtt_ || min_rtt_expired) {
        min_rtt_ = probe_rtt_min_delay_;
        min_rtt_stamp_ = probe_rtt_min_stamp_;
    }
}

// On losses.

void Bbr::on_lost(TimePoint now, const LostPacket& packet) {
    lost_ += packet.state.bytes;
    if (!loss_in_round_) {
        loss_in_round_ = true;
        loss_round_delivered_ = delivered_;
        undo_ = Undo{state_, bw_lo_, inflight_lo_, inflight_hi_, 0};
    }
    if (undo_) ++undo_->losses;
    if (loss_events_ == 0 || packet.packet_number != last_lost_number_ + 1) ++loss_events_;
    last_lost_number_ = packet.packet_number;
    note_clear_delivery(0, packet.state.bytes);
    if (state_ == State::coexist && has_queue()) {
        cubic_.on_lost(now, packet);
        cwnd_ = limits_.clamp(cubic_.window());
        pacing_rate_ = cubic_.pacing_rate();
    }
    if (!bw_probe_samples_) return;
    const auto lost = lost_ - std::min(lost_, packet.state.lost);
    if (is_inflight_too_high(lost, packet.state.in_flight))
        handle_inflight_too_high(now, inflight_at_loss(packet, lost), packet.state.app_limited);
}

std::uint64_t Bbr::inflight_at_loss(const LostPacket& packet, std::uint64_t lost) const {
    // BBRInflightAtLoss: where in the flight of this packet the threshold was crossed.
    const auto bytes = std::uint64_t{packet.state.bytes};
    const auto prior_in_flight = packet.state.in_flight - std::min(packet.state.in_flight, bytes);
    const auto prior_lost = static_cast<double>(lost - std::min(lost, bytes));
    const auto allowed = static_cast<double>(prior_in_flight) * kLossThreshold;
    const auto prefix = (allowed - prior_lost) / (1 - kLossThreshold);
    return prior_in_flight + (prefix > 0 ? static_cast<std::uint64_t>(prefix) : 0);
}

void Bbr::handle_inflight_too_high(TimePoint now, std::uint64_t inflight_at_loss,
                                   bool app_limited) {
    bw_probe_samples_ = false;  // react once for each probe
    if (!app_limited) {
        const auto target = std::min(inflight(bw_, 1), cwnd_);
        inflight_hi_ = std::max(inflight_at_loss, scaled(target, kBeta));
    }
    if (state_ == State::probe_bw_up) start_probe_bw_down(now);
}

void Bbr::on_spurious_loss(TimePoint now, const LostPacket& packet) {
    const auto bytes = std::uint64_t{packet.state.bytes};
    lost_ -= std::min(lost_, bytes);
    clear_lost_ -= std::min(clear_lost_, bytes);
    if (state_ == State::coexist) cubic_.on_spurious_loss(now, packet);
    if (!undo_ || undo_->losses == 0 || --undo_->losses > 0) return;
    // None of the losses was one.
    loss_in_round_ = false;
    congested_in_round_ = false;
    reset_full_bw();
    bw_lo_ = std::max(bw_lo_, undo_->bw_lo);
    inflight_lo_ = std::max(inflight_lo_, undo_->inflight_lo);
    inflight_hi_ = std::max(inflight_hi_, undo_->inflight_hi);
    if (undo_->state == State::startup && state_ == State::drain) {
        full_bw_reached_ = false;
        enter(State::startup);
    } else if (undo_->state == State::probe_bw_up && state_ == State::probe_bw_down) {
        enter(State::probe_bw_up);
    }
    undo_.reset();
}

void Bbr::on_persistent_congestion(TimePoint now) {
    // The model is kept: acknowledgements, once they come again, let the window grow back to it.
    undo_.reset();
    if (state_ == State::coexist) cubic_.on_persistent_congestion(now);
    cwnd_ = limits_.minimum();
}

// Control parameters.

std::uint64_t Bbr::bdp(Bandwidth bw, double gain) const noexcept {
    if (min_rtt_ == Duration::max()) return limits_.initial();
    // Ours: what is lost on the way was in flight and took its part of the bottleneck's time.
    return std::min(scaled(bw.bytes_in(min_rtt_), gain / (1 - clear_loss())),
                    4 * limits_.maximum());
}

std::uint64_t Bbr::quantized(std::uint64_t bytes) const noexcept {
    // Room for what pacing sends at once, and for what waits to be acknowledged.
    const auto burst = std::max(pacing_rate_.bytes_in(1ms), 2 * limits_.datagram());
    const auto floor = std::max(3 * std::min(burst, limits_.maximum()), limits_.minimum());
    return std::max(bytes, floor) + (state_ == State::probe_bw_up ? 2 * limits_.datagram() : 0);
}

std::uint64_t Bbr::inflight(Bandwidth bw, double gain) const noexcept {
    return quantized(bdp(bw, gain));
}

std::uint64_t Bbr::inflight_with_headroom() const noexcept {
    if (inflight_hi_ == kInfinite) return kInfinite;
    const auto headroom = std::max(limits_.datagram(), scaled(inflight_hi_, kHeadroom));
    return std::max(inflight_hi_ - std::min(inflight_hi_, headroom), limits_.minimum());
}

std::uint64_t Bbr::probe_rtt_cwnd() const noexcept {
    return std::max(bdp(bw_, kProbeRttCwndGain), limits_.minimum());
}

void Bbr::set_pacing_rate(double gain) {
    const auto yields = state_ == State::probe_bw_cruise && queue_rounds_ > 0;
    const auto base = yields ? std::min(bw_, rate_at_queue_) : bw_;
    if (base == Bandwidth{}) return;
    // Never slower than the least window a round trip: a model that went wrong could not recover.
    const auto floor =
        WindowLimits::rate(limits_.minimum(), std::max<Duration>(smoothed_rtt_, 1ms));
    const auto rate = std::max(base.times(gain * kPacingMargin / (1 - clear_loss())), floor);
    if (full_bw_reached_ || rate > pacing_rate_) pacing_rate_ = rate;
}

void Bbr::set_cwnd(const AckEvent& event) {
    const auto max_inflight = quantized(bdp(bw_, cwnd_gain_) + extra_acked());
    // Ours: no packet conservation in recovery. What leaves is paced by the model, and with random
    // loss there always is something to recover.
    const auto grown = cwnd_ + std::min(event.acked_bytes, limits_.maximum());
    if (full_bw_reached_)
        cwnd_ = std::min(grown, max_inflight);
    else if (cwnd_ < max_inflight || delivered_ < limits_.initial())
        cwnd_ = grown;
    if (state_ == State::probe_rtt) cwnd_ = std::min(cwnd_, probe_rtt_cwnd());
    bound_cwnd_for_model();
    cwnd_ = limits_.clamp(cwnd_);
}

void Bbr::bound_cwnd_for_model() {
    auto cap = kInfinite;
    if (is_in_probe_bw() && state_ != State::probe_bw_cruise)
        cap = inflight_hi_;
    else if (state_ == State::probe_rtt || state_ == State::probe_bw_cruise)
        cap = inflight_with_headroom();
    cwnd_ = std::min(cwnd_, std::max(std::min(cap, inflight_lo_), limits_.minimum()));
}

void Bbr::set_max_datagram_bytes(std::uint32_t bytes) {
    limits_.set_max_datagram_bytes(bytes);
    cubic_.set_max_datagram_bytes(bytes);
    cwnd_ = limits_.clamp(cwnd_);
}

}  // namespace streamkit::congestion
