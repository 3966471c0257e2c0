#include "background.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace streamkit::congestion {

namespace {

using namespace std::chrono_literals;

// RFC 6817, 2.5: TARGET is at most 100 ms; LEDBAT++ has 60 ms. Both take a share from a neighbour
// who keeps the queue shorter than that, which BBR does, so ours is a part of the round trip: when
// BBR fills the pipe, what we have in the queue is all we have.
constexpr int kTargetDivisor = 24;
constexpr Duration kMinTarget = 1500us;
constexpr Duration kMaxTarget = 15ms;
constexpr int kFilterSamples = 8;  // RFC 6817, 2.4.2: CURRENT_FILTER; and half a round trip
constexpr int kJitterWeight = 16;

constexpr double kLossFactor = 0.5;   // RFC 6817, 2.4.2
constexpr double kGrowth = 1.0 / 16;  // of the window a round trip, without a queue
constexpr double kGrowthAfterYield = 1.0 / 64;
constexpr Duration kYieldMemory = 10s;
constexpr double kForeignQueue = 2;  // times the target
constexpr int kSettlingRtts = 20;    // until the queue of our own slow start is gone

// LEDBAT++, 4.4, has 9 times the length of the last slowdown, for a tenth of the rate. Our queue is
// short enough for others to see the base by themselves, so it may be a twenty-fifth.
constexpr int kSlowdownSpacing = 24;
constexpr int kMinSlowdownSpacingRtts = 10;
constexpr int kSlowdownRtts = 2;

constexpr double kPacingGain = 1.25;  // RFC 9002, 7.7
constexpr double kSlowStartPacingGain = 2;

constexpr auto kNoThreshold = std::numeric_limits<std::uint64_t>::max();

}  // namespace

Background::Background(const ControllerConfig& config)
    : limits_{config},
      cwnd_{limits_.clamp(2 * limits_.datagram())},  // RFC 6817, 2.4.2: INIT_CWND
      window_{static_cast<double>(cwnd_)},
      ssthresh_{kNoThreshold} {}

void Background::on_sent(TimePoint, std::uint64_t, const DeliveryState&) {}

Duration Background::target() const noexcept {
    if (base_rtt_ == Duration::max()) return kMaxTarget;
    return std::clamp<Duration>(base_rtt_ / kTargetDivisor + jitter_, kMinTarget, kMaxTarget);
}

Duration Background::queue_delay() const noexcept {
    if (filtered_rtt_ == Duration::max() || base_rtt_ == Duration::max()) return 0ns;
    return std::max<Duration>(filtered_rtt_ - base_rtt_, 0ns);
}

void Background::update_delay(const AckEvent& event) {
    if (!event.rtt) return;
    if (last_rtt_ > 0ns) {
        const auto difference =
            *event.rtt > last_rtt_ ? *event.rtt - last_rtt_ : last_rtt_ - *event.rtt;
        jitter_ += (difference - jitter_) / kJitterWeight;
    }
    last_rtt_ = *event.rtt;
    base_rtt_ = std::min(base_rtt_, *event.rtt);
    current_base_ = std::min(current_base_, *event.rtt);
    if (bucket_samples_ >= kFilterSamples && event.now - bucket_start_ >= smoothed_rtt_ / 2) {
        last_bucket_rtt_ = bucket_rtt_;
        bucket_rtt_ = Duration::max();
        bucket_samples_ = 0;
        bucket_start_ = event.now;
    }
    bucket_rtt_ = std::min(bucket_rtt_, *event.rtt);
    ++bucket_samples_;
    filtered_rtt_ = std::min(bucket_rtt_, last_bucket_rtt_);
}

void Background::on_ack(const AckEvent& event) {
    if (event.smoothed_rtt > 0ns) smoothed_rtt_ = event.smoothed_rtt;
    update_delay(event);
    const auto reacted = recovery_start_ && event.now - *recovery_start_ < smoothed_rtt_;
    if (event.new_ce_marks > 0 && !reacted) decrease(event.now);
    switch (state_) {
        case State::slow_start:
        case State::recovery:
            grow_by_slow_start(event);
            break;
        case State::steady:
            steer(event);
            if (next_slowdown_ && event.now >= *next_slowdown_) start_slowdown(event.now);
            break;
        case State::slowdown:
            if (event.now >= slowdown_until_) {
                // What was seen since the last slowdown replaces what was seen before it: a base
                // that has grown is found here.
                if (current_base_ != Duration::max()) base_rtt_ = current_base_;
                current_base_ = Duration::max();
                state_ = State::recovery;
            }
            break;
    }
}

void Background::grow_by_slow_start(const AckEvent& event) {
    // LEDBAT++, 4.3: exit at 3/4 of the target.
    if (queue_delay() > target() * 3 / 4 || cwnd_ >= ssthresh_) return enter_steady(event.now);
    if (event.prior_in_flight * 2 < cwnd_) return;  // RFC 9002, 7.8: a window that is not used
    set_window(window_ + static_cast<double>(event.acked_bytes));
}

