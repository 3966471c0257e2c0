#include "loss_detector.hpp"

#include <algorithm>

#include "streamkit/rudp/errc.hpp"

namespace streamkit::rudp {

using congestion::Duration;

namespace {

constexpr std::uint64_t kPacketThreshold = 3;      // RFC 9002, 6.1.1; RFC 8985, DupThresh
constexpr int kLossesUntilNarrower = 16;           // RFC 8985, 6.2.4, counts recoveries
constexpr int kPersistentCongestionThreshold = 3;  // RFC 9002, 7.6.1
// Two packets in so long a time harm no network, and a player that comes out of a tunnel must not wait
// for the rest of a backoff without end (RFC 9002, 6.2.1, knows no limit).
constexpr Duration kMaxProbeInterval = std::chrono::seconds{4};
constexpr int kMaxBackoff = 10;  // doublings of the probe timeout

}  // namespace

LossDetector::LossDetector(SentPackets& packets, congestion::RttEstimator& rtt, Config config)
    : packets_(packets),
      rtt_(rtt),
      config_(config),
      first_number_(packets.oldest()),
      scan_from_(first_number_),
      path_start_(first_number_) {}

Result<LossDetector::AckResult> LossDetector::on_ack(const AckFrame& ack, TimePoint now,
                                                     Listener& listener) {
    if (auto valid = check(ack); !valid) return valid.error();

    AckResult result;
    result.largest_acked = ack.ranges[0].last;
    bool largest_is_new = false;
    for (auto i = ack.range_count; i-- > 0;) {
        const auto first = std::max(ack.ranges[i].first, packets_.oldest());
        const auto end = ack.ranges[i].last + 1;
        if (acked_.contains(first, end)) continue;
        acked_.for_each_gap(first, end, [&](std::uint64_t from, std::uint64_t to) {
            for (auto number = from; number != to; ++number) {
                if (auto* packet = packets_.find(number)) settle_acked(*packet, listener, result);
            }
            largest_is_new = largest_is_new || to == result.largest_acked + 1;
        });
        acked_.add(first, end);
    }
    if (!result.any_new) return result;

    probe_count_ = 0;
    if (!largest_acked_ || result.largest_acked > *largest_acked_)
        largest_acked_ = result.largest_acked;
    if (largest_is_new) {
        if (const auto* largest = packets_.find(result.largest_acked))
            take_rtt_sample(*largest, ack, now, result);
    }
    const auto lost = detect_lost(now, listener);
    result.lost_bytes = lost.bytes;
    result.persistent_congestion = lost.persistent_congestion;
    forget(now);
    return result;
}

Result<void> LossDetector::check(const AckFrame& ack) const {
    if (ack.range_count == 0 || ack.range_count > kMaxAckRanges)
        return Error{Errc::invalid_ack_ranges, "ACK range count"};
    for (std::size_t i = 0; i < ack.range_count; ++i) {
        const auto& range = ack.ranges[i];
        if (range.first > range.last || (i > 0 && range.last >= ack.ranges[i - 1].first))
            return Error{Errc::invalid_ack_ranges, "ACK range"};
        if (range.first < first_number_ || range.last >= packets_.next_number() ||
            packets_.any_skipped(range.first, range.last))
            return Error{Errc::ack_of_unsent_packet, "ACK range"};
    }
    return {};
}

void LossDetector::settle_acked(SentPacket& packet, Listener& listener, AckResult& result) {
    const bool of_this_path = packet.packet_number >= path_start_;
    const bool was_lost = packet.status == SentPacket::Status::lost && packet.ack_eliciting;
    result.any_new = true;
    if (packet.ack_eliciting && !was_lost) result.acked_bytes += packet.bytes;
    if (of_this_path && largest_acked_ && packet.packet_number < *largest_acked_ &&
        !packet.is_mtu_probe)
        reordering_seen_ = true;
    if (of_this_path && was_lost && !packet.is_mtu_probe) on_spurious_loss(packet);
    packets_.set_status(packet, SentPacket::Status::acked);
    listener.on_packet_acked(packet, was_lost);
}

void LossDetector::on_spurious_loss(const SentPacket& packet) noexcept {
    losses_in_a_row_ = 0;
    if (lost_run_ && packet.packet_number >= lost_run_->first_number &&
        packet.packet_number <= lost_run_->last_number)
        lost_run_.reset();
    // Once a round trip: packets that left before the window was widened suffered from the old one.
    if (packet.packet_number < widened_until_) return;
    widened_until_ = packets_.next_number();
    if (reordering_window() < rtt_.smoothed()) ++reordering_quarters_;
}

void LossDetector::take_rtt_sample(const SentPacket& largest, const AckFrame& ack, TimePoint now,
                                   AckResult& result) {
    if (largest.packet_number < path_start_) return;
    newest_rtt_ = std::max(now - largest.time, Duration{0});
    if (!largest.ack_eliciting) return;
    // RFC 9002, 5.3: the peer's word counts up to the limit that it has promised.
    const auto limit = std::chrono::duration_cast<std::chrono::microseconds>(config_.max_ack_delay);
    const std::chrono::microseconds delay{
        std::min(ack.delay_us, static_cast<std::uint64_t>(limit.count()))};
    rtt_.add_sample(newest_rtt_, delay);
    result.rtt = newest_rtt_;
    if (!first_rtt_sample_) first_rtt_sample_ = now;
}

// Each packet is passed once: those before the first that is not lost yet are settled.
LossDetector::Lost LossDetector::detect_lost(TimePoint now, Listener& listener) {
    Lost lost;
    loss_time_.reset();
    if (!largest_acked_) return lost;
    const auto window = reordering_window();
    scan_from_ = std::max(scan_from_, packets_.oldest());
    for (; scan_from_ < *largest_acked_; ++scan_from_) {
        auto* packet = packets_.find(scan_from_);
        if (packet == nullptr || packet->status != SentPacket::Status::in_flight) continue;

        // RFC 8985, 6.2.5: it left before one that has arrived, and is late by more than the window.
        const auto deadline = packet->time + newest_rtt_ + window;
        const bool late = deadline <= now;
        const bool overtaken =
            !reordering_seen_ && *largest_acked_ - scan_from_ >= kPacketThreshold;
        if (!late && !overtaken) {
            loss_time_ = deadline;
            break;
        }
        packets_.set_status(*packet, SentPacket::Status::lost);
        if (!packet->ack_eliciting) continue;
        if (!packet->is_mtu_probe) {
            lost.bytes += packet->bytes;
            count_loss();
            if (extends_persistent_congestion(*packet)) lost.persistent_congestion = true;
        }
        listener.on_packet_lost(*packet, late ? "time_threshold" : "reordering_threshold");
    }
    return lost;
}

void LossDetector::count_loss() noexcept {
    if (++losses_in_a_row_ < kLossesUntilNarrower) return;
    losses_in_a_row_ = 0;
    reordering_quarters_ = std::max(1, reordering_quarters_ - 1);
}

bool LossDetector::extends_persistent_congestion(const SentPacket& packet) noexcept {
    // RFC 9002, 7.6.2: only packets that left when there was a sample already.
    if (!first_rtt_sample_ || packet.time <= *first_rtt_sample_) return false;
    const auto number = packet.packet_number;
    if (!lost_run_ || !acked_.overlapping(lost_run_->last_number, number).empty()) {
        lost_run_ = LostRun{packet.time, number, number};
        return false;
    }
    lost_run_->last_number = number;
    const auto duration =
        rtt_.probe_timeout(config_.max_ack_delay) * kPersistentCongestionThreshold;
    if (packet.time - lost_run_->first_time <= duration) return false;
    lost_run_ = LostRun{packet.time, number, number};
    return true;
}

// A lost packet is remembered for about three round trips after it was sent: an acknowledgement
// that is later still changes nothing.
//
// `acked_` needs no numbers that `on_ack` does not look at, nor any before the newest loss.
void LossDetector::forget(TimePoint now) {
    packets_.forget(now - 2 * rtt_.smoothed() - rtt_.probe_timeout(config_.max_ack_delay));
    auto needed = packets_.oldest();
    if (lost_run_) needed = std::min(needed, lost_run_->last_number);
    acked_.remove(0, needed);
}

void LossDetector::on_sent(TimePoint now) noexcept { last_sent_time_ = now; }

std::optional<TimePoint> LossDetector::next_timeout() const noexcept {
    return loss_time_ ? loss_time_ : probe_time();
}

// RFC 9002, 6.2.1.
std::optional<TimePoint> LossDetector::probe_time() const noexcept {
    if (packets_.packets_in_flight() == 0 || !last_sent_time_) return std::nullopt;
    const auto backoff = 1 << std::min(probe_count_, kMaxBackoff);
    const auto first = rtt_.probe_timeout(config_.max_ack_delay);
    return *last_sent_time_ + std::min(first * backoff, std::max(first, kMaxProbeInterval));
}

LossDetector::TimeoutResult LossDetector::on_timeout(TimePoint now, Listener& listener) {
    TimeoutResult result;
    if (loss_time_) {
        if (now < *loss_time_) return result;
        const auto lost = detect_lost(now, listener);
        result.lost_bytes = lost.bytes;
        result.persistent_congestion = lost.persistent_congestion;
        forget(now);
        return result;
    }
    const auto due = probe_time();
    if (!due || now < *due) return result;
    ++probe_count_;
    // The next is due later, also where this one may not leave as the address is not proved.
    last_sent_time_ = now;
    result.probes = probe_count_ == 1 ? 1 : 2;
    return result;
}

Duration LossDetector::reordering_window() const noexcept {
    // RFC 8985, 6.2.4.
    if (!rtt_.has_sample()) return rtt_.smoothed() / 4;
    return std::min(reordering_quarters_ * (rtt_.minimum() / 4), rtt_.smoothed());
}

void LossDetector::on_path_changed(Listener& listener) {
    path_start_ = packets_.next_number();
    for (scan_from_ = std::max(scan_from_, packets_.oldest()); scan_from_ != path_start_;
         ++scan_from_) {
        auto* packet = packets_.find(scan_from_);
        if (packet == nullptr || packet->status != SentPacket::Status::in_flight) continue;
        packets_.set_status(*packet, SentPacket::Status::lost);
        if (packet->ack_eliciting) listener.on_packet_lost(*packet, "path_change");
    }
    loss_time_.reset();
    last_sent_time_.reset();
    probe_count_ = 0;
    reordering_seen_ = false;
    reordering_quarters_ = 1;
    widened_until_ = 0;
    losses_in_a_row_ = 0;
    lost_run_.reset();
    first_rtt_sample_.reset();
}

}  // namespace streamkit::rudp
