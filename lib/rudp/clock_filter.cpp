#include "clock_filter.hpp"

#include <algorithm>
#include <cstdlib>

#include "varint.hpp"

namespace streamkit::rudp {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::int64_t kMaxDriftPpm = 500;  // RFC 5905, 11.3: the frequency tolerance
constexpr std::int64_t kAgeingPpm = 15;     // RFC 5905, 7.2: PHI
constexpr std::int64_t kSlackUs = 1000;     // timestamps are taken by programs, not by wires

// How much clocks may drift apart in `elapsed`. Divides first: no product overflows.
std::int64_t drift_us(TimePoint::duration elapsed, std::int64_t ppm) noexcept {
    return std::abs(duration_cast<microseconds>(elapsed).count()) / 1'000 * ppm / 1'000;
}

}  // namespace

std::int64_t ClockFilter::clock_us(TimePoint now) const noexcept {
    return duration_cast<microseconds>(now - start_).count();
}

TimeFrame ClockFilter::make_frame(TimePoint now) const {
    TimeFrame frame;
    // 0 as an echo means that there was none.
    frame.sent_us = static_cast<std::uint64_t>(std::max<std::int64_t>(clock_us(now), 1));
    if (peer_time_us_) {
        frame.echo_us = *peer_time_us_;
        const auto held = duration_cast<microseconds>(now - peer_time_at_).count();
        frame.held_us = static_cast<std::uint64_t>(std::max<std::int64_t>(held, 0));
    }
    return frame;
}

void ClockFilter::receive(const TimeFrame& frame, TimePoint now) {
    if (frame.sent_us == 0 || frame.sent_us > kMaxVarint) return;
    if (!peer_time_us_ || frame.sent_us > *peer_time_us_) {
        peer_time_us_ = frame.sent_us;
        peer_time_at_ = now;
    }

    // RFC 5905, 8: T1 we sent, T2 the peer received, T3 the peer sent, T4 we received.
    const auto t4 = clock_us(now);
    if (frame.echo_us == 0 || t4 < 0 || frame.echo_us > static_cast<std::uint64_t>(t4)) return;
    const auto t1 = static_cast<std::int64_t>(frame.echo_us);
    if (frame.held_us > static_cast<std::uint64_t>(t4 - t1) || frame.held_us > frame.sent_us)
        return;
    const auto held = static_cast<std::int64_t>(frame.held_us);
    const auto t3 = static_cast<std::int64_t>(frame.sent_us);
    const auto t2 = t3 - held;
    const Sample sample{now, ((t1 - t2) + (t4 - t3)) / 2, (t4 - t1) - held};

    if (!is_plausible(sample)) {
        if (++not_believed_ < samples_.size()) return;
        sample_count_ = 0;
        next_sample_ = 0;
    }
    not_believed_ = 0;
    samples_[next_sample_] = sample;
    next_sample_ = (next_sample_ + 1) % samples_.size();
    sample_count_ = std::min(sample_count_ + 1, samples_.size());
}

bool ClockFilter::is_plausible(const Sample& sample) const noexcept {
    const auto* known = best();
    if (known == nullptr) return true;
    // Each offset is right to half of its round trip.
    const auto tolerance = drift_us(sample.at - known->at, kMaxDriftPpm) +
                           (sample.round_trip_us + known->round_trip_us) / 2 + kSlackUs;
    return std::abs(sample.offset_us - known->offset_us) <= tolerance;
}

// The one that is right to the least: half of its round trip, and what clocks drift as it ages.
const ClockFilter::Sample* ClockFilter::best() const noexcept {
    if (sample_count_ == 0) return nullptr;
    const auto newest = samples_[(next_sample_ + samples_.size() - 1) % samples_.size()].at;
    const auto error = [&](const Sample& sample) {
        return sample.round_trip_us / 2 + drift_us(newest - sample.at, kAgeingPpm);
    };
    return &*std::min_element(
        samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(sample_count_),
        [&](const Sample& a, const Sample& b) { return error(a) < error(b); });
}

std::optional<microseconds> ClockFilter::offset() const noexcept {
    const auto* known = best();
    if (known == nullptr) return std::nullopt;
    return microseconds{known->offset_us};
}

}  // namespace streamkit::rudp
