#include "message_sender.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "message_sender_state.hpp"

namespace streamkit::rudp {
namespace {

using congestion::Duration;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration kLastLook = milliseconds{1};
constexpr std::size_t kMaxSpareMessages = 64;

}  // namespace

MessageSender::MessageSender(Config config) : state_(std::make_unique<State>(config)) {}
MessageSender::~MessageSender() = default;

Result<MessageId> MessageSender::send(OutgoingMessage message, TimePoint now) {
    auto& state = *state_;
    const auto size = message.payload.size();
    if (size > state.config.max_message_bytes || state.config.max_message_bytes == 0)
        return Error{Errc::message_too_long, "message"};
    if (state.buffered > state.config.buffer_bytes ||
        size > state.config.buffer_bytes - state.buffered)
        return Error{Errc::send_buffer_full, "message"};

    auto& added = state.add_message();
    const auto age = std::chrono::duration_cast<microseconds>(now - state.config.clock_start);
    added.sent_at_us = std::min(
        static_cast<std::uint64_t>(std::max<microseconds::rep>(age.count(), 0)), kMaxMicroseconds);
    // A deadline beyond what the wire can say is none.
    const auto longest = microseconds{static_cast<microseconds::rep>(kMaxMicroseconds)};
    if (message.deadline < TimePoint::max() - longest && message.deadline <= now + longest) {
        const auto left = std::chrono::duration_cast<microseconds>(message.deadline - now);
        added.deadline = message.deadline;
        added.lifetime_us =
            static_cast<std::uint64_t>(std::max<microseconds::rep>(left.count(), 1));
        auto at = state.due.end();
        while (at != state.due.begin() && (at - 1)->deadline > added.deadline)
            --at;
        state.due.insert(at, MessageDue{added.deadline, added.id});
    }
    added.given = now;
    added.payload = std::move(message.payload);
    added.priority = message.priority;
    added.channel = message.channel;
    state.queues[added.priority].fresh.push_back(added.fresh);
    ++state.places;
    state.buffered += size;
    ++state.counters.sent;
    return added.id;
}

PendingMessage& MessageSender::State::add_message() {
    const auto id = next_id++;
    if (spare.empty()) {
        auto& message = messages.try_emplace(messages.end(), id)->second;
        message.id = id;
        return message;
    }
    auto node = std::move(spare.back());
    spare.pop_back();
    node.key() = id;
    auto& message = messages.insert(messages.end(), std::move(node))->second;
    message.id = id;
    return message;
}

/// The message is gone afterwards.
void MessageSender::State::finish(PendingMessage& message, bool delivered) {
    if (message.again.hook.linked) {
        again_queue(message).remove(message.again);
        --places;
    }
    if (message.fresh.hook.linked) {
        queues[message.priority].fresh.remove(message.fresh);
        --places;
    }
    buffered -= message.payload.size();
    fates.push_back({message.id, delivered});
    ++(delivered ? counters.delivered : counters.dropped);
    const auto id = message.id;
    auto node = messages.extract(id);
    if (!delivered) add_drop({id, id});
    if (spare.size() >= kMaxSpareMessages) return;
    auto& used = node.mapped();
    used.payload = {};
    used.deadline = TimePoint::max();
    used.lifetime_us = 0;
    used.next = 0;
    used.parts.clear();
    used.parts_acked = used.parts_queued = used.queued_from = 0;
    used.urgent = false;
    spare.push_back(std::move(node));
}

bool MessageSender::has_something_to_send() const noexcept {
    return !state_->drops.empty() || state_->places > 0 || state_->fec.has_repairs();
}

std::optional<std::uint8_t> MessageSender::best_priority() const noexcept {
    if (!has_something_to_send()) return std::nullopt;
    if (!state_->drops.empty() || state_->fec.has_repairs() || !state_->urgent.empty()) return 0;
    for (const auto& [priority, queue] : state_->queues)
        if (!queue.again.empty() || !queue.fresh.empty()) return priority;
    return std::nullopt;
}

void MessageSender::State::add_drop(DropFrame range) {
    drops.add(range, [&](MessageId first, MessageId last) {
        const auto open = messages.lower_bound(first);
        return open != messages.end() && open->first <= last;
    });
}

void MessageSender::update(TimePoint now, const PathView& path) {
    auto& state = *state_;
    state.path = path;
    state.updated_at = now;
    if (const auto close_at = state.fec.close_at(); close_at && *close_at <= now)
        state.close_block(now);

    for (std::size_t i = 0; i < state.copies.size();) {
        auto& copies = state.copies[i];
        auto* message = state.find(copies.id);
        auto* part = message != nullptr ? message->part_at(copies.offset) : nullptr;
        const auto open = part != nullptr && !part->acked;
        if (open && copies.due > now) {
            ++i;
            continue;
        }
        if (open) {
            state.queue_part(*message, *part);
            if (part->queued) state.make_urgent(*message);
            copies.due += copies.spacing;
        }
        if (open && --copies.left > 0) {
            ++i;
            continue;
        }
        copies = state.copies.back();
        state.copies.pop_back();
    }

    while (!state.due.empty() && now > state.latest_send(state.due.front().deadline)) {
        const auto first = state.due.front();
        state.due.pop_front();
        auto* message = state.find(first.id);
        if (message != nullptr && state.settle_late(*message)) state.waiting.push_back(first);
    }
    for (const auto& next : state.due) {
        if (state.last_call(next.deadline) > now) break;
        if (auto* message = state.find(next.id)) state.look_at_last_chance(*message, now);
    }
    while (!state.waiting.empty() && now >= state.fate_due(state.waiting.front().deadline)) {
        if (auto* message = state.find(state.waiting.front().id)) state.settle_fate(*message);
        state.waiting.pop_front();
    }
    // Deadlines in the far future of messages that are delivered long since.
    if (state.due.size() > 2 * state.messages.size() + 64)
        std::erase_if(state.due, [&](const MessageDue& d) { return state.find(d.id) == nullptr; });
}

std::optional<TimePoint> MessageSender::next_timeout() const noexcept {
    const auto& state = *state_;
    std::optional<TimePoint> next;
    const auto consider = [&](TimePoint time) { next = next ? std::min(*next, time) : time; };
    if (const auto close_at = state.fec.close_at()) consider(*close_at);
    for (const auto& copies : state.copies)
        consider(copies.due);
    for (const auto& [deadline, id] : state.due) {
        // After its last call a part is looked at with each `update`, once more shortly before the
        // end, and at the end.
        if (state.updated_at < state.last_call(deadline)) {
            consider(state.last_call(deadline));
            break;
        }
        const auto latest = state.latest_send(deadline);
        consider(state.updated_at < latest - kLastLook ? latest - kLastLook : latest + Duration{1});
    }
    if (!state.waiting.empty()) consider(state.fate_due(state.waiting.front().deadline));
    return next;
}

/// No further transmission of this message can be in time.
///
/// @return whether it may still be whole with what is under way; otherwise it is gone
bool MessageSender::State::settle_late(PendingMessage& message) {
    auto hopeless = !message.all_sent();
    for (auto& part : message.parts) {
        if (part.queued) unqueue_part(message, part);
        hopeless |= !part.acked && part.in_flight == 0 && !is_covered(part);
    }
    if (hopeless) finish(message, false);
    return !hopeless;
}

/// The answers to all that could have arrived in time are here, or lost.
void MessageSender::State::settle_fate(PendingMessage& message) {
    finish(message,
           std::all_of(message.parts.begin(), message.parts.end(),
                       [&](const MessagePart& part) { return part.acked || will_be_made(part); }));
}

void MessageSender::State::queue_part(PendingMessage& message, MessagePart& part) {
    if (part.queued || part.acked) return;
    const auto at = static_cast<std::size_t>(&part - message.parts.data());
    part.queued = true;
    message.queued_from = message.parts_queued == 0 ? at : std::min(message.queued_from, at);
    if (++message.parts_queued > 1) return;
    again_queue(message).push_back(message.again);
    ++places;
}

void MessageSender::State::unqueue_part(PendingMessage& message, MessagePart& part) {
    part.queued = false;
    if (--message.parts_queued > 0) return;
    again_queue(message).remove(message.again);
    message.urgent = false;
    --places;
}

/// A part that is sent again completes what was paid for, and cannot wait for a long message of a
/// better priority; there are few of them.
void MessageSender::State::make_urgent(PendingMessage& message) {
    if (message.urgent) return;
    again_queue(message).remove(message.again);
    message.urgent = true;
    again_queue(message).push_back(message.again);
}

void MessageSender::State::ack_part(PendingMessage& message, MessagePart& part) {
    if (part.acked) return;
    part.acked = true;
    if (part.queued) unqueue_part(message, part);
    ++message.parts_acked;
    if (part.block != kNoBlock) fec.on_source_acked({part.block, part.index});
}

/// Queues a part that is lost, several times if this is its last chance.
void MessageSender::State::send_again(PendingMessage& message, MessagePart& part, TimePoint now) {
    // On its own, it may be the last packet for a while: nothing overtakes it, and its
    // acknowledgement may be put off.
    if (!message.has_deadline() || has_second_chance(now + path.ack_delay, message.deadline))
        return queue_part(message, part);
    // That a block's part comes here a second time is not in the block's plan, and rare.
    const auto planned = part.block != kNoBlock && part.attempts == 1;
    use_last_chance(message, part,
                    planned ? fec.copies(part.block) : copies_at_last_chance(loss, part.attempts),
                    now);
}

void MessageSender::State::use_last_chance(PendingMessage& message, MessagePart& part,
                                           int transmissions, TimePoint now) {
    queue_part(message, part);
    make_urgent(message);
    if (std::exchange(part.last_chance, true) || transmissions < 2) return;
    const auto left = std::max(latest_send(message.deadline) - now, Duration{0});
    const auto spacing = std::max<Duration>(left / transmissions, milliseconds{1});
    copies.push_back({message.id, part.offset, transmissions - 1, now + spacing, spacing});
}

/// Whether a part has to be taken for lost at its last chance. "Something that left later was
/// acknowledged" is no proof, as packets may overtake each other; but to wait for one is to be late.
bool MessageSender::State::seems_lost(const MessagePart& part, TimePoint now) const noexcept {
    if (part.acked || part.queued || part.last_chance) return false;
    return part.in_flight == 0 || part.order < newest_acked_order ||
           now >= answer_due(part.sent) + path.ack_delay;
}

void MessageSender::State::look_at_last_chance(PendingMessage& message, TimePoint now) {
    for (auto& part : message.parts) {
        if (!seems_lost(part, now) || will_be_made(part)) continue;
        if (is_covered(part)) {
            use_last_chance_of_block(part.block, now);
        } else {
            send_again(message, part, now);
        }
    }
}

/// Sends as many of the block's lost parts again as it lacks symbols, times the plan's copies. The
/// last chance of the first message is that of its whole blocks: what they lack has to arrive for it.
void MessageSender::State::use_last_chance_of_block(std::uint64_t block, TimePoint now) {
    struct Lost {
        PendingMessage* message;
        MessagePart* part;
    };
    std::array<Lost, fec::kMaxSourceSymbols> lost{};
    std::size_t count = 0;
    auto expected = fec.provided(block);
    for (const auto& source : fec.sources(block)) {
        auto* message = find(source.id);
        auto* part = message != nullptr ? message->part_at(source.offset) : nullptr;
        if (part == nullptr || part->block != block || part->acked) continue;
        if (seems_lost(*part, now)) {
            lost[count++] = {message, part};
        } else if (!part->last_chance) {
            ++expected;  // its acknowledgement may be about to come
        }
    }
    const auto lacking = fec.lacking(block);
    if (count == 0 || lacking <= expected) return;
    fec.provide(block, lacking - expected);
    const auto transmissions = (lacking - expected) * static_cast<std::size_t>(fec.copies(block));
    for (std::size_t i = 0; i < std::min(count, transmissions); ++i) {
        const auto each = transmissions / count + (i < transmissions % count ? 1 : 0);
        use_last_chance(*lost[i].message, *lost[i].part, static_cast<int>(each), now);
    }
}

void MessageSender::on_acked(const SentFrame& frame) {
    auto& state = *state_;
    if (const auto* repair = std::get_if<SentFec>(&frame)) {
        if (const auto first = state.fec.on_repair_acked(repair->block))
            state.newest_acked_order = std::max(state.newest_acked_order, *first);
        return;
    }
    const auto* sent = std::get_if<SentMessage>(&frame);
    auto* message = sent != nullptr ? state.find(sent->id) : nullptr;
    if (message == nullptr) return;
    // A part that was cut further since then has become several.
    const auto end = sent->offset + sent->length;
    for (auto* part = message->part_at(sent->offset); part != nullptr;
         part = message->next_part(part)) {
        if (part->offset < sent->offset || part->end() > end) break;
        // Which of several transmissions arrived is not known: those say nothing about the order.
        if (part->attempts == 1)
            state.newest_acked_order = std::max(state.newest_acked_order, part->order);
        state.ack_part(*message, *part);
    }
    if (message->all_acked()) state.finish(*message, true);
}

void MessageSender::on_lost(const SentFrame& frame, TimePoint now, const PathView& path) {
    auto& state = *state_;
    state.path = path;
    if (const auto* control = std::get_if<SentControl>(&frame)) {
        if (control->type == FrameType::drop) state.add_drop({control->id, control->value});
        return;
    }
    const auto* sent = std::get_if<SentMessage>(&frame);
    auto* message = sent != nullptr ? state.find(sent->id) : nullptr;
    if (message == nullptr) return;
    const auto too_late = state.is_too_late(*message, now);
    const auto end = sent->offset + sent->length;
    for (auto* part = message->part_at(sent->offset); part != nullptr;
         part = message->next_part(part)) {
        if (part->offset < sent->offset || part->end() > end) break;
        if (part->in_flight > 0) --part->in_flight;
        if (part->acked || part->queued || part->in_flight > 0) continue;
        const auto covered = state.is_covered(*part);
        if (too_late) {
            if (!covered) return state.finish(*message, false);
            continue;
        }
        // What the block makes up for need not be sent. Where that is known before the last call, it
        // is decided there, and for the whole block.
        const auto last_call = state.last_call(message->deadline);
        if (covered &&
            (now >= last_call || state.answer_due(state.fec.closes(part->block)) <= last_call))
            continue;
        if (!state.will_be_made(*part)) state.send_again(*message, *part, now);
    }
}

Result<void> MessageSender::on_recovered(const FecRecoveredFrame& frame) {
    auto& state = *state_;
    if (!state.fec.was_sent(frame.block)) return Error{Errc::invalid_fec, "FEC_RECOVERED: Block"};
    const auto sources = state.fec.sources(frame.block);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if ((frame.recovered >> i & 1) == 0) continue;
        auto* message = state.find(sources[i].id);
        auto* part = message != nullptr ? message->part_at(sources[i].offset) : nullptr;
        // It may have been cut further since then, and have left the block by that.
        if (part == nullptr || part->block != frame.block || part->index != i) continue;
        state.ack_part(*message, *part);
        if (message->all_acked()) state.finish(*message, true);
    }
    return {};
}

std::vector<MessageSender::Fate> MessageSender::take_fates() {
    return std::exchange(state_->fates, {});
}

std::uint64_t MessageSender::buffered() const noexcept { return state_->buffered; }

const MessageSender::Counters& MessageSender::counters() const noexcept { return state_->counters; }

}  // namespace streamkit::rudp
