// Ours: what is congestion and what is chance, who else is in the queue, and how to live with him.
//
// The draft takes more than 2 % of loss in a round for congestion, whatever the round trips say. It
// cannot tell a radio link from a full queue, and beside CUBIC, who loses one packet in thousands,
// it sees no congestion at all. What tells them apart is the queue:
//
// - Random loss comes at any round trip. It is measured while there is no queue and we do not
//   probe; so much is the path's own and never an answer to what we send.
// - A queue that is ours goes as soon as we send less. If it stays, we send at 0.85 of our rate and
//   look at what we get. Where all give way, the rates keep their proportions while the queue lasts:
//   we get what we got. Where one does not, he takes the place that we leave: we get less.
// - Beside one who does not give way we do as he does: the window is CUBIC's, and loses what it
//   loses when the queue overflows, and only then.
//
// docs/decisions/0011 has the figures.

#include <algorithm>

#include "bbr.hpp"
#include "bbr_parameters.hpp"

namespace streamkit::congestion {

using namespace bbr;

// Is there a queue?

void Bbr::update_queue_signal(const AckEvent& event) {
    if (event.rtt) {
        if (bucket_samples_ >= kBucketSamples || event.now - bucket_start_ > smoothed_rtt_ / 4) {
            last_bucket_rtt_ = bucket_rtt_;
            bucket_rtt_ = Duration::max();
            bucket_samples_ = 0;
            bucket_start_ = event.now;
        }
        const auto rtt = std::max(*event.rtt, Duration{1});
        bucket_rtt_ = std::min(bucket_rtt_, rtt);
        round_rtt_ = std::min(round_rtt_, rtt);
        ++bucket_samples_;
        recent_rtt_ = std::min(bucket_rtt_, last_bucket_rtt_);
    }
    note_clear_delivery(event.acked_bytes, 0);
}

bool Bbr::has_queue() const noexcept {
    if (recent_rtt_ == Duration::max() || min_rtt_ == Duration::max()) return false;
    return recent_rtt_ - min_rtt_ > std::max(min_rtt_ / kQueueDivisor, kQueueFloor);
}

// What loss is the path's own?

void Bbr::note_clear_delivery(std::uint64_t acked, std::uint64_t lost) noexcept {
    if (is_probing_bw() || has_queue()) return;
    clear_acked_ += std::min(acked, kClearMemory);
    clear_lost_ += lost;
    if (clear_acked_ + clear_lost_ <= kClearMemory) return;
    clear_acked_ /= 2;
    clear_lost_ /= 2;
}

double Bbr::clear_loss() const noexcept {
    if (clear_lost_ == 0) return 0;
    const auto sent = static_cast<double>(clear_acked_) + static_cast<double>(clear_lost_);
    return std::min(static_cast<double>(clear_lost_) / sent, kMaxClearLoss);
}

bool Bbr::is_inflight_too_high(std::uint64_t lost, std::uint64_t in_flight) const noexcept {
    const auto usual = kClearLossScatter * clear_loss();
    if (lost > scaled(in_flight, kLossWithoutQueue + usual) + kScatterPackets * limits_.datagram())
        return true;
    return has_queue() &&
           lost > scaled(in_flight, kLossThreshold + usual) + kScatterPackets * limits_.datagram();
}

// Whose queue is it?

void Bbr::update_neighbour(const AckEvent& event) {
    if (state_ == State::probe_bw_cruise)
        pacing_gain_ = queue_rounds_ > 0 && has_queue() ? kYieldGain : 1;
    const auto elapsed = event.now - round_time_;
    if (!round_start_ || elapsed <= Duration::zero()) return;
    const auto clear =
        round_rtt_ == Duration::max() || min_rtt_ == Duration::max() ||
        round_rtt_ - min_rtt_ <= std::max(min_rtt_ / kRoundQueueDivisor, kQueueFloor);
    const auto rate = Bandwidth::of(delivered_ - round_delivered_, elapsed);
    round_rtt_ = Duration::max();
    round_delivered_ = delivered_;
    round_time_ = event.now;
    if (state_ == State::probe_bw_cruise)
        cruise_round(event, clear, rate);
    else if (state_ == State::coexist)
        coexist_round(event, clear);
}

void Bbr::cruise_round(const AckEvent& event, bool clear, Bandwidth rate) {
    ++cruise_rounds_;
    if (coexist_left_ && event.now - *coexist_left_ > kWindowMemory)
        probe_rtt_interval_ = kProbeRttInterval;
    // An application that sends less than it may learns nothing about its share.
    if (clear || event.rate.app_limited) {
        if (queue_rounds_ >= kRoundsToShare) take_share();
        queue_rounds_ = 0;
        return;
    }
    if (++queue_rounds_ == 1) {
        rate_at_queue_ = rate;
        inflight_at_queue_ = event.in_flight;
    }
    const auto taken = rate < rate_at_queue_.times(kTakenFrom);
    if ((queue_rounds_ >= kRoundsToJudge && taken) || queue_rounds_ >= kMaxYieldRounds)
        enter_coexist(event.now);
}

/// All have given way. What we had while the queue stood is our share, whatever we had when there
/// was more; where others are, each keeps a part of it, and takes the rest back by probing.
void Bbr::take_share() {
    shared_ = rate_at_queue_ < max_bw().times(kAloneRate);
    const auto own_probe = cruise_rounds_ - queue_rounds_ <= kOwnQueueRounds;
    bw_filter_[0] = rate_at_queue_.times(shared_ && !own_probe ? kShareBeta : 1);
    bw_filter_[1] = {};
}

// Beside a neighbour who fills the queue.

void Bbr::enter_coexist(TimePoint now) {
    enter(State::coexist);
    ack_phase_ = AckPhase::init;
    bw_probe_samples_ = false;
    queue_rounds_ = 0;
    reset_lower_bounds();
    const auto away = coexist_left_ ? Duration{now - *coexist_left_} : Duration::max();
    if (away > kSameEncounter) {
        const auto usual = scaled(max_bw().bytes_in(recent_rtt_), kResumeShare);
        cubic_.resume(std::max(inflight_at_queue_, usual),
                      away > kWindowMemory ? 0 : cubic_.window());
    }
    probe_rtt_interval_ = away > kWindowMemory ? kFirstCoexistInterval : kProbeRttInterval;
}

void Bbr::coexist_round(const AckEvent& event, bool clear) {
    coexist_left_ = event.now;
    if (clear) return start_probe_bw_down(event.now);  // he is gone, or has lost much
    if (++queue_rounds_ % kCoexistFilterRounds == 0) advance_max_bw_filter();
}

}  // namespace streamkit::congestion
