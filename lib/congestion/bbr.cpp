#include "bbr.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace streamkit::congestion {

namespace {

using namespace std::chrono_literals;

constexpr double kPacingMargin = 0.99;
constexpr double kStartupPacingGain = 2.77;
constexpr double kDrainPacingGain = 0.5;
constexpr double kDefaultCwndGain = 2;
constexpr double kUpCwndGain = 2.25;
constexpr double kDownPacingGain = 0.75;
constexpr double kUpPacingGain = 1.25;
constexpr double kLossThreshold = 0.02;
constexpr double kBeta = 0.7;
constexpr double kHeadroom = 0.15;
constexpr std::uint64_t kStartupFullLossCount = 6;
constexpr double kFullBwGrowth = 1.25;
constexpr int kFullBwRounds = 3;
constexpr int kFullBwRoundsWithQueue = 2;
constexpr Duration kMinRttFilterLength = 10s;
constexpr Duration kProbeRttInterval = 5s;
constexpr Duration kProbeRttDuration = 200ms;
constexpr double kProbeRttCwndGain = 0.5;
constexpr int kSharedRounds = 2;
constexpr double kShareBeta = 0.9;
constexpr double kUpAcceleration = 1.25;
constexpr double kMaxUpPacingGain = 2;
constexpr int kOwnQueueRounds = 3;
constexpr int kSteadyUpRounds = 2;
constexpr double kAloneRate = 0.95;
constexpr double kDrainCruiseGain = 0.85;
constexpr Duration kCoexistMemory = 2s;
constexpr double kCoexistBeta = 0.75;
constexpr double kResumeShare = 0.85;
constexpr Duration kWindowMemory = 10s;
constexpr Duration kFirstCoexistInterval = 2500ms;
constexpr Duration kMaxCoexistInterval = 10s;
constexpr std::uint64_t kExtraAckedRounds = 5;  // in each of the two spans of the filter

std::uint64_t scaled(std::uint64_t value, double factor) noexcept {
    return static_cast<std::uint64_t>(static_cast<double>(value) * factor);
}

}  // namespace

Bbr::Bbr(const ControllerConfig& config, RandomSource& random)
    : limits_{config},
      random_{random},
      pacing_gain_{kStartupPacingGain},
      cwnd_gain_{kDefaultCwndGain},
      cwnd_{limits_.initial()},
      pacing_rate_{Bandwidth::of(limits_.initial(), 1ms).times(kStartupPacingGain)},
      cubic_{config, kCoexistBeta} {}

void Bbr::on_sent(TimePoint, std::uint64_t, const DeliveryState& state) {
    lost_ = std::max(lost_, state.lost);
    delivered_ = std::max(delivered_, state.delivered);
    if (state.in_flight + limits_.datagram() > cwnd_) cwnd_limited_ = true;
}

void Bbr::on_ack(const AckEvent& event) {
    delivered_ = std::max(delivered_, event.delivered);
    if (smoothed_rtt_ == 0ns && event.smoothed_rtt > 0ns)
        pacing_rate_ = Bandwidth::of(cwnd_, event.smoothed_rtt).times(kStartupPacingGain);
    smoothed_rtt_ = event.smoothed_rtt;
    update_latest_delivery_signals(event);
    update_queue_signal(event);
    if (!is_probing_bw() && !has_queue()) {
        clear_acked_ += event.acked_bytes;
        if (clear_acked_ + clear_lost_ > (1U << 21)) {
            clear_acked_ /= 2;
            clear_lost_ /= 2;
        }
    }
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
    bound_bw_for_model();

    if (state_ == State::coexist) {
        cubic_.on_ack(event);
        cwnd_ = limits_.clamp(cubic_.window());
        pacing_rate_ = cubic_.pacing_rate();
        if (round_start_) cwnd_limited_ = false;
        return;
    }
    set_pacing_rate(pacing_gain_);
    set_cwnd(event);
    if (round_start_) cwnd_limited_ = false;
}

