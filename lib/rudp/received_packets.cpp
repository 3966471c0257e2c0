#include "received_packets.hpp"

#include <algorithm>
#include <chrono>

#include "streamkit/base/assert.hpp"

namespace streamkit::rudp {
namespace {

constexpr std::uint64_t kDefaultAckEvery = 2;  // RFC 9000, 13.2.2

}  // namespace

ReceivedPackets::ReceivedPackets(Config config)
    : config_(config),
      next_expected_(config.first_packet_number),
      ack_every_(kDefaultAckEvery),
      ack_delay_(config.max_ack_delay) {
    ranges_.reserve(kMaxAckRanges + 1);
}

bool ReceivedPackets::was_received(std::uint64_t packet_number) const noexcept {
    const auto bit = packet_number % kReplayWindow;
    return (received_[bit / 64] >> (bit % 64) & 1) != 0;
}

bool ReceivedPackets::is_duplicate(std::uint64_t packet_number) const noexcept {
    if (packet_number >= next_expected_) return false;
    if (packet_number < config_.first_packet_number) return true;
    if (next_expected_ - packet_number > kReplayWindow) return true;
    return was_received(packet_number);
}

void ReceivedPackets::add(std::uint64_t packet_number, bool ack_eliciting, Ecn ecn, TimePoint now) {
    STREAMKIT_ASSERT(packet_number <= kMaxPacketNumber && !is_duplicate(packet_number));
    const bool in_order = packet_number == next_expected_;
    if (packet_number >= next_expected_) largest_time_ = now;
    mark_received(packet_number);
    add_to_ranges(packet_number);
    count_ecn(ecn);

    if (!ack_eliciting) return;
    ++unacknowledged_;
    if (!in_order || ecn == Ecn::ce || unacknowledged_ >= ack_every_) {
        due_ = std::min(due_.value_or(now), now);
    } else if (!due_) {
        due_ = now + ack_delay_;
    }
}

void ReceivedPackets::mark_received(std::uint64_t packet_number) noexcept {
    if (packet_number >= next_expected_) {
        forget_bits(next_expected_, packet_number);
        next_expected_ = packet_number + 1;
    }
    received_[packet_number % kReplayWindow / 64] |= std::uint64_t{1} << (packet_number % 64);
}

// The bits from the next expected number on still stand for older ones.
void ReceivedPackets::forget_bits(std::uint64_t first, std::uint64_t end) noexcept {
    if (end - first >= kReplayWindow) return received_.fill(0);
    while (first < end) {
        auto& word = received_[first % kReplayWindow / 64];
        if (first % 64 == 0 && end - first >= 64) {
            word = 0;
            first += 64;
        } else {
            word &= ~(std::uint64_t{1} << (first % 64));
            ++first;
        }
    }
}

void ReceivedPackets::add_to_ranges(std::uint64_t packet_number) {
    // The common case: the next one.
    if (!ranges_.empty() && packet_number == ranges_.front().last + 1) {
        ++ranges_.front().last;
        return;
    }
    // The first range that does not lie wholly above the number.
    const auto below = std::find_if(ranges_.begin(), ranges_.end(), [&](const AckRange& range) {
        return range.first <= packet_number;
    });
    // Forgotten ranges are not looked up here, but nothing that still stands is ever added again.
    STREAMKIT_ASSERT(below == ranges_.end() || packet_number > below->last);
    const bool joins_below = below != ranges_.end() && packet_number == below->last + 1;
    const auto above = below == ranges_.begin() ? ranges_.end() : below - 1;
    const bool joins_above = above != ranges_.end() && packet_number + 1 == above->first;
    if (joins_below && joins_above) {
        above->first = below->first;
        ranges_.erase(below);
    } else if (joins_below) {
        below->last = packet_number;
    } else if (joins_above) {
        above->first = packet_number;
    } else {
        ranges_.insert(below, {.first = packet_number, .last = packet_number});
        if (ranges_.size() > kMaxAckRanges) ranges_.pop_back();
    }
}

void ReceivedPackets::count_ecn(Ecn ecn) noexcept {
    switch (ecn) {
        case Ecn::not_ect:
            return;
        case Ecn::ect0:
            ++ecn_.ect0;
            break;
        case Ecn::ect1:
            ++ecn_.ect1;
            break;
        case Ecn::ce:
            ++ecn_.ce;
            break;
    }
    any_ecn_ = true;
}

void ReceivedPackets::set_frequency(const AckFrequencyFrame& frame) {
    if (frequency_sequence_ && frame.sequence <= *frequency_sequence_) return;
    frequency_sequence_ = frame.sequence;
    ack_every_ = std::max<std::uint64_t>(frame.packets, 1);
    ack_delay_ = std::chrono::microseconds{std::min(frame.max_delay_us, kMaxAckDelayMicroseconds)};
}

std::optional<TimePoint> ReceivedPackets::ack_due() const noexcept { return due_; }

bool ReceivedPackets::has_unacknowledged() const noexcept { return unacknowledged_ > 0; }

AckFrame ReceivedPackets::make_ack(TimePoint now) const {
    STREAMKIT_ASSERT(!ranges_.empty());
    AckFrame ack;
    const auto delay = std::chrono::duration_cast<std::chrono::microseconds>(now - largest_time_);
    ack.delay_us = std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(delay.count(), 0)),
                            kMaxMicroseconds);
    std::copy(ranges_.begin(), ranges_.end(), ack.ranges.begin());
    ack.range_count = ranges_.size();
    if (any_ecn_) ack.ecn = ecn_;
    return ack;
}

void ReceivedPackets::on_ack_sent() noexcept {
    unacknowledged_ = 0;
    due_.reset();
}

void ReceivedPackets::forget_up_to(std::uint64_t largest_acknowledged) {
    while (ranges_.size() > 1 && ranges_.back().last <= largest_acknowledged)
        ranges_.pop_back();
}

}  // namespace streamkit::rudp
