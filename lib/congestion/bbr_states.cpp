// The states: Startup, Drain, the four parts of ProbeBW, ProbeRTT.

#include <algorithm>

#include "bbr.hpp"
#include "bbr_parameters.hpp"

namespace streamkit::congestion {

using namespace bbr;

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

// Startup: it ends when the rate grows no more, or when the queue overflows.

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
    // Ours: a queue confirms that the pipe is full, and a round less of it is a shorter one. Two
    // rounds there must be: beside a full queue the rate grows by fits and starts.
    full_bw_now_ = full_bw_count_ >= kFullBwRounds ||
                   (full_bw_count_ >= kFullBwRoundsWithQueue && has_queue());
    if (full_bw_now_) full_bw_reached_ = true;
}

void Bbr::check_startup_done(const AckEvent& event) {
    if (state_ != State::startup) return;
    if (!full_bw_reached_ && loss_round_start_ && loss_events_ >= kStartupFullLossCount &&
        is_inflight_too_high(event.rate.lost, event.rate.prior_in_flight)) {
        full_bw_reached_ = true;
        full_bw_now_ = true;
        inflight_hi_ = std::max(bdp(max_bw(), 1), inflight_latest_);
    }
    if (full_bw_reached_) enter(State::drain);
}

// Drain: what Startup put into the queue leaves it.

void Bbr::check_drain_done(const AckEvent& event) {
    if (state_ == State::drain && event.in_flight <= inflight(max_bw(), 1))
        start_probe_bw_down(event.now);
}

// ProbeBW: down, cruise, refill, up.

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
    up_rounds_ = 0;
    up_rtt_ = recent_rtt_;
    enter(State::probe_bw_up);
    raise_inflight_hi_slope();
}

void Bbr::update_probe_bw_cycle_phase(const AckEvent& event) {
    if (!full_bw_reached_) return;
    adapt_long_term_model(event);
    switch (state_) {
        case State::probe_bw_down:
            if (is_time_to_probe_bw(event.now)) return start_probe_bw_refill();
            if (round_start_) ++down_rounds_;
            // Ours: not for ever. A queue that does not go is not ours: see cruise_round.
            if (is_time_to_cruise(event) || down_rounds_ >= kMaxDownRounds) start_probe_bw_cruise();
            return;
        case State::probe_bw_cruise:
            if (is_time_to_probe_bw(event.now)) start_probe_bw_refill();
            return;
        case State::probe_bw_refill:
            // After a round without lower bounds the pipe is full, and losses say how full.
            if (!round_start_) return;
            bw_probe_samples_ = true;
            return start_probe_bw_up(event);
        case State::probe_bw_up:
            if (is_time_to_go_down(event)) return start_probe_bw_down(event.now);
            // Ours: a small share of a free path doubles at each round instead of growing by 1/4.
            if (round_start_ && ++up_rounds_ >= kSteadyUpRounds)
                pacing_gain_ = std::min(pacing_gain_ * kUpAcceleration, kMaxUpPacingGain);
            return;
        case State::startup:
        case State::drain:
        case State::probe_rtt:
        case State::coexist:
            return;
    }
}

bool Bbr::is_time_to_probe_bw(TimePoint now) const {
    // As often as Reno would lose a packet on such a path, and at least every few seconds.
    const auto reno_rounds = std::min(kMaxRenoRounds, inflight(bw_, 1) / limits_.datagram());
    const auto elapsed = now - cycle_stamp_;
    if (elapsed < bw_probe_wait_ && rounds_since_bw_probe_ < reno_rounds) return false;
    // Ours: while someone else probes, wait a while, or we measure each other.
    return !has_queue() || elapsed >= 2 * bw_probe_wait_;
}

void Bbr::pick_probe_wait() {
    rounds_since_bw_probe_ = random_.below(2);
    bw_probe_wait_ = kProbeWait + milliseconds{random_.below(kProbeWaitSpread)};
    if (shared_) bw_probe_wait_ /= kSharedProbeDivisor;
    shared_ = false;
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
    // Ours: the draft goes on until the rate has not grown for three rounds; a queue that has grown
    // by an eighth of a round trip says the same sooner. And as it takes as many bytes whoever
    // makes it, every flow adds the same to its share by a probe, which is what makes shares equal.
    const auto grown = recent_rtt_ > up_rtt_ &&
                       recent_rtt_ - up_rtt_ > std::max(min_rtt_ / kRoundQueueDivisor, kQueueFloor);
    return full_bw_now_ || (grown && event.in_flight > inflight(max_bw(), 1));
}

void Bbr::adapt_long_term_model(const AckEvent& event) {
    if (ack_phase_ == AckPhase::probe_starting && round_start_)
        ack_phase_ = AckPhase::probe_feedback;
    if (ack_phase_ == AckPhase::probe_stopping && round_start_) {
        bw_probe_samples_ = false;
        ack_phase_ = AckPhase::init;
        // One cycle of the bandwidth filter is over.
        if (is_in_probe_bw() && !event.rate.app_limited) advance_max_bw_filter();
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
    const auto packets = bw_probe_up_acks_ / probe_up_count_;
    bw_probe_up_acks_ -= packets * probe_up_count_;
    inflight_hi_ = std::min(inflight_hi_ + packets * limits_.datagram(), 4 * limits_.maximum());
    if (round_start_) raise_inflight_hi_slope();
}

void Bbr::raise_inflight_hi_slope() {
    // 1, 2, 4, ... packets a round.
    constexpr int kMaxDoublings = 30;
    probe_up_count_ = std::max(cwnd_ >> bw_probe_up_rounds_, limits_.datagram());
    bw_probe_up_rounds_ = std::min(bw_probe_up_rounds_ + 1, kMaxDoublings);
}

// ProbeRTT: for a moment so little is in flight that the queue shows what it is without us.

void Bbr::check_probe_rtt(const AckEvent& event) {
    if (state_ != State::probe_rtt && probe_rtt_expired_ && !idle_restart_) enter_probe_rtt();
    if (state_ == State::probe_rtt) handle_probe_rtt(event);
    if (event.rate.delivered > 0) idle_restart_ = false;
}

void Bbr::enter_probe_rtt() {
    prior_cwnd_ = cwnd_;
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
    if (!probe_rtt_round_done_ || event.now <= *probe_rtt_done_stamp_) return;
    probe_rtt_min_stamp_ = event.now;  // the next one is due an interval from now
    exit_probe_rtt(event.now);
}

void Bbr::exit_probe_rtt(TimePoint now) {
    cwnd_ = std::max(cwnd_, prior_cwnd_);
    reset_lower_bounds();
    if (!full_bw_reached_) return enter(State::startup);
    start_probe_bw_down(now);
    start_probe_bw_cruise();
}

}  // namespace streamkit::congestion