// Signals.

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

void Bbr::update_queue_signal(const AckEvent& event) {
    if (!event.rtt) return;
    constexpr int kSamples = 8;
    if (bucket_samples_ >= kSamples || event.now - bucket_start_ > smoothed_rtt_ / 4) {
        last_bucket_rtt_ = bucket_rtt_;
        bucket_rtt_ = Duration::max();
        bucket_samples_ = 0;
        bucket_start_ = event.now;
    }
    bucket_rtt_ = std::min(bucket_rtt_, *event.rtt);
    round_rtt_ = std::min(round_rtt_, *event.rtt);
    ++bucket_samples_;
    recent_rtt_ = std::min(bucket_rtt_, last_bucket_rtt_);
}

bool Bbr::has_queue() const noexcept {
    return recent_rtt_ != Duration::max() && min_rtt_ != Duration::max() &&
           recent_rtt_ > min_rtt_ + std::max<Duration>(min_rtt_ / 10, 1ms);
}

void Bbr::update_round(const AckEvent& event) {
    round_start_ = event.rate.prior_delivered >= next_round_delivered_;
    if (!round_start_) return;
    start_round();
    ++round_count_;
    ++rounds_since_bw_probe_;
}

void Bbr::start_round() { next_round_delivered_ = delivered_; }

void Bbr::update_congestion_signals(const AckEvent& event) {
    update_round(event);
    const auto rate = event.rate.delivery_rate;
    if (event.rate.valid() && (rate >= max_bw() || !event.rate.app_limited))
        bw_filter_[0] = std::max(bw_filter_[0], rate);
    // Losses of packets that left before the cruise have been answered by Drain or ProbeBW_DOWN.
    if (state_ == State::probe_bw_cruise && cruise_rounds_ >= 3 &&
        is_inflight_too_high(event.rate.lost, event.rate.prior_in_flight))
        congested_in_round_ = true;
    if (!loss_round_start_) return;
    adapt_lower_bounds();
    loss_in_round_ = false;
    congested_in_round_ = false;
    losses_in_round_ = 0;
}

void Bbr::adapt_lower_bounds() {
    if (!congested_in_round_) return;
    if (bw_lo_.is_infinite()) bw_lo_ = max_bw();
    if (inflight_lo_ == kInfinite) inflight_lo_ = cwnd_;
    bw_lo_ = std::max(bw_latest_, bw_lo_.times(kBeta));
    inflight_lo_ = std::max(inflight_latest_, scaled(inflight_lo_, kBeta));
}

void Bbr::reset_congestion_signals() {
    loss_in_round_ = false;
    losses_in_round_ = 0;
    bw_latest_ = {};
    inflight_latest_ = 0;
}

void Bbr::reset_lower_bounds() {
    bw_lo_ = Bandwidth::infinite();
    inflight_lo_ = kInfinite;
}

