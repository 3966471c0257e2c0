#include "message_receiver.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <variant>

#include "byte_ranges.hpp"
#include "fec_receiver.hpp"
#include "intrusive_list.hpp"
#include "streamkit/base/assert.hpp"

namespace streamkit::rudp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// A DROP may name messages so far beyond the newest one seen: a sender that could send nothing for
// minutes gives up no more.
constexpr std::uint64_t kDropWindow = std::uint64_t{1} << 24;
// Ids that are done; more ranges means that as many messages are open at once.
constexpr std::size_t kMaxDoneRanges = 1024;
// Parts of our own sender are longer, the last one apart; the ranges of one message are bounded by it.
constexpr std::uint64_t kMinRangeBytes = 64;
constexpr std::uint64_t kSpareRanges = 8;
// Counted for each incomplete message beside its bytes.
constexpr std::size_t kMessageOverhead = 256;
// Of the buffer, FEC blocks get a part of at most 1 / kFecShare.
constexpr std::uint64_t kFecShare = 4;
// The lifetime counts from when the message was given to the sender; we count from the first part.
// What comes in the time on top was sent in time, on a path that became slower.
constexpr milliseconds kLateSlack{100};

struct Incomplete {
    MessageId id = 0;
    std::uint8_t channel = 0;
    std::uint64_t sent_at_us = 0;
    std::uint64_t lifetime_us = 0;
    std::uint64_t total = 0;
    BufferBuilder bytes{};  // no byte of it is committed before all are there
    ByteRanges present{};
    TimePoint expires = TimePoint::max();
    bool recovered = false;
    ListHook<Incomplete> hook{};
};

}  // namespace

struct MessageReceiver::State {
    explicit State(const Config& c) : config(c), fec(c.buffer_bytes / kFecShare) {}

    [[nodiscard]] Result<void> check(const MessageFrame& part) const;
    [[nodiscard]] Result<void> check_whole(const MessageFrame& part) const;
    Result<void> add_part(const MessageFrame& part, bool recovered, TimePoint now);
    void add_incomplete(const MessageFrame& part, TimePoint now);
    Result<void> take_recovered(TimePoint now);
    void deliver(const MessageFrame& part, SharedBuffer payload, bool recovered);
    void forget(Incomplete& message);
    void give_up(Incomplete& message);
    void mark_done(MessageId first, MessageId last);
    void report_dropped(MessageId first, MessageId last);
    void make_room();

    Config config;
    FecReceiver fec;
    std::map<MessageId, Incomplete> incomplete{};
    IntrusiveList<Incomplete> by_age{};
    std::set<std::pair<TimePoint, MessageId>> expiries{};
    std::uint64_t incomplete_bytes = 0;
    ByteRanges done{};  // delivered, dropped or given up
    MessageId newest = 0;
    std::deque<Message> messages{};
    std::uint64_t message_bytes = 0;  // of these
    std::deque<Dropped> dropped{};
};

MessageReceiver::MessageReceiver(Config config) : state_(std::make_unique<State>(config)) {}
MessageReceiver::~MessageReceiver() = default;

Result<void> MessageReceiver::receive(const MessageFrame& frame, TimePoint now) {
    auto& state = *state_;
    STREAMKIT_TRY(state.check(frame));
    STREAMKIT_TRY(state.add_part(frame, false, now));
    if (!frame.position) return {};
    // A part of a message that is done is a symbol of its block all the same.
    STREAMKIT_TRY(state.fec.add_source(frame, now));
    STREAMKIT_TRY(state.take_recovered(now));
    state.make_room();
    return {};
}

Result<void> MessageReceiver::receive(const FecFrame& frame, TimePoint now) {
    STREAMKIT_TRY(state_->fec.add_repair(frame, now));
    STREAMKIT_TRY(state_->take_recovered(now));
    state_->make_room();
    return {};
}

