#include "cubic.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace streamkit::congestion {

namespace {

constexpr double kBetaEcn = 0.85;  // RFC 8511, 3: less than for a loss, as CE comes earlier
constexpr double kC = 0.4;         // RFC 9438, 5.1; segments a second cubed

// RFC 9002, 7.7: a little faster than the window a round trip; twice while it doubles.
constexpr double kPacingGain = 1.25;
constexpr double kSlowStartPacingGain = 2;

constexpr auto kNoThreshold = std::numeric_limits<std::uint64_t>::max();

double seconds(Duration time) noexcept { return std::chrono::duration<double>{time}.count(); }

}  // namespace

Cubic::Cubic(const ControllerConfig& config, double beta)
    : limits_{config}, beta_{beta}, cwnd_{limits_.initial()}, ssthresh_{kNoThreshold} {}

void Cubic::on_sent(TimePoint, std::uint64_t, const DeliveryState&) {}

void Cubic::on_ack(const AckEvent& event) {
    if (event.smoothed_rtt > Duration::zero()) smoothed_rtt_ = event.smoothed_rtt;
    // RFC 3168, 6.1.2: a mark counts as a loss, at most once a round trip.
    if (event.new_ce_marks > 0 && !in_recovery(event.now - smoothed_rtt_)) {
        can_undo_ = false;
        on_congestion_event(event.now, kBetaEcn);
    }
    // RFC 9002, 7.8: a window that is not used proves nothing and does not grow.
    const auto used = event.prior_in_flight + 3 * limits_.datagram();
    const auto limited = used >= cwnd_ || (in_slow_start() && 2 * event.prior_in_flight >= cwnd_);
    if (!limited || event.rate.app_limited) {
        // RFC 9438, 5.8: time in which the application limits us is not part of the epoch.
        if (epoch_start_) *epoch_start_ += std::max(event.now - last_ack_, Duration::zero());
    } else if (event.acked_bytes > 0) {
        // No growth while the losses of one event are being repaired (RFC 9002, 7.3.2).
        const auto newest_sent = event.rtt ? event.now - *event.rtt : event.now - smoothed_rtt_;
        if (!in_recovery(newest_sent)) {
            if (in_slow_start())
                slow_start(event);
            else
                congestion_avoidance(event);
        }
    }
    last_ack_ = event.now;
}

void Cubic::slow_start(const AckEvent& event) {
    hystart_.on_ack(event.largest_acked, event.largest_sent, event.rtt);
    cwnd_ = limits_.clamp(cwnd_ + event.acked_bytes / hystart_.growth_divisor());
    // RFC 9406, 4.2: conservative slow start went on for long enough.
    if (hystart_.phase() == HystartPlusPlus::Phase::done) ssthresh_ = cwnd_;
}

void Cubic::start_epoch(TimePoint now) {
    // RFC 9438, 4.2.
    epoch_start_ = now;
    cwnd_epoch_ = cwnd_;
    const auto window = static_cast<double>(cwnd_);
    const auto segment = static_cast<double>(limits_.datagram());
    if (w_max_ <= window) {
        w_max_ = window;  // 4.10: after slow start without a loss there is no w_max
        k_ = 0;
    } else {
        k_ = std::cbrt((w_max_ - window) / segment / kC);
    }
    w_est_ = window;
    growth_ = 0;
}

void Cubic::congestion_avoidance(const AckEvent& event) {
    if (!epoch_start_) start_epoch(event.now);
    const auto segment = static_cast<double>(limits_.datagram());
    const auto window = static_cast<double>(cwnd_);
    const auto acked = static_cast<double>(event.acked_bytes);

    // 4.2: W_cubic(t + RTT), within what may be reached in a round trip.
    const auto elapsed = seconds(event.now - *epoch_start_ + smoothed_rtt_);
    const auto offset = elapsed - k_;
    const auto w_cubic = kC * offset * offset * offset * segment + w_max_;
    const auto target = std::clamp(w_cubic, window, 1.5 * window);

    // 4.3: the Reno-friendly region; alpha is 1 once the old window is reached again.
    const auto alpha = w_est_ >= cwnd_prior_ ? 1 : 3 * (1 - beta_) / (1 + beta_);
    w_est_ += alpha * acked / window * segment;

    growth_ += w_cubic < w_est_ ? std::max(w_est_ - window, 0.0)
                                : (target - window) / window * acked;  // 4.4, 4.5
    if (growth_ < 1) return;
    const auto whole = std::min(growth_, window);
    cwnd_ = limits_.clamp(cwnd_ + static_cast<std::uint64_t>(whole));
    growth_ = 0;
}

