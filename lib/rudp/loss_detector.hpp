#pragma once

// Which packets arrived, which are lost, and when to probe.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "byte_ranges.hpp"
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
    /// What happened to packets: those that were acknowledged in order of packet number, then those
    /// that were lost. Acked packets include those that were reported lost before (`was_lost`), and
    /// those that did not ask for it; of the latter no loss is reported.
    class Listener {
    public:
        virtual void on_packet_acked(const SentPacket& packet, bool was_lost) = 0;
        /// MTU probes are reported too, but mean no congestion; nor do packets of an old path.
        ///
        /// @param trigger  "reordering_threshold", "time_threshold", "path_change"
        virtual void on_packet_lost(const SentPacket& packet, std::string_view trigger) = 0;

    protected:
        ~Listener() = default;
    };
    /// What the caller needs for congestion control and RTT.
    struct AckResult {
        std::uint64_t acked_bytes = 0;    ///< newly, of packets that counted as in flight
        std::uint64_t lost_bytes = 0;     ///< without MTU probes
        std::uint64_t largest_acked = 0;  ///< of this acknowledgement
        bool any_new = false;
        std::optional<congestion::Duration> rtt;  ///< if the largest is new and ack-eliciting
        bool persistent_congestion = false;       ///< RFC 9002, 7.6
    };

    LossDetector(SentPackets& packets, congestion::RttEstimator& rtt, Config config);

    /// Works an acknowledgement off, in O(ranges * log(holes) + newly settled packets), whatever of
    /// it is old.
    ///
    /// Adds the RTT sample to the estimator, and forgets packets that no one will ask for. After an
    /// error nothing is changed.
    ///
    /// @return `Errc::ack_of_unsent_packet` (never sent, or skipped), `Errc::invalid_ack_ranges`
    Result<AckResult> on_ack(const AckFrame& ack, TimePoint now, Listener& listener);

    /// Call when an ack-eliciting packet left.
    void on_sent(TimePoint now) noexcept;
    /// When `on_timeout` has something to do: a packet becomes lost by time, or a probe is due.
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;
    struct TimeoutResult {
        std::uint64_t lost_bytes = 0;  ///< without MTU probes
        /// So many ack-eliciting packets (1 or 2) are to leave now, whatever the window says: what is
        /// oldest in flight again, or new data, or a PING. From the second timeout in a row on one
        /// of them should be small: the path may take large ones no longer (RFC 8899, 4.3).
        int probes = 0;
        bool persistent_congestion = false;
    };
    TimeoutResult on_timeout(TimePoint now, Listener& listener);

    /// Consecutive probe timeouts without an acknowledgement.
    [[nodiscard]] int probe_count() const noexcept { return probe_count_; }
    /// How much later than its successors a packet may come without counting as lost.
    [[nodiscard]] congestion::Duration reordering_window() const noexcept;
    /// All in flight belongs to an old path: it counts as lost without blame. What was learned of
    /// reordering is forgotten; the RTT estimator is the caller's to replace.
    void on_path_changed(Listener& listener);

private:
    struct Lost {
        std::uint64_t bytes = 0;
        bool persistent_congestion = false;
    };
    [[nodiscard]] Result<void> check(const AckFrame& ack) const;
    void settle_acked(SentPacket& packet, Listener& listener, AckResult& result);
    void on_spurious_loss(const SentPacket& packet) noexcept;
    void take_rtt_sample(const SentPacket& largest, const AckFrame& ack, TimePoint now,
                         AckResult& result);
    Lost detect_lost(TimePoint now, Listener& listener);
    void count_loss() noexcept;
    [[nodiscard]] bool extends_persistent_congestion(const SentPacket& packet) noexcept;
    [[nodiscard]] std::optional<TimePoint> probe_time() const noexcept;
    void forget(TimePoint now);

    SentPackets& packets_;
    congestion::RttEstimator& rtt_;
    Config config_;
    ByteRanges acked_;  // numbers, as far back as packets are remembered
    std::optional<std::uint64_t> largest_acked_;
    congestion::Duration newest_rtt_{};        // RACK.rtt: of the newest packet that arrived
    std::optional<TimePoint> loss_time_;       // the earliest time at which a packet becomes lost
    std::optional<TimePoint> last_sent_time_;  // of an ack-eliciting packet
    int probe_count_ = 0;
    std::uint64_t first_number_;
    std::uint64_t scan_from_;   // all packets below are settled
    std::uint64_t path_start_;  // the first packet of this path

    // RFC 8985, 6.2.4.
    bool reordering_seen_ = false;
    int reordering_quarters_ = 1;      // the window in quarters of the minimum RTT
    std::uint64_t widened_until_ = 0;  // losses of packets below have widened the window already
    int losses_in_a_row_ = 0;          // since a spurious one

    // RFC 9002, 7.6: lost packets with no acknowledged one between them.
    struct LostRun {
        TimePoint first_time{};
        std::uint64_t first_number = 0;
        std::uint64_t last_number = 0;
    };
    std::optional<LostRun> lost_run_;
    std::optional<TimePoint> first_rtt_sample_;
};

}  // namespace streamkit::rudp
