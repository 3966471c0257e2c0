#pragma once

// Which packets came: the replay window, and what the next acknowledgement says.

#include <cstdint>
#include <optional>
#include <vector>

#include "frame.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/rudp/datagram.hpp"

namespace streamkit::rudp {

/// Remembers packet numbers as ranges, at most `kMaxAckRanges` of them (the oldest are forgotten, and
/// count as received), and says when to acknowledge.
class ReceivedPackets {
public:
    struct Config {
        congestion::Duration max_ack_delay = std::chrono::milliseconds{25};
        std::uint64_t first_packet_number = 0;
    };
    explicit ReceivedPackets(Config config);

    /// The number was received before, or is too old to tell: throw the packet away.
    [[nodiscard]] bool is_duplicate(std::uint64_t packet_number) const noexcept;
    /// A packet that is authentic and no duplicate.
    ///
    /// @param ack_eliciting  it has a frame that asks for an acknowledgement
    void add(std::uint64_t packet_number, bool ack_eliciting, Ecn ecn, TimePoint now);
    /// The sender asks for another pace: RFC 9000 13.2 otherwise.
    void set_frequency(const AckFrequencyFrame& frame);

    /// When an acknowledgement is due (a time in the past: at once); empty: none is.
    ///
    /// At once: after a gap appeared or was filled out of order, on a CE mark, after as many packets
    /// as asked for. Otherwise after the ack delay.
    [[nodiscard]] std::optional<TimePoint> ack_due() const noexcept;
    /// Something ack-eliciting is not acknowledged yet: worth adding to a packet that leaves anyway.
    [[nodiscard]] bool has_unacknowledged() const noexcept;
    /// The acknowledgement as of now; there must have been a packet. Then call `on_ack_sent`.
    [[nodiscard]] AckFrame make_ack(TimePoint now) const;
    void on_ack_sent() noexcept;
    /// The peer knows everything up to this number: ranges below need not be told again.
    void forget_up_to(std::uint64_t largest_acknowledged);

    [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
    /// One more than the largest number.
    [[nodiscard]] std::uint64_t next_expected() const noexcept { return next_expected_; }
    [[nodiscard]] const EcnCounts& ecn_counts() const noexcept { return ecn_; }

private:
    Config config_;
    std::vector<AckRange> ranges_;  // from the newest down
    std::uint64_t next_expected_;
    std::uint64_t floor_;  // everything below counts as received
    TimePoint largest_time_{};
    EcnCounts ecn_;
    bool any_ecn_ = false;
    std::optional<TimePoint> due_;
    std::uint64_t unacknowledged_ = 0;  // ack-eliciting packets
    AckFrequencyFrame frequency_{};
};

}  // namespace streamkit::rudp
