#include "mtu_prober.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace streamkit::rudp {
namespace {

// Ethernet and jumbo frames less the headers of IPv6 and IPv4, and UDP.
constexpr std::array<std::uint32_t, 4> kUsualSizes{1452, 1472, 8952, 8972};
// How many bytes more are worth three probes: few paths lie between Ethernet and jumbo frames.
constexpr std::uint32_t worth_while(std::uint32_t current) { return current < 1472 ? 32 : 512; }
constexpr int kMaxLostProbes = 3;    // RFC 8899, 5.1.2: MAX_PROBES
constexpr int kBlackHoleLosses = 6;  // of full-sized packets, with none that arrived
constexpr std::chrono::minutes kSearchInterval{10};  // RFC 8899, 5.1.1: PMTU_RAISE_TIMER

}  // namespace

MtuProber::MtuProber(std::uint32_t minimum, std::uint32_t maximum)
    : minimum_(minimum),
      maximum_(std::max(minimum, maximum)),
      current_(minimum),
      too_large_(maximum_ + 1) {}

std::optional<std::uint32_t> MtuProber::probe_size(TimePoint now) const noexcept {
    if (probe_ != 0) return std::nullopt;
    if (!search_again_) return candidate(too_large_);
    if (now < *search_again_) return std::nullopt;
    return candidate(maximum_ + 1);
}

// What to try when sizes below `too_large` are possible.
std::optional<std::uint32_t> MtuProber::candidate(std::uint32_t too_large) const noexcept {
    for (const auto size : kUsualSizes) {
        if (size > current_ && size < too_large) return size;
    }
    if (too_large > maximum_) {
        return current_ < maximum_ ? std::optional{maximum_} : std::nullopt;
    }
    if (too_large - current_ < worth_while(current_)) return std::nullopt;
    return current_ + (too_large - current_) / 2;
}

void MtuProber::on_probe_sent(std::uint32_t size, TimePoint now) noexcept {
    if (search_again_ && now >= *search_again_) search_from(current_);
    probe_ = size;
}

void MtuProber::search_from(std::uint32_t current) noexcept {
    current_ = current;
    too_large_ = maximum_ + 1;
    probe_ = 0;
    lost_probes_ = 0;
    lost_full_ = 0;
    small_arrived_ = false;
    search_again_.reset();
}

void MtuProber::on_probe_acked(std::uint32_t size, TimePoint now) noexcept {
    if (size > maximum_) return;
    const bool is_news = size > current_;
    current_ = std::max(current_, size);
    too_large_ = std::max(too_large_, current_ + 1);
    lost_full_ = 0;
    small_arrived_ = false;
    // One that had been given up for lost changes nothing for the one in flight.
    if (size == probe_ || is_news) {
        if (size >= probe_) probe_ = 0;
        lost_probes_ = 0;
        finish_probe(now);
    }
}

void MtuProber::on_probe_lost(std::uint32_t size, TimePoint now) noexcept {
    if (size != probe_) return;
    probe_ = 0;
    if (++lost_probes_ < kMaxLostProbes) return;
    lost_probes_ = 0;
    too_large_ = std::min(too_large_, size);
    finish_probe(now);
}

void MtuProber::on_too_large(std::uint32_t size, TimePoint now) noexcept {
    if (size == probe_) probe_ = 0;
    if (size <= minimum_) return;  // there is nothing smaller to turn to
    if (size <= current_) search_from(minimum_);
    lost_probes_ = 0;
    too_large_ = std::min(too_large_, size);
    finish_probe(now);
}

// Ends the search if there is nothing left to try.
void MtuProber::finish_probe(TimePoint now) noexcept {
    if (candidate(too_large_)) {
        search_again_.reset();
    } else if (current_ < maximum_) {
        search_again_ = now + kSearchInterval;
    } else {
        search_again_.reset();
    }
}

bool MtuProber::on_packet_lost(std::uint32_t size, TimePoint) noexcept {
    if (size <= minimum_) return false;
    ++lost_full_;
    // Without a small one that came through it may be the path that is down, for any size.
    if (lost_full_ < kBlackHoleLosses || !small_arrived_) return false;
    search_from(minimum_);
    return true;
}

void MtuProber::on_packet_acked(std::uint32_t size) noexcept {
    if (size <= minimum_) {
        small_arrived_ = true;
    } else {
        lost_full_ = 0;
        small_arrived_ = false;
    }
}

std::optional<TimePoint> MtuProber::next_timeout() const noexcept { return search_again_; }

}  // namespace streamkit::rudp