/// What one part alone can have wrong.
Result<void> MessageReceiver::State::check(const MessageFrame& part) const {
    if (part.total > config.max_message_bytes || config.max_message_bytes == 0)
        return Error{Errc::message_too_long, "MESSAGE: total length"};
    if (part.offset > part.total || part.data.size() > part.total - part.offset)
        return Error{Errc::invalid_message, "MESSAGE: offset"};
    if (part.data.empty() && part.total > 0) return Error{Errc::invalid_message, "MESSAGE: length"};
    if (part.lifetime_us > kMaxMicroseconds || part.id > kMaxVarint)
        return Error{Errc::invalid_message, "MESSAGE: lifetime"};
    return {};
}

/// What it can contradict.
Result<void> MessageReceiver::State::check_whole(const MessageFrame& part) const {
    const auto at = incomplete.find(part.id);
    if (at == incomplete.end()) return {};
    const auto& message = at->second;
    if (message.total != part.total || message.channel != part.channel ||
        message.sent_at_us != part.sent_at_us || message.lifetime_us != part.lifetime_us)
        return Error{Errc::invalid_message, "MESSAGE: another part says otherwise"};
    return {};
}

Result<void> MessageReceiver::State::add_part(const MessageFrame& part, bool recovered,
                                              TimePoint now) {
    STREAMKIT_TRY(check_whole(part));
    newest = std::max(newest, part.id);
    if (done.contains(part.id, part.id + 1)) return {};
    if (part.data.size() == part.total) {
        // In one piece: nothing to be put together.
        if (const auto at = incomplete.find(part.id); at != incomplete.end()) forget(at->second);
        deliver(part, SharedBuffer::copy_of(part.data), recovered);
        mark_done(part.id, part.id);
        return {};
    }

    if (incomplete.find(part.id) == incomplete.end()) {
        add_incomplete(part, now);
        make_room();
    }
    const auto at = incomplete.find(part.id);
    if (at == incomplete.end()) return {};  // too long for the whole buffer
    auto& message = at->second;
    const auto end = part.offset + part.data.size();
    if (message.present.contains(part.offset, end)) return {};
    std::copy(part.data.begin(), part.data.end(),
              message.bytes.free_space().begin() + static_cast<std::ptrdiff_t>(part.offset));
    message.present.add(part.offset, end);
    message.recovered |= recovered;
    if (message.present.count() > message.total / kMinRangeBytes + kSpareRanges)
        return Error{Errc::invalid_message, "MESSAGE: too many small parts"};
    if (message.present.bytes() < message.total) return {};
    message.bytes.commit(static_cast<std::size_t>(message.total));
    deliver(part, message.bytes.finish(), message.recovered);
    forget(message);
    mark_done(part.id, part.id);
    return {};
}

void MessageReceiver::State::add_incomplete(const MessageFrame& part, TimePoint now) {
    auto& message = incomplete[part.id];
    message.id = part.id;
    message.channel = part.channel;
    message.sent_at_us = part.sent_at_us;
    message.lifetime_us = part.lifetime_us;
    message.total = part.total;
    if (part.total <= config.buffer_bytes)
        message.bytes = BufferBuilder{static_cast<std::size_t>(part.total)};
    if (part.lifetime_us != 0) {
        message.expires =
            now + microseconds{static_cast<microseconds::rep>(part.lifetime_us)} + kLateSlack;
        expiries.emplace(message.expires, message.id);
    }
    by_age.push_back(message);
    incomplete_bytes += part.total + kMessageOverhead;
}

void MessageReceiver::State::make_room() {
    while (!by_age.empty() && incomplete_bytes + fec.held_bytes() > config.buffer_bytes)
        give_up(*by_age.front());
}

void MessageReceiver::State::deliver(const MessageFrame& part, SharedBuffer payload,
                                     bool recovered) {
    message_bytes += payload.size();
    messages.push_back({part.id, part.channel, part.sent_at_us, std::move(payload), recovered});
}

/// It is gone afterwards.
void MessageReceiver::State::forget(Incomplete& message) {
    by_age.remove(message);
    if (message.lifetime_us != 0) expiries.erase({message.expires, message.id});
    incomplete_bytes -= message.total + kMessageOverhead;
    incomplete.erase(message.id);
}

void MessageReceiver::State::give_up(Incomplete& message) {
    const auto id = message.id;
    forget(message);
    report_dropped(id, id);
    mark_done(id, id);
}

