#pragma once

// Messages on their way out: by priority, in time, or not at all.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "frame.hpp"
#include "sent_packets.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"
#include "streamkit/rudp/connection.hpp"

namespace streamkit::rudp {

/// Cuts messages into parts, sends them by priority, sends lost parts again while that can be in
/// time, and gives up what cannot: a message whose deadline is nearer than half a round trip.
///
/// Where the deadline leaves less than three round trips, parts are put into FEC blocks of at most
/// `fec::kMaxSourceSymbols`, followed by as many repair symbols as the measured loss asks for.
///
/// A part is sent again when it is reported lost; and at its last chance to be in time, some
/// milliseconds before, also when something that left later was acknowledged already: for a budget
/// of 1.6 round trips that is sooner than any loss detection that waits for reordered packets.
/// What has a last chance but is in no block goes out in up to three copies, spread over the time
/// that is left. The reasons are in docs/decisions/0010.
class MessageSender {
public:
    struct Config {
        std::uint64_t max_message_bytes = 0;  ///< the peer's limit
        std::uint64_t buffer_bytes = 0;       ///< ours
        bool fec = true;
        TimePoint clock_start{};  ///< 0 of the sender's clock
    };
    /// What is known of the path when a decision is made.
    struct PathView {
        congestion::Duration rtt{};  ///< smoothed; 0: not known, nothing is given up for it
        congestion::Duration variation{};
        /// How long the peer may put an acknowledgement off, where it sees no gap.
        congestion::Duration ack_delay = std::chrono::milliseconds{25};
        double loss = 0;                    ///< share of packets lost of late, 0 to 1
        congestion::Bandwidth bandwidth{};  ///< 0: not known
    };
    explicit MessageSender(Config config);
    ~MessageSender();

    /// @return `Errc::message_too_long`, `Errc::send_buffer_full`
    Result<MessageId> send(OutgoingMessage message, TimePoint now);

    /// Whether `next_frame` has something.
    [[nodiscard]] bool has_something_to_send() const noexcept;
    /// The priority of what `next_frame` gives next, to be compared with that of streams: 0 for what
    /// has its last chance, and for DROP and FEC; empty if there is nothing.
    [[nodiscard]] std::optional<std::uint8_t> best_priority() const noexcept;
    /// Gives up what can no longer be in time, sends again what has its last chance, and closes FEC
    /// blocks whose time has come. Call before `next_frame`, and when `next_timeout` has come.
    void update(TimePoint now, const PathView& path);
    /// As of the last `update`.
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;

    /// Call where a packet begins: a repair symbol then goes into no packet with another symbol of
    /// its block.
    void start_packet() noexcept;
    /// Writes the next MESSAGE, DROP or FEC frame that fits into `room` and says what was sent.
    ///
    /// @return empty if nothing fits
    [[nodiscard]] std::optional<SentFrame> next_frame(SpanWriter& out, std::size_t room,
                                                      TimePoint now, const PathView& path);
    /// Both ignore frames of other kinds, and what is settled already.
    void on_acked(const SentFrame& frame);
    void on_lost(const SentFrame& frame, TimePoint now, const PathView& path);
    /// The peer made these parts of a block itself. A block that is forgotten is ignored.
    ///
    /// @return `Errc::invalid_fec` for a block that was never sent
    Result<void> on_recovered(const FecRecoveredFrame& frame);

    /// Whether acknowledgements should come for every second packet and within some milliseconds, as
    /// messages are on their way that leave no time to wait for them.
    [[nodiscard]] bool needs_prompt_acks(TimePoint now) const noexcept;

    struct Fate {
        MessageId id;
        bool delivered;
    };
    /// Messages whose fate was decided since the last call.
    [[nodiscard]] std::vector<Fate> take_fates();

    /// Bytes of messages whose fate is open.
    [[nodiscard]] std::uint64_t buffered() const noexcept;
    struct Counters {
        std::uint64_t sent = 0, delivered = 0, dropped = 0;  ///< messages
        /// Payload sent for the first time, payload sent again, and repair symbols.
        std::uint64_t bytes_sent = 0, bytes_resent = 0, fec_bytes = 0;
    };
    [[nodiscard]] const Counters& counters() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace streamkit::rudp