void Bbr::update_ack_aggregation(const AckEvent& event) {
    if (round_start_ && ++extra_acked_rounds_ >= (full_bw_reached_ ? kExtraAckedRounds : 1)) {
        extra_acked_rounds_ = 0;
        extra_acked_filter_[1] = extra_acked_filter_[0];
        extra_acked_filter_[0] = 0;
    }
    auto expected = bw_.bytes_in(std::max<Duration>(event.now - extra_acked_start_, 0ns));
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

// Startup and Drain.

void Bbr::reset_full_bw() {
    full_bw_ = {};
    full_bw_count_ = 0;
    full_bw_now_ = false;
}

void Bbr::check_full_bw_reached(const AckEvent& event) {
    if (full_bw_now_ || event.rate.app_limited) return;
    if (event.rate.delivery_rate >= full_bw_.times(kFullBwGrowth)) {
        reset_full_bw();
        full_bw_ = event.rate.delivery_rate;
        return;
    }
    if (!round_start_) return;
    ++full_bw_count_;
    full_bw_now_ = full_bw_count_ >= kFullBwRounds ||
                   (full_bw_count_ >= kFullBwRoundsWithQueue && has_queue());
    if (full_bw_now_) full_bw_reached_ = true;
}

void Bbr::check_startup_done(const AckEvent& event) {
    if (state_ != State::startup) return;
    // The loss exit.
    if (!full_bw_reached_ && loss_round_start_ && losses_in_round_ >= kStartupFullLossCount &&
        has_queue() && is_inflight_too_high(event.rate.lost, event.rate.prior_in_flight)) {
        full_bw_reached_ = true;
        full_bw_now_ = true;
        inflight_hi_ = std::max(bdp(max_bw(), 1), inflight_latest_);
    }
    if (full_bw_reached_) enter_drain();
}

void Bbr::enter_drain() { enter(State::drain); }

void Bbr::check_drain_done(const AckEvent& event) {
    if (state_ == State::drain && event.in_flight <= inflight(max_bw(), 1))
        start_probe_bw_down(event.now);
}

void Bbr::enter(State state) {
    state_ = state;
    cwnd_gain_ = kDefaultCwndGain;
    pacing_gain_ = 1;
    switch (state) {
        case State::startup:
            pacing_gain_ = kStartupPacingGain;
            break;
        case State::drain:
            pacing_gain_ = kDrainPacingGain;
            break;
        case State::probe_bw_down:
            pacing_gain_ = kDownPacingGain;
            break;
        case State::probe_bw_up:
            pacing_gain_ = kUpPacingGain;
            cwnd_gain_ = kUpCwndGain;
            break;
        case State::probe_rtt:
            cwnd_gain_ = kProbeRttCwndGain;
            break;
        case State::probe_bw_cruise:
        case State::probe_bw_refill:
        case State::coexist:
            break;
    }
}

// ProbeBW.

bool Bbr::is_in_probe_bw() const noexcept {
    return state_ == State::probe_bw_down || state_ == State::probe_bw_cruise ||
           state_ == State::probe_bw_refill || state_ == State::probe_bw_up;
}

bool Bbr::is_probing_bw() const noexcept {
    return state_ == State::startup || state_ == State::probe_bw_refill ||
           state_ == State::probe_bw_up;
}

void Bbr::start_probe_bw_down(TimePoint now) {
    reset_congestion_signals();
    probe_up_count_ = kInfinite;
    pick_probe_wait();
    cycle_stamp_ = now;
    ack_phase_ = AckPhase::probe_stopping;
    start_round();
    down_rounds_ = 0;
    enter(State::probe_bw_down);
}

void Bbr::start_probe_bw_cruise() {
    queue_rounds_ = 0;
    cruise_rounds_ = 0;
    congested_in_round_ = false;
    enter(State::probe_bw_cruise);
}

void Bbr::start_probe_bw_refill() {
    reset_lower_bounds();
    bw_probe_up_rounds_ = 0;
    bw_probe_up_acks_ = 0;
    ack_phase_ = AckPhase::refilling;
    start_round();
    enter(State::probe_bw_refill);
}

void Bbr::start_probe_bw_up(const AckEvent& event) {
    ack_phase_ = AckPhase::probe_starting;
    start_round();
    reset_full_bw();
    full_bw_ = event.rate.delivery_rate;
    enter(State::probe_bw_up);
    raise_inflight_hi_slope();
    up_rtt_ = recent_rtt_;
    up_rounds_ = 0;
}

void Bbr::update_probe_bw_cycle_phase(const AckEvent& event) {
    if (!full_bw_reached_) return;
    adapt_long_term_model(event);
    if (!is_in_probe_bw()) return;
    switch (state_) {
        case State::probe_bw_down:
            if (check_time_to_probe_bw(event.now)) return;
            if (round_start_) ++down_rounds_;
            if (is_time_to_cruise(event) || down_rounds_ >= 4) start_probe_bw_cruise();
            break;
        case State::probe_bw_cruise:
            (void)check_time_to_probe_bw(event.now);
            break;
        case State::probe_bw_refill:
            // After one round without queue and lower bounds the pipe is full.
            if (round_start_) {
                bw_probe_samples_ = true;
                start_probe_bw_up(event);
            }
            break;
        case State::probe_bw_up:
            if (is_time_to_go_down(event))
                start_probe_bw_down(event.now);
            else if (round_start_ && ++up_rounds_ >= kSteadyUpRounds)
                pacing_gain_ = std::min(pacing_gain_ * kUpAcceleration, kMaxUpPacingGain);
            break;
        default:
            break;
    }
}

bool Bbr::check_time_to_probe_bw(TimePoint now) {
    // As often as Reno would lose a packet on such a path, and at least every few seconds.
    const auto reno_rounds = std::min<std::uint64_t>(63, inflight(bw_, 1) / limits_.datagram());
    if (now - cycle_stamp_ < bw_probe_wait_ && rounds_since_bw_probe_ < reno_rounds) return false;
    if (has_queue() && now - cycle_stamp_ < 2 * bw_probe_wait_) return false;
    start_probe_bw_refill();
    return true;
}

bool Bbr::is_time_to_cruise(const AckEvent& event) const {
    return event.in_flight <= inflight_with_headroom() && event.in_flight <= inflight(max_bw(), 1);
}

bool Bbr::is_time_to_go_down(const AckEvent& event) {
    if (cwnd_limited_ && cwnd_ >= inflight_hi_) {
        reset_full_bw();
        full_bw_ = event.rate.delivery_rate;
        return false;
    }
    if (recent_rtt_ > up_rtt_ + std::max<Duration>(min_rtt_ / 8, 1ms) &&
        event.in_flight > inflight(max_bw(), 1))
        return true;
    return full_bw_now_;
}

void Bbr::pick_probe_wait() {
    rounds_since_bw_probe_ = random_.below(2);
    bw_probe_wait_ = 2s + std::chrono::milliseconds{random_.below(1000)};
    if (shared_) bw_probe_wait_ /= 4;
    shared_ = false;
}

void Bbr::adapt_long_term_model(const AckEvent& event) {
    if (ack_phase_ == AckPhase::probe_starting && round_start_)
        ack_phase_ = AckPhase::probe_feedback;
    if (ack_phase_ == AckPhase::probe_stopping && round_start_) {
        bw_probe_samples_ = false;
        ack_phase_ = AckPhase::init;
        // One cycle of the bandwidth filter is over.
        if (is_in_probe_bw() && !event.rate.app_limited) {
            if (bw_filter_[0] > Bandwidth{}) {
                bw_filter_[1] = bw_filter_[0];
                bw_filter_[0] = {};
            }
        }
    }
    if (is_inflight_too_high(event.rate.lost, event.rate.prior_in_flight)) {
        if (bw_probe_samples_)
            handle_inflight_too_high(event.now, event.rate.prior_in_flight, event.rate.app_limited);
        return;
    }
    if (inflight_hi_ == kInfinite) return;
    inflight_hi_ = std::max(inflight_hi_, event.rate.prior_in_flight);
    if (state_ == State::probe_bw_up) probe_inflight_hi_upward(event);
}

void Bbr::probe_inflight_hi_upward(const AckEvent& event) {
    if (!cwnd_limited_ || cwnd_ < inflight_hi_) return;
    bw_probe_up_acks_ += event.acked_bytes;
    if (bw_probe_up_acks_ >= probe_up_count_) {
        const auto packets = bw_probe_up_acks_ / probe_up_count_;
        bw_probe_up_acks_ -= packets * probe_up_count_;
        inflight_hi_ += packets * limits_.datagram();
    }
    if (round_start_) raise_inflight_hi_slope();
}

void Bbr::raise_inflight_hi_slope() {
    const auto growth_this_round = limits_.datagram() << bw_probe_up_rounds_;
    bw_probe_up_rounds_ = std::min(bw_probe_up_rounds_ + 1, 30);
    probe_up_count_ = std::max(scaled(cwnd_, static_cast<double>(limits_.datagram()) /
                                                 static_cast<double>(growth_this_round)),
                               limits_.datagram());
}

double Bbr::clear_loss() const noexcept {
    return std::min(
        0.2, static_cast<double>(clear_lost_) /
                 static_cast<double>(std::max<std::uint64_t>(clear_lost_ + clear_acked_, 1)));
}

bool Bbr::is_inflight_too_high(std::uint64_t lost, std::uint64_t inflight) const {
    const auto clear = clear_loss();
    if (lost > scaled(inflight, 0.2 + 2 * clear)) return true;
    return has_queue() &&
           lost > scaled(inflight, kLossThreshold + 2 * clear) + 2 * limits_.datagram();
}

void Bbr::handle_inflight_too_high(TimePoint now, std::uint64_t inflight_at_loss,
                                   bool app_limited) {
    bw_probe_samples_ = false;
    if (!app_limited) {
        const auto target = std::min(inflight(bw_, 1), cwnd_);
        inflight_hi_ = std::max(inflight_at_loss, scaled(target, kBeta));
    }
    if (state_ == State::probe_bw_up) start_probe_bw_down(now);
}

// Losses.

void Bbr::on_lost(TimePoint now, const LostPacket& packet) {
    lost_ += packet.state.bytes;
    if (!loss_in_round_) {
        loss_in_round_ = true;
        save_undo_state();
        loss_round_delivered_ = delivered_;
    }
    if (losses_in_round_ == 0 || packet.packet_number != last_lost_number_ + 1) ++losses_in_round_;
    last_lost_number_ = packet.packet_number;
    if (!is_probing_bw() && !has_queue()) clear_lost_ += packet.state.bytes;
    if (state_ == State::coexist && has_queue()) cubic_.on_lost(now, packet);
    if (!bw_probe_samples_) return;
    const auto lost = lost_ - std::min(lost_, packet.state.lost);
    if (!is_inflight_too_high(lost, packet.state.in_flight)) return;
    // Where in the flight of this packet the threshold was crossed.
    const auto prior_in_flight =
        packet.state.in_flight -
        std::min<std::uint64_t>(packet.state.in_flight, packet.state.bytes);
    const auto prior_lost = lost - std::min<std::uint64_t>(lost, packet.state.bytes);
    const auto allowed = static_cast<double>(prior_in_flight) * kLossThreshold;
    const auto prefix =
        std::max(0.0, (allowed - static_cast<double>(prior_lost)) / (1 - kLossThreshold));
    handle_inflight_too_high(now, prior_in_flight + static_cast<std::uint64_t>(prefix),
                             packet.state.app_limited);
}

void Bbr::save_undo_state() { undo_ = Undo{state_, bw_lo_, inflight_lo_, inflight_hi_}; }

void Bbr::on_spurious_loss(TimePoint now, const LostPacket& packet) {
    lost_ -= std::min<std::uint64_t>(lost_, packet.state.bytes);
    if (!undo_) return;
    loss_in_round_ = false;
    reset_full_bw();
    bw_lo_ = std::max(bw_lo_, undo_->bw_lo);
    inflight_lo_ = std::max(inflight_lo_, undo_->inflight_lo);
    inflight_hi_ = std::max(inflight_hi_, undo_->inflight_hi);
    (void)now;
    if (state_ != State::probe_rtt && state_ != undo_->state) {
        if (undo_->state == State::startup) {
            full_bw_reached_ = false;
            enter(State::startup);
        } else if (undo_->state == State::probe_bw_up) {
            enter(State::probe_bw_up);
        }
    }
    undo_.reset();
}

void Bbr::on_persistent_congestion(TimePoint) {
    undo_.reset();
    prior_cwnd_ = cwnd_;
    cwnd_ = limits_.minimum();
}

// Coexistence.

void Bbr::update_neighbour(const AckEvent& event) {
    if (state_ == State::probe_bw_cruise)
        pacing_gain_ = queue_rounds_ > 0 && has_queue() ? kDrainCruiseGain : 1;
    if (!round_start_) return;
    const auto clear = round_rtt_ == Duration::max() || min_rtt_ == Duration::max() ||
                       round_rtt_ <= min_rtt_ + std::max<Duration>(min_rtt_ / 8, 1ms);
    const auto rate = Bandwidth::of(delivered_ - round_delivered_, event.now - round_time_);
    round_delivered_ = delivered_;
    round_time_ = event.now;
    round_rtt_ = Duration::max();
    if (state_ == State::probe_bw_cruise) {
        ++cruise_rounds_;
        if (coexist_left_ && event.now - *coexist_left_ > kWindowMemory)
            probe_rtt_interval_ = kProbeRttInterval;
        if (clear) {
            if (queue_rounds_ >= kSharedRounds) {
                // Everyone has given way: what we got meanwhile is our share.
                shared_ = rate_at_queue_ < max_bw().times(kAloneRate);
                bw_filter_[0] = rate_at_queue_.times(
                    shared_ && cruise_rounds_ - queue_rounds_ > kOwnQueueRounds ? kShareBeta : 1);
                bw_filter_[1] = {};
            }
            queue_rounds_ = 0;
        } else {
            if (++queue_rounds_ == 1) {
                rate_at_queue_ = rate;
                inflight_at_queue_ = event.in_flight;
            }
            if ((queue_rounds_ >= 3 && rate < rate_at_queue_.times(0.93)) || queue_rounds_ >= 10)
                enter_coexist(event.now);
        }
    } else if (state_ == State::coexist) {
        coexist_left_ = event.now;
        if (clear)
            start_probe_bw_down(event.now);
        else if (++queue_rounds_ % 16 == 0 && bw_filter_[0] > Bandwidth{}) {
            bw_filter_[1] = bw_filter_[0];
            bw_filter_[0] = {};
        }
    }
}

void Bbr::enter_coexist(TimePoint now) {
    enter(State::coexist);
    ack_phase_ = AckPhase::init;
    bw_probe_samples_ = false;
    reset_lower_bounds();
    const auto away = coexist_left_ ? now - *coexist_left_ : Duration::max();
    if (away > kCoexistMemory)
        cubic_.resume(
            std::max(inflight_at_queue_, scaled(max_bw().bytes_in(recent_rtt_), kResumeShare)),
            away > kWindowMemory ? 0 : cubic_.window());
    probe_rtt_interval_ = away > kWindowMemory
                              ? kFirstCoexistInterval
                              : std::min(2 * probe_rtt_interval_, kMaxCoexistInterval);
}

// MinRTT and ProbeRTT.

void Bbr::update_min_rtt(const AckEvent& event) {
    const auto now = event.now;
    probe_rtt_expired_ =
        now - probe_rtt_min_stamp_ > probe_rtt_interval_ && probe_rtt_min_delay_ != Duration::max();
    if (event.rtt) {
        if (*event.rtt < probe_rtt_min_delay_ || probe_rtt_expired_) {
            probe_rtt_min_delay_ = *event.rtt;
            probe_rtt_min_stamp_ = now;
        } else if (*event.rtt <= probe_rtt_min_delay_ + probe_rtt_min_delay_ / 32) {
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

void Bbr::check_probe_rtt(const AckEvent& event) {
    if (state_ != State::probe_rtt && probe_rtt_expired_ && !idle_restart_) enter_probe_rtt();
    if (state_ == State::probe_rtt) handle_probe_rtt(event);
    if (event.rate.delivered > 0) idle_restart_ = false;
}

void Bbr::enter_probe_rtt() {
    prior_cwnd_ = std::max(prior_cwnd_, cwnd_);
    enter(State::probe_rtt);
    probe_rtt_done_stamp_.reset();
    ack_phase_ = AckPhase::probe_stopping;
    start_round();
}

void Bbr::handle_probe_rtt(const AckEvent& event) {
    if (!probe_rtt_done_stamp_) {
        if (event.in_flight > probe_rtt_cwnd()) return;
        probe_rtt_done_stamp_ = event.now + kProbeRttDuration;
        probe_rtt_round_done_ = false;
        start_round();
        return;
    }
    if (round_start_) probe_rtt_round_done_ = true;
    if (probe_rtt_round_done_ && event.now > *probe_rtt_done_stamp_) {
        probe_rtt_min_stamp_ = event.now;
        exit_probe_rtt(event.now);
    }
}

void Bbr::exit_probe_rtt(TimePoint now) {
    cwnd_ = std::max(cwnd_, prior_cwnd_);
    prior_cwnd_ = 0;
    probe_rtt_done_stamp_.reset();
    reset_lower_bounds();
    if (!full_bw_reached_) {
        enter(State::startup);
        return;
    }
    start_probe_bw_down(now);
    start_probe_bw_cruise();
}

void Bbr::on_idle_restart(TimePoint now) {
    idle_restart_ = true;
    extra_acked_start_ = now;
    extra_acked_delivered_ = 0;
    if (is_in_probe_bw()) set_pacing_rate(1);
}

void Bbr::set_max_datagram_bytes(std::uint32_t bytes) {
    limits_.set_max_datagram_bytes(bytes);
    cwnd_ = limits_.clamp(cwnd_);
}

// Control parameters.

Bandwidth Bbr::max_bw() const noexcept { return std::max(bw_filter_[0], bw_filter_[1]); }

void Bbr::bound_bw_for_model() { bw_ = std::min(max_bw(), bw_lo_); }

std::uint64_t Bbr::bdp(Bandwidth bw, double gain) const noexcept {
    if (min_rtt_ == Duration::max()) return limits_.initial();
    return scaled(bw.bytes_in(min_rtt_), gain / (1 - clear_loss()));
}

std::uint64_t Bbr::quantized(std::uint64_t bytes) const noexcept {
    // Room for what pacing sends at once, and what is on its way to be acknowledged.
    const auto burst = std::max(pacing_rate_.bytes_in(1ms), 2 * limits_.datagram());
    auto out = std::max({bytes, 3 * burst, limits_.minimum()});
    if (state_ == State::probe_bw_up) out += 2 * limits_.datagram();
    return out;
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
    const auto base =
        state_ == State::probe_bw_cruise && queue_rounds_ > 0 ? std::min(bw_, rate_at_queue_) : bw_;
    const auto rate = base.times(gain * kPacingMargin / (1 - clear_loss()));
    if (rate.bytes_per_second() == 0) return;
    if (full_bw_reached_ || rate > pacing_rate_) pacing_rate_ = rate;
}

void Bbr::set_cwnd(const AckEvent& event) {
    max_inflight_ = quantized(bdp(bw_, cwnd_gain_) + extra_acked());
    if (full_bw_reached_)
        cwnd_ = std::min(cwnd_ + event.acked_bytes, max_inflight_);
    else if (cwnd_ < max_inflight_ || delivered_ < limits_.initial())
        cwnd_ += event.acked_bytes;
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
    cap = std::max(std::min(cap, inflight_lo_), limits_.minimum());
    cwnd_ = std::min(cwnd_, cap);
}

std::string_view Bbr::phase() const noexcept {
    switch (state_) {
        case State::startup:
            return "startup";
        case State::drain:
            return "drain";
        case State::probe_bw_down:
            return "probe_bw_down";
        case State::probe_bw_cruise:
            return "probe_bw_cruise";
        case State::probe_bw_refill:
            return "probe_bw_refill";
        case State::probe_bw_up:
            return "probe_bw_up";
        case State::probe_rtt:
            return "probe_rtt";
        case State::coexist:
            return "coexist";
    }
    return "unknown";
}

}  // namespace streamkit::congestion
