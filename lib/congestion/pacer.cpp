#include "streamkit/congestion/pacer.hpp"

#include <algorithm>

namespace streamkit::congestion {

namespace {

/// At a rate next to nothing the next burst is due some day, not after the end of time.
constexpr Duration kMaxWait = std::chrono::hours{24};

}  // namespace

std::uint64_t Pacer::burst_bytes() const noexcept {
    return std::max(rate_.bytes_in(kMaxBurst), std::uint64_t{2} * max_datagram_bytes_);
}

std::uint64_t Pacer::budget(TimePoint now) const noexcept {
    const auto burst = burst_bytes();
    if (now >= next_send_time()) return burst;
    if (now == burst_start_ && burst_sent_ < burst) return burst - burst_sent_;
    return 0;
}

void Pacer::on_sent(TimePoint now, std::uint64_t bytes) noexcept {
    // What leaves before its time (probes do) prolongs the burst that it follows.
    if (now >= next_send_time() && now != burst_start_) {
        // What was owed before is carried on, less what the last gap was shortened by.
        const auto duration = std::min(rate_.time_for(burst_sent_), kMaxWait);
        const auto late =
            burst_sent_ == 0 ? Duration::zero() : credit_ + (now - burst_start_) - duration;
        credit_ = std::clamp(late, Duration::zero(), kMaxCredit);
        burst_start_ = now;
        burst_sent_ = 0;
    }
    burst_sent_ += bytes;
}

TimePoint Pacer::next_send_time() const noexcept {
    const auto duration = std::min(rate_.time_for(burst_sent_), kMaxWait);
    return burst_start_ + std::max(duration - credit_, duration / 2);
}

}  // namespace streamkit::congestion
