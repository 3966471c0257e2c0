#pragma once

// Which packets arrived, which are lost, and when to probe.

#include <functional>
#include <optional>
#include <string_view>

#include "frame.hpp"
#include "sent_packets.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/congestion/rtt.hpp"

namespace streamkit::rudp {

/// Loss by time in the manner of RACK (RFC 8985) with a reordering window that grows with every
/// loss that turns out spurious, and tail-loss probes (RFC 8985, 7; RFC 9002, 6.2).
class LossDetector {
public:
    struct Config {
        congestion::Duration max_ack_delay = std::chrono::milliseconds{25};  ///< the peer's
    };
    /// What happened to packets: called in order of packet number. Acked packets include those that
    /// were reported lost before (`was_lost`).
    class Listener {
    public:
        virtual void on_packet_acked(const SentPacket& packet, bool was_lost) = 0;
        /// @param trigger  "reordering_threshold", "time_threshold", "persistent"
        virtual void on_packet_lost(const SentPacket& packet, std::string_view trigger) = 0;

    protected:
        ~Listener() = default;
    };
    /// What the caller needs for congestion control and RTT.
    struct AckResult {
        std::uint64_t acked_bytes = 0;  ///< newly, of packets that count as in flight
        std::uint64_t lost_bytes = 0;
        std::uint64_t largest_acked = 0;  ///< of this acknowledgement
        bool any_new = false;
        std::optional<congestion::Duration> rtt;  ///< if the largest is new and ack-eliciting
        bool persistent_congestion = false;       ///< RFC 9002, 7.6
    };

    LossDetector(SentPackets& packets, congestion::RttEstimator& rtt, Config config);

    /// Works an acknowledgement off, in O(ranges + newly acknowledged packets).
    ///
    /// Adds the RTT sample to the estimator.
    ///
    /// @return `Errc::ack_of_unsent_packet` (never sent, or skipped), `Errc::invalid_ack_ranges`
    Result<AckResult> on_ack(const AckFrame& ack, TimePoint now, Listener& listener);

    /// Call when an ack-eliciting packet left.
    void on_sent(TimePoint now) noexcept;
    /// When `on_timeout` has something to do: a packet becomes lost by time, or a probe is due.
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;
    struct TimeoutResult {
        std::uint64_t lost_bytes = 0;
        /// So many ack-eliciting packets (1 or 2) are to leave now, whatever the window says: what is
        /// oldest in flight again, or new data, or a PING.
        int probes = 0;
        bool persistent_congestion = false;
    };
    TimeoutResult on_timeout(TimePoint now, Listener& listener);

    /// Consecutive probe timeouts without an acknowledgement.
    [[nodiscard]] int probe_count() const noexcept { return probe_count_; }
    /// How much later than its successors a packet may come without counting as lost.
    [[nodiscard]] congestion::Duration reordering_window() const noexcept;
    /// All in flight belongs to an old path: it counts as lost without blame.
    void on_path_changed(Listener& listener);

private:
    SentPackets& packets_;
    congestion::RttEstimator& rtt_;
    Config config_;
    std::optional<std::uint64_t> largest_acked_;
    TimePoint newest_acked_time_{};  // RACK.xmit_ts
    std::uint64_t newest_acked_number_ = 0;
    std::optional<TimePoint> loss_time_;       // the earliest time at which a packet becomes lost
    std::optional<TimePoint> last_sent_time_;  // of an ack-eliciting packet
    int probe_count_ = 0;
    double reordering_multiplier_ = 0.25;  // of the minimum RTT; RFC 8985, 6.2.4
    std::uint64_t scan_from_ = 0;          // all packets below are settled
};

}  // namespace streamkit::rudp
