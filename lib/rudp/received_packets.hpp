#pragma once

// Which packets came: the replay window, and what the next acknowledgement says.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "frame.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"
#include "streamkit/rudp/datagram.hpp"

namespace streamkit::rudp {

/// Remembers the last `kReplayWindow` packet numbers one by one, and as ranges, at most `kMaxAckRanges`
/// of them, what the next acknowledgement says (of more ranges the oldest is forgotten); and says when
/// to acknowledge.
///
/// The two differ so that a packet that is very late, behind more gaps than an acknowledgement can
/// name, is no less welcome.
class ReceivedPackets {
public:
    /// More than what can be in flight while a packet is overtaken: 20 ms at 5 Gbit/s.
    static constexpr std::uint64_t kReplayWindow = 8192;

    struct Config {
        congestion::Duration max_ack_delay = std::chrono::milliseconds{25};
        std::uint64_t first_packet_number = 0;
    };
    explicit ReceivedPackets(Config config);

    /// The number was received before, or is too old to tell, or below the peer's first one: throw the
    /// packet away.
    [[nodiscard]] bool is_duplicate(std::uint64_t packet_number) const noexcept;
    /// A packet that is authentic and no duplicate.
    ///
    /// @param packet_number  up to kMaxPacketNumber
    /// @param ack_eliciting  it has a frame that asks for an acknowledgement
    void add(std::uint64_t packet_number, bool ack_eliciting, Ecn ecn, TimePoint now);
    /// The sender asks for another pace, unless it has changed its mind since (by the sequence
    /// number); RFC 9000, 13.2 otherwise: every second packet.
    void set_frequency(const AckFrequencyFrame& frame);

    /// When an acknowledgement is due (a time in the past: at once); empty: none is.
    ///
    /// At once: after a gap appeared or was filled out of order, on a CE mark, after as many packets
    /// as asked for. Otherwise after the ack delay. Never for a packet that does not ask for one: two
    /// peers would acknowledge acknowledgements for ever (RFC 9000, 13.2.1).
    [[nodiscard]] std::optional<TimePoint> ack_due() const noexcept;
    /// Something ack-eliciting is not acknowledged yet: worth adding to a packet that leaves anyway.
    [[nodiscard]] bool has_unacknowledged() const noexcept;
    /// The acknowledgement as of now; there must have been a packet. Then call `on_ack_sent`.
    [[nodiscard]] AckFrame make_ack(TimePoint now) const;
    void on_ack_sent() noexcept;
    /// The peer knows everything up to this number: ranges below need not be told again, but for the
    /// newest one.
    void forget_up_to(std::uint64_t largest_acknowledged);

    [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
    /// One more than the largest number.
    [[nodiscard]] std::uint64_t next_expected() const noexcept { return next_expected_; }
    [[nodiscard]] const EcnCounts& ecn_counts() const noexcept { return ecn_; }

private:
    [[nodiscard]] bool was_received(std::uint64_t packet_number) const noexcept;
    void mark_received(std::uint64_t packet_number) noexcept;
    void forget_bits(std::uint64_t first, std::uint64_t end) noexcept;
    void add_to_ranges(std::uint64_t packet_number);
    void count_ecn(Ecn ecn) noexcept;

    Config config_;
    std::vector<AckRange> ranges_;  // from the newest down
    std::uint64_t next_expected_;
    /// A bit per number from `next_expected_ - kReplayWindow` on, at the number modulo kReplayWindow.
    std::array<std::uint64_t, kReplayWindow / 64> received_{};
    TimePoint largest_time_{};
    EcnCounts ecn_{};
    bool any_ecn_ = false;
    std::optional<TimePoint> due_;
    std::uint64_t unacknowledged_ = 0;  // ack-eliciting packets
    std::uint64_t ack_every_;           // of them
    congestion::Duration ack_delay_;
    std::optional<std::uint64_t> frequency_sequence_;
};

}  // namespace streamkit::rudp