void MessageReceiver::State::mark_done(MessageId first, MessageId last) {
    const auto filled = add_bounded(done, first, last, kMaxDoneRanges);
    // What lay between ranges that grew together is done by that.
    while (!incomplete.empty() && incomplete.begin()->first < filled &&
           done.contains(incomplete.begin()->first, incomplete.begin()->first + 1)) {
        auto& message = incomplete.begin()->second;
        report_dropped(message.id, message.id);
        forget(message);
    }
}

void MessageReceiver::State::report_dropped(MessageId first, MessageId last) {
    if (!dropped.empty() && dropped.back().last + 1 == first) {
        dropped.back().last = last;
    } else {
        dropped.push_back({first, last});
    }
}

Result<void> MessageReceiver::State::take_recovered(TimePoint now) {
    for (const auto& symbol : fec.take_recovered()) {
        // The length, a MESSAGE frame in its canonical form, and padding.
        ByteReader in{symbol};
        const auto size = in.u16();
        const auto bytes = in.bytes(size);
        if (!in.ok()) return Error{Errc::invalid_fec, "FEC: length of a symbol"};
        FrameReader reader{bytes};
        const auto frame = reader.next();
        const auto* part = frame && *frame != nullptr ? std::get_if<MessageFrame>(*frame) : nullptr;
        if (part == nullptr || part->position || reader.offset() != bytes.size())
            return Error{Errc::invalid_fec, "FEC: symbol"};
        STREAMKIT_TRY(check(*part));
        STREAMKIT_TRY(add_part(*part, true, now));
    }
    return {};
}

Result<void> MessageReceiver::receive(const DropFrame& frame) {
    auto& state = *state_;
    if (frame.first > frame.last || frame.last > kMaxVarint)
        return Error{Errc::invalid_drop, "DROP: range"};
    if (frame.last > state.newest && frame.last - state.newest > kDropWindow)
        return Error{Errc::invalid_drop, "DROP: beyond the window"};
    std::optional<Dropped> open;
    state.done.for_each_gap(frame.first, frame.last + 1,
                            [&](std::uint64_t begin, std::uint64_t end) {
                                if (!open) open = Dropped{begin, begin};
                                open->last = end - 1;
                            });
    if (!open) return {};
    for (auto at = state.incomplete.lower_bound(frame.first);
         at != state.incomplete.end() && at->first <= frame.last;)
        state.forget((at++)->second);
    state.newest = std::max(state.newest, frame.last);
    state.report_dropped(open->first, open->last);
    state.mark_done(frame.first, frame.last);
    return {};
}

std::optional<MessageReceiver::Message> MessageReceiver::poll_message() {
    if (state_->messages.empty()) return std::nullopt;
    std::optional<Message> message{std::move(state_->messages.front())};
    state_->messages.pop_front();
    state_->message_bytes -= message->payload.size();
    return message;
}

std::optional<MessageReceiver::Dropped> MessageReceiver::poll_dropped() {
    if (state_->dropped.empty()) return std::nullopt;
    const auto dropped = state_->dropped.front();
    state_->dropped.pop_front();
    return dropped;
}

std::optional<FecRecoveredFrame> MessageReceiver::poll_recovered() {
    return state_->fec.poll_recovered();
}

void MessageReceiver::handle_timeout(TimePoint now) {
    auto& state = *state_;
    while (!state.expiries.empty() && state.expiries.begin()->first <= now)
        state.give_up(state.incomplete.find(state.expiries.begin()->second)->second);
    state.fec.handle_timeout(now);
}

std::optional<TimePoint> MessageReceiver::next_timeout() const noexcept {
    auto next = state_->fec.next_timeout();
    if (!state_->expiries.empty()) {
        const auto first = state_->expiries.begin()->first;
        next = next ? std::min(*next, first) : first;
    }
    return next;
}

std::size_t MessageReceiver::held_bytes() const noexcept {
    return static_cast<std::size_t>(state_->incomplete_bytes + state_->message_bytes) +
           state_->fec.held_bytes();
}

}  // namespace streamkit::rudp
