#pragma once

// What a MessageSender consists of: private to its two bodies.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "drop_queue.hpp"
#include "fec_sender.hpp"
#include "message_sender.hpp"
#include "pending_message.hpp"

namespace streamkit::rudp {

/// What an evaluated last chance needs until it has left: the pacer's burst and a timer's slack.
inline constexpr std::chrono::milliseconds kLastCallLead{3};
/// For what came in time to be known here: the peer may put its acknowledgement off.
inline constexpr std::chrono::milliseconds kFateSlack{30};
/// Of a path of which nothing is known. What the path is said to lose follows, smoothed over so
/// many frames: a block has no use for the luck of the last second.
inline constexpr double kAssumedLoss = 0.05;
inline constexpr double kLossMemory = 300;

struct MessageDue {
    TimePoint deadline{};
    MessageId id = 0;
};

/// Further transmissions of a part at its last chance, spread over time.
struct MessageCopies {
    MessageId id = 0;
    std::uint32_t offset = 0;
    int left = 0;
    TimePoint due{};
    congestion::Duration spacing{};
};

/// How much room a packet has that nothing else has taken a share of.
class RoomGauge {
public:
    /// @return the most room seen of late
    std::size_t add(std::size_t room) noexcept {
        of_late_ = std::max(of_late_, room);
        full_ = std::max(full_, room);
        if (++count_ == kMemory) {
            full_ = std::exchange(of_late_, 0);
            count_ = 0;
        }
        return full_;
    }

private:
    static constexpr int kMemory = 64;
    std::size_t full_ = 0;
    std::size_t of_late_ = 0;
    int count_ = 0;
};

struct MessageSender::State {
    explicit State(Config c) : config(c) {
        config.max_message_bytes =
            std::min<std::uint64_t>(c.max_message_bytes, std::numeric_limits<std::uint32_t>::max());
    }

    // The clockwork: until when what may leave.

    [[nodiscard]] congestion::Duration one_way() const noexcept { return path.rtt / 2; }
    /// What leaves later does not arrive in time.
    [[nodiscard]] TimePoint latest_send(TimePoint deadline) const noexcept {
        return deadline - one_way() - std::min(path.variation, path.rtt / 16);
    }
    /// When a part that is not acknowledged is looked at for the last time.
    [[nodiscard]] TimePoint last_call(TimePoint deadline) const noexcept {
        return latest_send(deadline) - std::max<congestion::Duration>(kLastCallLead, path.rtt / 16);
    }
    /// When a transmission's acknowledgement is due, or that of something that left later.
    [[nodiscard]] TimePoint answer_due(TimePoint sent) const noexcept {
        return sent + path.rtt + path.rtt / 32 + std::chrono::milliseconds{2};
    }
    [[nodiscard]] bool has_second_chance(TimePoint sent, TimePoint deadline) const noexcept {
        return answer_due(sent) <= last_call(deadline);
    }
    [[nodiscard]] TimePoint fate_due(TimePoint deadline) const noexcept {
        return deadline + path.rtt + kFateSlack;
    }
    [[nodiscard]] bool is_too_late(const PendingMessage& message, TimePoint now) const noexcept {
        return message.has_deadline() && now > latest_send(message.deadline);
    }

    // Messages.

    PendingMessage* find(MessageId id) noexcept {
        const auto at = messages.find(id);
        return at == messages.end() ? nullptr : &at->second;
    }
    PendingMessage& add_message();
    void finish(PendingMessage& message, bool delivered);
    void add_drop(DropFrame range);
    void queue_part(PendingMessage& message, MessagePart& part);
    void unqueue_part(PendingMessage& message, MessagePart& part);
    void ack_part(PendingMessage& message, MessagePart& part);
    IntrusiveList<MessagePlace>& again_queue(const PendingMessage& message) {
        return message.urgent ? urgent : queues[message.priority].again;
    }
    void make_urgent(PendingMessage& message);
    void send_again(PendingMessage& message, MessagePart& part, TimePoint now);
    void use_last_chance(PendingMessage& message, MessagePart& part, int transmissions,
                         TimePoint now);
    void use_last_chance_of_block(std::uint64_t block, TimePoint now);
    bool seems_lost(const MessagePart& part, TimePoint now) const noexcept;
    void look_at_last_chance(PendingMessage& message, TimePoint now);
    bool is_covered(const MessagePart& part) const noexcept {
        return part.block != kNoBlock && fec.covers(part.block);
    }
    bool will_be_made(const MessagePart& part) const noexcept {
        return part.block != kNoBlock && fec.is_decodable(part.block);
    }
    bool settle_late(PendingMessage& message);
    void settle_fate(PendingMessage& message);

    // Frames.

    std::optional<SentFrame> write_drop(SpanWriter& out, std::size_t room);
    std::optional<SentFrame> write_again(IntrusiveList<MessagePlace>& queue, SpanWriter& out,
                                         std::size_t room, TimePoint now);
    std::optional<SentFrame> write_part_again(PendingMessage& message, std::size_t at,
                                              SpanWriter& out, std::size_t room, TimePoint now);
    std::optional<SentFrame> write_fresh(MessageQueue& queue, SpanWriter& out, std::size_t room,
                                         TimePoint now);
    std::optional<SentFrame> write_repair(SpanWriter& out, std::size_t room, TimePoint now);
    [[nodiscard]] bool is_short_of_time(const PendingMessage& message, TimePoint now,
                                        double round_trips) const noexcept;
    [[nodiscard]] bool is_too_long(const PendingMessage& message, TimePoint now) const noexcept;
    void add_to_block(PendingMessage& message, MessagePart& part, const MessageFrame& frame,
                      TimePoint now);
    void close_block(TimePoint now);
    std::uint64_t next_order() noexcept {
        loss += (path.loss - loss) / kLossMemory;
        return ++order;
    }
    void note_sent(MessagePart& part, TimePoint now) noexcept {
        part.order = next_order();
        part.sent = now;
        if (part.in_flight < std::numeric_limits<std::uint8_t>::max()) ++part.in_flight;
    }

    Config config;
    PathView path{};  // as of the last call that had one
    std::map<MessageId, PendingMessage> messages{};
    std::vector<std::map<MessageId, PendingMessage>::node_type> spare{};
    MessageId next_id = 0;
    IntrusiveList<MessagePlace> urgent{};           // to be sent again, now or never
    std::map<std::uint8_t, MessageQueue> queues{};  // by priority; one that was used once stays
    std::size_t places = 0;                         // of messages in queues
    std::deque<MessageDue> due{};                   // by deadline; of messages that are gone too
    std::deque<MessageDue> waiting{};  // past their latest chance; for the acknowledgements
    std::vector<MessageCopies> copies{};
    DropQueue drops{};
    FecSender fec{};
    std::uint64_t order = 0;  // of the newest transmission
    double loss = kAssumedLoss;
    std::uint64_t newest_acked_order = 0;
    std::optional<TimePoint> tight_until{};  // messages that are short of time were sent of late
    TimePoint updated_at = TimePoint::min();
    RoomGauge rooms{};
    std::size_t full_room = 0;
    bool packets_announced = false;
    std::uint64_t packet_block = kNoBlock;  // the block that has a symbol in this packet
    std::vector<Fate> fates{};
    std::uint64_t buffered = 0;
    Counters counters{};
};

}  // namespace streamkit::rudp
