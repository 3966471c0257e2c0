#include "sent_packets.hpp"

#include <algorithm>

#include "streamkit/base/assert.hpp"

namespace streamkit::rudp {
namespace {

constexpr std::size_t kFirstRingSize = 64;  // packets

}  // namespace

SentPackets::SentPackets(std::uint64_t first_packet_number)
    : oldest_(first_packet_number), next_(first_packet_number) {}

void SentPackets::skip() {
    SentPacket& packet = take_slot();
    packet.status = SentPacket::Status::none;
    packet.ack_eliciting = false;
    skipped_.push_back(packet.packet_number);
}

SentPacket& SentPackets::add() {
    SentPacket& packet = take_slot();
    packet.time = {};
    packet.bytes = 0;
    packet.status = SentPacket::Status::in_flight;
    packet.ack_eliciting = false;
    packet.is_mtu_probe = false;
    packet.frame_count = 0;
    packet.path_generation = 0;
    packet.delivery = {};
    return packet;
}

SentPacket& SentPackets::take_slot() {
    if (next_ - oldest_ == ring_.size()) make_room();
    SentPacket& packet = slot(next_);
    packet.packet_number = next_++;
    return packet;
}

void SentPackets::make_room() {
    // Who only acknowledges gets no acknowledgements: such packets must not pile up.
    while (oldest_ != next_) {
        const SentPacket& packet = slot(oldest_);
        const bool unsettled = packet.status == SentPacket::Status::in_flight ||
                               packet.status == SentPacket::Status::lost;
        if (unsettled && packet.ack_eliciting) break;
        forget_oldest();
    }
    if (next_ - oldest_ < ring_.size()) return;

    std::vector<SentPacket> larger(std::max(kFirstRingSize, 2 * ring_.size()));
    for (auto number = oldest_; number != next_; ++number)
        larger[number & (larger.size() - 1)] = slot(number);
    ring_ = std::move(larger);
}

SentPacket* SentPackets::find(std::uint64_t packet_number) noexcept {
    if (packet_number < oldest_ || packet_number >= next_) return nullptr;
    SentPacket& packet = slot(packet_number);
    return packet.status == SentPacket::Status::none ? nullptr : &packet;
}

bool SentPackets::was_skipped(std::uint64_t packet_number) const noexcept {
    return any_skipped(packet_number, packet_number);
}

bool SentPackets::any_skipped(std::uint64_t first, std::uint64_t last) const noexcept {
    if (skipped_.empty() || last < skipped_.front() || first > skipped_.back()) return false;
    const auto at = std::lower_bound(skipped_.begin(), skipped_.end(), first);
    return *at <= last;  // there is one: `first` is not above the last of them
}

void SentPackets::forget(TimePoint keep_after) {
    for (; oldest_ != next_; forget_oldest()) {
        const SentPacket& packet = slot(oldest_);
        if (packet.status == SentPacket::Status::acked || packet.status == SentPacket::Status::none)
            continue;
        if (packet.status == SentPacket::Status::in_flight && packet.ack_eliciting) return;
        if (packet.time > keep_after) return;
    }
}

void SentPackets::forget_oldest() noexcept {
    if (!skipped_.empty() && skipped_.front() == oldest_) skipped_.pop_front();
    ++oldest_;
}

void SentPackets::on_sent(SentPacket& packet) noexcept {
    STREAMKIT_ASSERT(packet.status == SentPacket::Status::in_flight);
    if (!packet.ack_eliciting) return;
    bytes_in_flight_ += packet.bytes;
    ++packets_in_flight_;
}

void SentPackets::set_status(SentPacket& packet, SentPacket::Status status) noexcept {
    if (packet.ack_eliciting && packet.status != status) {
        if (packet.status == SentPacket::Status::in_flight) {
            STREAMKIT_ASSERT(bytes_in_flight_ >= packet.bytes && packets_in_flight_ > 0);
            bytes_in_flight_ -= packet.bytes;
            --packets_in_flight_;
        } else if (status == SentPacket::Status::in_flight) {
            bytes_in_flight_ += packet.bytes;
            ++packets_in_flight_;
        }
    }
    packet.status = status;
}

}  // namespace streamkit::rudp