void Cubic::on_lost(TimePoint now, const LostPacket& packet) {
    if (in_recovery(packet.state.sent_time)) {
        ++episode_losses_;
        return;
    }
    can_undo_ = true;
    episode_losses_ = 1;
    before_ = {cwnd_, ssthresh_, w_max_, k_, w_est_, epoch_start_};
    on_congestion_event(now, beta_);
}

void Cubic::on_congestion_event(TimePoint now, double beta) {
    recovery_start_ = now;
    const auto window = static_cast<double>(cwnd_);
    cwnd_prior_ = window;
    // 4.7: fast convergence: a flow that lost before it was back releases more.
    w_max_ = window < w_max_ ? window * (1 + beta) / 2 : window;
    // 4.6
    ssthresh_ = limits_.clamp(static_cast<std::uint64_t>(window * beta));
    cwnd_ = ssthresh_;
    epoch_start_.reset();
}

void Cubic::on_spurious_loss(TimePoint, const LostPacket& packet) {
    // 4.9.2: once no loss of the event remains, it did not happen.
    if (!can_undo_ || !in_recovery(packet.state.sent_time) || episode_losses_ == 0) return;
    if (--episode_losses_ > 0) return;
    can_undo_ = false;
    if (before_.cwnd <= cwnd_) return;
    cwnd_ = limits_.clamp(before_.cwnd);
    ssthresh_ = before_.ssthresh;
    w_max_ = before_.w_max;
    k_ = before_.k;
    w_est_ = before_.w_est;
    epoch_start_ = before_.epoch_start;
    recovery_start_.reset();
}

void Cubic::on_persistent_congestion(TimePoint) {
    // 4.8, RFC 9002, 7.6.2: from the start, up to where the losses began.
    can_undo_ = false;
    ssthresh_ = limits_.clamp(static_cast<std::uint64_t>(static_cast<double>(cwnd_) * beta_));
    w_max_ = static_cast<double>(cwnd_);
    cwnd_ = limits_.minimum();
    ssthresh_ = std::max(ssthresh_, cwnd_);
    epoch_start_.reset();
    recovery_start_.reset();
    hystart_.restart();
}

void Cubic::on_idle_restart(TimePoint now) {
    // 5.8: an idle time does not make the window grow.
    if (epoch_start_) *epoch_start_ += std::max(now - last_ack_, Duration::zero());
    last_ack_ = now;
}

void Cubic::resume(std::uint64_t window, std::uint64_t w_max) noexcept {
    cwnd_ = limits_.clamp(window);
    ssthresh_ = cwnd_;
    w_max_ = static_cast<double>(w_max);
    cwnd_prior_ = w_max_;
    epoch_start_.reset();
    recovery_start_.reset();
    can_undo_ = false;
}

void Cubic::set_max_datagram_bytes(std::uint32_t bytes) {
    limits_.set_max_datagram_bytes(bytes);
    cwnd_ = limits_.clamp(cwnd_);
}

Bandwidth Cubic::pacing_rate() const noexcept {
    // Before the first round trip is known, a millisecond, as BBR assumes: the initial window may
    // leave at once, in small bursts.
    const auto rtt =
        smoothed_rtt_ > Duration::zero() ? smoothed_rtt_ : Duration{std::chrono::milliseconds{1}};
    return WindowLimits::rate(cwnd_, rtt)
        .times(in_slow_start() ? kSlowStartPacingGain : kPacingGain);
}

std::string_view Cubic::phase() const noexcept {
    if (!in_slow_start()) return "congestion_avoidance";
    return hystart_.phase() == HystartPlusPlus::Phase::conservative ? "conservative_slow_start"
                                                                    : "slow_start";
}

}  // namespace streamkit::congestion
