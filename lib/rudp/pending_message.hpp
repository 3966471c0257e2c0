#pragma once

// A message on its way out, and its parts.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "frame.hpp"
#include "intrusive_list.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"

namespace streamkit::rudp {

inline constexpr std::uint64_t kNoBlock = std::numeric_limits<std::uint64_t>::max();

/// A run of a message that left in one frame.
struct MessagePart {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    std::uint64_t order = 0;  // of its newest transmission among all frames of ours
    TimePoint sent{};         // the same one
    std::uint64_t block = kNoBlock;
    std::uint8_t index = 0;      // in the block
    std::uint8_t attempts = 0;   // transmissions so far
    std::uint8_t in_flight = 0;  // of them, neither acknowledged nor lost
    std::uint8_t misfits = 0;
    bool acked = false;
    bool queued = false;       // to be sent again
    bool last_chance = false;  // has been used

    [[nodiscard]] std::uint32_t end() const noexcept { return offset + length; }
};

struct PendingMessage;
/// A message's place in a queue.
struct MessagePlace {
    explicit MessagePlace(PendingMessage& owner) noexcept : message(&owner) {}
    PendingMessage* message;
    ListHook<MessagePlace> hook{};
};

struct PendingMessage {
    PendingMessage() = default;
    PendingMessage(const PendingMessage&) = delete;
    PendingMessage& operator=(const PendingMessage&) = delete;

    MessageId id = 0;
    SharedBuffer payload{};
    TimePoint given{};  // to us, by the application
    TimePoint deadline = TimePoint::max();
    std::uint64_t sent_at_us = 0;
    std::uint64_t lifetime_us = 0;
    std::uint8_t priority = 0;
    std::uint8_t channel = 0;
    std::uint32_t next = 0;            // the first byte that never left
    std::vector<MessagePart> parts{};  // in order of offset, without gaps, from 0 to `next`
    std::size_t parts_acked = 0;
    std::size_t parts_queued = 0;
    std::size_t queued_from = 0;  // no part before this one is queued
    MessagePlace fresh{*this};    // something has never left
    MessagePlace again{*this};    // `parts_queued` > 0
    bool urgent = false;          // `again` is in the queue of those at their last chance

    [[nodiscard]] bool has_deadline() const noexcept { return deadline != TimePoint::max(); }
    [[nodiscard]] std::uint32_t total() const noexcept {
        return static_cast<std::uint32_t>(payload.size());
    }
    [[nodiscard]] bool all_sent() const noexcept { return next == total() && !parts.empty(); }
    [[nodiscard]] bool all_acked() const noexcept {
        return all_sent() && parts_acked == parts.size();
    }
    [[nodiscard]] MessageFrame frame(std::uint32_t offset, std::uint32_t length) const noexcept {
        MessageFrame out;
        out.id = id;
        out.channel = channel;
        out.sent_at_us = sent_at_us;
        out.lifetime_us = lifetime_us;
        out.total = total();
        out.offset = offset;
        out.data = payload.view().subspan(offset, length);
        return out;
    }
    /// The first part that ends behind `offset`, the only one of an empty message; null if nothing
    /// from there on has left.
    [[nodiscard]] MessagePart* part_at(std::uint32_t offset) noexcept {
        const auto at = std::partition_point(parts.begin(), parts.end(), [&](const MessagePart& p) {
            return p.end() <= offset && p.length > 0;
        });
        return at == parts.end() ? nullptr : &*at;
    }
    /// The part behind this one; null at the end.
    [[nodiscard]] MessagePart* next_part(MessagePart* part) noexcept {
        return ++part == parts.data() + parts.size() ? nullptr : part;
    }
};

/// Messages of one priority that have something to send.
struct MessageQueue {
    IntrusiveList<MessagePlace> again;
    IntrusiveList<MessagePlace> fresh;
};

}  // namespace streamkit::rudp
