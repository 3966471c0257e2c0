// What a MessageSender writes, and its FEC blocks.

#include <algorithm>
#include <limits>

#include "fec_plan.hpp"
#include "message_sender_state.hpp"

namespace streamkit::rudp {
namespace {

using congestion::Duration;

// FEC where the deadline leaves less than so many round trips; see docs/decisions/0010.
constexpr double kFecRoundTrips = 3.0;
// With less than this, each millisecond that an acknowledgement is put off may be one too much.
constexpr double kTightRoundTrips = 4.0;
constexpr Duration kTightFor = std::chrono::seconds{1};
// The end of a message apart, a part shorter than this is not worth its header.
constexpr std::size_t kMinPartBytes = 128;
// A FEC frame is 7 bytes longer than the longest of its sources, and may share its packet with a
// small ACK.
constexpr std::size_t kFecReserve = 48;
// A source symbol's length has 16 bits.
constexpr std::size_t kMaxSymbolBytes = 60'000;
// A block waits for further parts for so much of the time that its oldest part has.
constexpr double kBlockShare = 0.8;
// Repair symbols that a block has, about, when their time to leave is estimated.
constexpr double kRepairShare = 0.2;
// Packets in which a source symbol found no room before it is cut: the MTU has shrunk.
constexpr std::uint8_t kMaxMisfits = 3;

}  // namespace

void MessageSender::start_packet() noexcept {
    state_->packets_announced = true;
    state_->packet_block = kNoBlock;
}

std::optional<SentFrame> MessageSender::next_frame(SpanWriter& out, std::size_t room, TimePoint now,
                                                   const PathView& path) {
    auto& state = *state_;
    state.path = path;
    room = std::min(room, out.remaining());
    state.full_room = state.rooms.add(room);
    if (auto sent = state.write_drop(out, room)) return sent;
    // What repairs a loss completes what was paid for: the urgent of it comes before all that is new.
    if (auto sent = state.write_again(state.urgent, out, room, now)) return sent;
    if (auto sent = state.write_repair(out, room, now)) return sent;
    for (auto& [priority, queue] : state.queues) {
        if (auto sent = state.write_again(queue.again, out, room, now)) return sent;
        if (auto sent = state.write_fresh(queue, out, room, now)) return sent;
    }
    // In looking for something to send, some may have been given up.
    return state.write_drop(out, room);
}

std::optional<SentFrame> MessageSender::State::write_drop(SpanWriter& out, std::size_t room) {
    if (drops.empty() || frame_bytes(drops.front()) > room) return std::nullopt;
    const auto drop = drops.front();
    drops.pop();
    write_frame(out, drop);
    return SentControl{FrameType::drop, drop.first, drop.last};
}

std::optional<SentFrame> MessageSender::State::write_again(IntrusiveList<MessagePlace>& queue,
                                                           SpanWriter& out, std::size_t room,
                                                           TimePoint now) {
    while (auto* place = queue.front()) {
        auto& message = *place->message;
        if (is_too_late(message, now)) {
            static_cast<void>(
                settle_late(message));  // takes it out of the queue, one way or another
            continue;
        }
        auto at = message.queued_from;
        while (!message.parts[at].queued)
            ++at;
        message.queued_from = at;
        if (will_be_made(message.parts[at])) {
            unqueue_part(message, message.parts[at]);
            continue;
        }
        return write_part_again(message, at, out, room, now);
    }
    return std::nullopt;
}

std::optional<SentFrame> MessageSender::State::write_part_again(PendingMessage& message,
                                                                std::size_t at, SpanWriter& out,
                                                                std::size_t room, TimePoint now) {
    auto& part = message.parts[at];
    auto frame = message.frame(part.offset, part.length);
    if (part.block != kNoBlock) {
        frame.position = FecPosition{part.block, part.index};
        if (frame_bytes(frame) > room && ++part.misfits < kMaxMisfits) return std::nullopt;
        if (frame_bytes(frame) > room) frame.position.reset();
    }
    const auto header = message_header_bytes(frame);
    if (room < header + std::min<std::size_t>(part.length, kMinPartBytes)) return std::nullopt;
    if (room < header + part.length) {
        // What does not fit becomes a part of its own. No longer a symbol, it is not covered.
        auto rest = part;
        part.length = static_cast<std::uint32_t>(room - header);
        part.block = rest.block = kNoBlock;
        rest.offset = part.end();
        rest.length -= part.length;
        frame = message.frame(part.offset, part.length);
        ++message.parts_queued;
        message.parts.insert(message.parts.begin() + static_cast<std::ptrdiff_t>(at) + 1, rest);
    }
    auto& sent = message.parts[at];
    write_frame(out, frame);
    unqueue_part(message, sent);
    if (sent.attempts < std::numeric_limits<std::uint8_t>::max()) ++sent.attempts;
    note_sent(sent, now);
    if (frame.position) packet_block = frame.position->block;
    counters.bytes_resent += sent.length;
    return SentMessage{message.id, sent.offset, sent.length};
}

std::optional<SentFrame> MessageSender::State::write_fresh(MessageQueue& queue, SpanWriter& out,
                                                           std::size_t room, TimePoint now) {
    while (auto* place = queue.fresh.front()) {
        auto& message = *place->message;
        if (is_too_late(message, now) || is_too_long(message, now)) {
            finish(message, false);
            continue;
        }
        const auto rest = message.total() - message.next;
        auto frame = message.frame(message.next, rest);
        const auto in_block = config.fec && is_short_of_time(message, now, kFecRoundTrips);
        if (in_block) frame.position = fec.next_position();
        const auto header = message_header_bytes(frame);
        std::size_t length = rest;
        if (room < header + rest) {
            if (room < header + kMinPartBytes) return std::nullopt;
            length = room - header;
        }
        if (in_block && full_room > header + kFecReserve + kMinPartBytes) {
            // Parts of about one size, as repair symbols are as long as the longest, with room for
            // those; in packets of their own, as one loss should not take two symbols.
            const auto capacity = std::min(full_room - header - kFecReserve, kMaxSymbolBytes);
            const auto count = (rest + capacity - 1) / capacity;
            const auto even = count > 1 ? (rest + count - 1) / count : rest;
            if (length < even) return std::nullopt;
            length = even;
        }
        frame = message.frame(message.next, static_cast<std::uint32_t>(length));
        if (in_block) frame.position = fec.next_position();
        write_frame(out, frame);

        auto& part = message.parts.emplace_back();
        part.offset = message.next;
        part.length = static_cast<std::uint32_t>(length);
        part.attempts = 1;
        note_sent(part, now);
        message.next += part.length;
        counters.bytes_sent += part.length;
        if (message.all_sent()) {
            queue.fresh.remove(message.fresh);
            --places;
        }
        if (is_short_of_time(message, now, kTightRoundTrips)) tight_until = now + kTightFor;
        if (in_block) add_to_block(message, part, frame, now);
        return SentMessage{message.id, part.offset, part.length};
    }
    return std::nullopt;
}

bool MessageSender::State::is_short_of_time(const PendingMessage& message, TimePoint now,
                                            double round_trips) const noexcept {
    if (!message.has_deadline() || path.rtt <= Duration{0}) return false;
    return static_cast<double>((message.deadline - now).count()) <
           round_trips * static_cast<double>(path.rtt.count());
}

bool MessageSender::needs_prompt_acks(TimePoint now) const noexcept {
    return state_->tight_until && now < *state_->tight_until;
}

/// Whether the message cannot be whole in time even at twice the rate that the path seems to have.
///
/// What is known of the rate may be no more than what the application has asked of the path so far:
/// it counts only for a message that had to wait, as the path is the bottleneck then. Otherwise
/// a first low estimate would keep us from ever sending what would raise it.
bool MessageSender::State::is_too_long(const PendingMessage& message,
                                       TimePoint now) const noexcept {
    if (!message.has_deadline() || message.next > 0) return false;
    if (now - message.given < (message.deadline - message.given) / 4) return false;
    if (path.bandwidth.bytes_per_second() == 0) return false;
    return path.bandwidth.times(2).time_for(message.total()) > latest_send(message.deadline) - now;
}

void MessageSender::State::add_to_block(PendingMessage& message, MessagePart& part,
                                        const MessageFrame& frame, TimePoint now) {
    part.block = frame.position->block;
    part.index = frame.position->index;
    packet_block = part.block;
    // The repair symbols must leave in time too. Where there is a second chance, the block is to end
    // so early that its outcome is known by then.
    auto left = latest_send(message.deadline) - now;
    if (path.bandwidth.bytes_per_second() > 0) {
        const auto repairs = static_cast<double>(fec.open_bytes() + part.length) * kRepairShare;
        left -= std::min(path.bandwidth.time_for(static_cast<std::uint64_t>(repairs)), left / 2);
    }
    const auto longest =
        Duration{static_cast<Duration::rep>(static_cast<double>(left.count()) * kBlockShare)};
    const auto known = last_call(message.deadline) - (answer_due(now) - now);
    fec.add(frame, {message.id, part.offset, now, message.deadline},
            known > now ? known : now + longest, now + longest);
    if (fec.open_sources().size() == fec::kMaxSourceSymbols) close_block(now);
}

void MessageSender::State::close_block(TimePoint now) {
    const auto sources = fec.open_sources();
    auto earliest = TimePoint::max();
    for (const auto& source : sources)
        earliest = std::min(earliest, source.deadline);
    FecNeed need;
    need.sources = sources.size();
    need.loss = loss;
    need.second_chance = true;
    need.messages = 0;
    auto last = std::numeric_limits<MessageId>::max();
    for (const auto& source : sources) {
        need.second_chance &= has_second_chance(source.sent, earliest);
        if (source.id != last) ++need.messages;
        last = source.id;
    }
    // The second chance is gone, as the round trip has become longer: then a larger block is better.
    if (!need.second_chance && fec.wait_on(now)) return;
    fec.close(plan_repairs(need), now);
}

std::optional<SentFrame> MessageSender::State::write_repair(SpanWriter& out, std::size_t room,
                                                            TimePoint now) {
    if (!fec.has_repairs()) return std::nullopt;
    if (packets_announced && packet_block == fec.repairs_block()) return std::nullopt;
    SentFec sent;
    const auto bytes = fec.write_repair(out, room, sent, order + 1, now, one_way());
    if (!bytes) return std::nullopt;
    next_order();
    packet_block = sent.block;
    counters.fec_bytes += *bytes;
    return sent;
}

}  // namespace streamkit::rudp