void Background::enter_steady(TimePoint now) {
    // LEDBAT++, 4.4: the first slowdown comes soon after the start, later ones in proportion to the
    // time that the last one and the return from it took.
    const auto pause = state_ == State::recovery
                           ? std::max<Duration>(kSlowdownSpacing * (now - slowdown_start_),
                                                kMinSlowdownSpacingRtts * smoothed_rtt_)
                           : kSlowdownRtts * smoothed_rtt_;
    next_slowdown_ = now + pause;
    steady_since_ = now;
    state_ = State::steady;
}

void Background::steer(const AckEvent& event) {
    if (smoothed_rtt_ <= 0ns || event.acked_bytes == 0) return;
    const auto segment = static_cast<double>(limits_.datagram());
    const auto off_target =
        static_cast<double>(queue_delay().count()) / static_cast<double>(target().count());
    const auto share = static_cast<double>(event.acked_bytes) / window_;
    // LEDBAT++, 4.2, grows by a part of a segment a round trip, as it may have a queue of 60 ms to
    // grow into. Ours is short and steers well, so it may grow in proportion, and fill a fast path.
    const auto shared = last_yield_ && event.now - *last_yield_ < kYieldMemory;
    const auto gain =
        std::max(segment / (shared ? 4 : 1), window_ * (shared ? kGrowthAfterYield : kGrowth));
    if (off_target <= 1) {
        if (event.prior_in_flight + 3 * limits_.datagram() < cwnd_) return;
        set_window(window_ + gain * (1 - off_target) * share);
    } else {
        // The part of a round trip that is spent above the target is the part of the window that is
        // too much, if the queue is ours; if it is not, this repeats until little is left.
        const auto excess = static_cast<double>((queue_delay() - target()).count()) /
                            static_cast<double>(filtered_rtt_.count());
        // A queue far above it is not ours: someone probes, who is not to find us in the way.
        const auto foreign =
            off_target > kForeignQueue && event.now - steady_since_ > kSettlingRtts * smoothed_rtt_;
        if (foreign) last_yield_ = event.now;
        const auto change = -window_ * (foreign ? 0.5 : std::min(excess, 0.5));
        set_window(window_ + change * share);
    }
}

void Background::start_slowdown(TimePoint now) {
    state_ = State::slowdown;
    ssthresh_ = cwnd_;
    slowdown_start_ = now;
    slowdown_until_ = now + kSlowdownRtts * smoothed_rtt_;
    set_window(static_cast<double>(limits_.minimum()));
}

void Background::on_lost(TimePoint now, const LostPacket& packet) {
    if (recovery_start_ && packet.state.sent_time <= *recovery_start_) {
        ++episode_losses_;
        return;
    }
    before_loss_ = cwnd_;
    episode_losses_ = 1;
    decrease(now);
}

void Background::decrease(TimePoint now) {
    recovery_start_ = now;
    if (state_ == State::slowdown) return;  // there is nothing to take away
    set_window(window_ * kLossFactor);
    ssthresh_ = cwnd_;
    if (state_ != State::steady) enter_steady(now);
}

void Background::on_spurious_loss(TimePoint, const LostPacket& packet) {
    if (!recovery_start_ || packet.state.sent_time > *recovery_start_ || episode_losses_ == 0)
        return;
    if (--episode_losses_ > 0 || state_ == State::slowdown) return;
    set_window(std::max(window_, static_cast<double>(before_loss_)));
}

void Background::on_persistent_congestion(TimePoint) {
    set_window(static_cast<double>(limits_.minimum()));
    state_ = State::recovery;
}

void Background::on_idle_restart(TimePoint) {}

void Background::set_max_datagram_bytes(std::uint32_t bytes) {
    limits_.set_max_datagram_bytes(bytes);
    set_window(window_);
}

void Background::set_window(double bytes) {
    window_ = std::clamp(bytes, static_cast<double>(limits_.minimum()),
                         static_cast<double>(limits_.maximum()));
    cwnd_ = limits_.clamp(static_cast<std::uint64_t>(window_));
}

Bandwidth Background::pacing_rate() const noexcept {
    const auto rtt = smoothed_rtt_ > 0ns ? smoothed_rtt_ : Duration{1ms};
    const auto doubling = state_ == State::slow_start || state_ == State::recovery;
    return WindowLimits::rate(cwnd_, rtt).times(doubling ? kSlowStartPacingGain : kPacingGain);
}

std::string_view Background::phase() const noexcept {
    switch (state_) {
        case State::slow_start:
            return "slow_start";
        case State::steady:
            return "steady";
        case State::slowdown:
            return "slowdown";
        case State::recovery:
            return "recovery";
    }
    return "unknown";
}

}  // namespace streamkit::congestion
