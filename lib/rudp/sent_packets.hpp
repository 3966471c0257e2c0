#pragma once

// The packets in flight: when they left and what they carried.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <type_traits>
#include <variant>
#include <vector>

#include "frame.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/congestion/delivery_rate.hpp"

namespace streamkit::rudp {

/// What a packet carried, so that it can be reported delivered or sent again. Data is not kept here:
/// the streams and messages have it.
struct SentStream {
    StreamId stream = 0;
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
    bool fin = false;
};
struct SentMessage {
    MessageId id = 0;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
};
struct SentFec {
    std::uint64_t block = 0;
};
/// Up to which packet the peer knows that we got its packets, once this is acknowledged.
struct SentAck {
    std::uint64_t largest = 0;
};
/// A frame whose newest value is to be sent again if it is lost: MAX_DATA, HANDSHAKE_DONE, …
struct SentControl {
    FrameType type = FrameType::ping;
    std::uint64_t id = 0;     ///< the stream, sequence number, block, or first message of a DROP
    std::uint64_t value = 0;  ///< the last message of a DROP
};
/// A probe for a larger datagram: its loss is no sign of congestion.
struct SentMtuProbe {
    std::uint32_t datagram_bytes = 0;
};
using SentFrame =
    std::variant<SentStream, SentMessage, SentFec, SentAck, SentControl, SentMtuProbe>;
static_assert(sizeof(SentFrame) <= 32 && std::is_trivially_copyable_v<SentFrame>);

inline constexpr std::size_t kMaxSentFrames = 6;  // per packet; a packet is full with them

struct SentPacket {
    enum class Status : std::uint8_t {
        none,  ///< skipped on purpose, or not remembered any more
        in_flight,
        lost,  ///< still remembered: it may be acknowledged after all
        acked,
    };
    std::uint64_t packet_number = 0;
    TimePoint time{};
    std::uint32_t bytes = 0;
    Status status = Status::none;
    bool ack_eliciting = false;
    bool is_mtu_probe = false;
    std::uint8_t frame_count = 0;
    std::uint32_t path_generation = 0;  ///< packets of an old path do not count for the new one
    congestion::DeliveryState delivery{};
    std::array<SentFrame, kMaxSentFrames> frames{};

    [[nodiscard]] std::span<const SentFrame> carried() const noexcept {
        return std::span{frames}.first(frame_count);
    }
    [[nodiscard]] bool is_full() const noexcept { return frame_count == kMaxSentFrames; }
    void carry(const SentFrame& frame) noexcept { frames[frame_count++] = frame; }
};

static_assert(sizeof(SentPacket) <= 300);  // there are as many as fit into round trips

/// A ring by packet number that grows to what is in flight and never shrinks: nothing is allocated
/// per packet.
class SentPackets {
public:
    explicit SentPackets(std::uint64_t first_packet_number);

    /// The number that the next packet will have.
    [[nodiscard]] std::uint64_t next_number() const noexcept { return next_; }
    /// Leaves the next number out on purpose: an acknowledgement of it is a lie.
    void skip();
    /// Adds a packet with the next number, in flight; the reference is valid until the next `add` or
    /// `skip`. Its `frames` are not cleared: only those that `carried()` gives are its own.
    SentPacket& add();

    /// The packet, or null if it was never sent, was skipped, or is forgotten.
    [[nodiscard]] SentPacket* find(std::uint64_t packet_number) noexcept;
    /// The oldest number still remembered; equal to `next_number()` when there is none.
    [[nodiscard]] std::uint64_t oldest() const noexcept { return oldest_; }
    /// Whether this number was left out on purpose, as far as remembered.
    [[nodiscard]] bool was_skipped(std::uint64_t packet_number) const noexcept;
    /// Whether any from `first` to `last` was.
    [[nodiscard]] bool any_skipped(std::uint64_t first, std::uint64_t last) const noexcept;
    /// Forgets packets at the old end: acknowledged and skipped ones, and those sent up to
    /// `keep_after` that are lost or that nobody has to acknowledge.
    void forget(TimePoint keep_after);

    /// Bytes of ack-eliciting packets with the status in_flight, kept by `set_status`.
    [[nodiscard]] std::uint64_t bytes_in_flight() const noexcept { return bytes_in_flight_; }
    [[nodiscard]] std::size_t packets_in_flight() const noexcept { return packets_in_flight_; }
    /// After the packet was filled in: counts it.
    void on_sent(SentPacket& packet) noexcept;
    void set_status(SentPacket& packet, SentPacket::Status status) noexcept;
    /// Memory in use.
    [[nodiscard]] std::size_t held_bytes() const noexcept {
        return ring_.capacity() * sizeof(SentPacket);
    }

private:
    SentPacket& slot(std::uint64_t packet_number) noexcept {
        return ring_[packet_number & (ring_.size() - 1)];
    }
    SentPacket& take_slot();
    void make_room();
    void forget_oldest() noexcept;

    std::vector<SentPacket> ring_;  // the size is a power of two
    std::uint64_t oldest_;
    std::uint64_t next_;
    std::deque<std::uint64_t> skipped_;  // in order; those from `oldest_` on
    std::uint64_t bytes_in_flight_ = 0;
    std::size_t packets_in_flight_ = 0;
};

}  // namespace streamkit::rudp
