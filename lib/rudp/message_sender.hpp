#pragma once

// Messages on their way out: by priority, in time, or not at all.

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
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
/// Where the deadline leaves less than 2.5 round trips, parts are put into FEC blocks of at most
/// `fec::kMaxSourceSymbols`, followed by as many repair symbols as the measured loss asks for.
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
        congestion::Duration rtt{};  ///< smoothed
        congestion::Duration variation{};
        double loss = 0;                    ///< share of packets lost of late
        congestion::Bandwidth bandwidth{};  ///< 0: not known
    };
    explicit MessageSender(Config config);
    ~MessageSender();

    Result<MessageId> send(OutgoingMessage message, TimePoint now);

    /// Whether `next_frame` has something.
    [[nodiscard]] bool has_something_to_send() const noexcept;
    /// Gives up what can no longer be in time, and closes FEC blocks whose time has come.
    void update(TimePoint now, const PathView& path);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;

    /// Writes the next MESSAGE, DROP or FEC frame that fits into `room` and says what was sent.
    ///
    /// @return empty if nothing fits
    [[nodiscard]] std::optional<SentFrame> next_frame(SpanWriter& out, std::size_t room,
                                                      TimePoint now, const PathView& path);
    void on_acked(const SentFrame& frame);
    void on_lost(const SentFrame& frame, TimePoint now, const PathView& path);
    /// The peer made these parts of a block itself.
    ///
    /// @return `Errc::invalid_fec` for a block that was never sent
    Result<void> on_recovered(const FecRecoveredFrame& frame);

    struct Fate {
        MessageId id;
        bool delivered;
    };
    /// Messages whose fate was decided since the last call.
    [[nodiscard]] std::vector<Fate> take_fates();

    [[nodiscard]] std::uint64_t buffered() const noexcept;
    struct Counters {
        std::uint64_t sent = 0, delivered = 0, dropped = 0;
        std::uint64_t bytes_sent = 0, bytes_resent = 0, fec_bytes = 0;
    };
    [[nodiscard]] const Counters& counters() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace streamkit::rudp
