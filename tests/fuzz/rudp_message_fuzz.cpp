// MESSAGE, FEC and DROP frames into a receiver of messages: memory stays bounded, no message comes
// twice or after it was dropped, and a source that does not contradict itself is given out as it is.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "message_receiver.hpp"
#include "streamkit/fec/reed_solomon.hpp"

using namespace streamkit;
using namespace streamkit::rudp;

namespace {

constexpr std::uint64_t kMaxMessage = 3000;
constexpr std::uint64_t kBuffer = 16'000;

void require(bool condition) {
    if (!condition) __builtin_trap();
}

/// What comes out, checked.
class Output {
public:
    explicit Output(MessageReceiver& receiver) : receiver_(receiver) {}
    std::vector<MessageReceiver::Message> take() {
        std::vector<MessageReceiver::Message> out;
        while (auto message = receiver_.poll_message()) {
            require(delivered_.insert(message->id).second);
            require(!is_dropped(message->id));
            require(message->payload.size() <= kMaxMessage);
            out.push_back(*std::move(message));
        }
        while (const auto dropped = receiver_.poll_dropped()) {
            require(dropped->first <= dropped->last);
            dropped_.push_back(*dropped);
        }
        while (const auto recovered = receiver_.poll_recovered())
            require(recovered->recovered != 0);
        require(receiver_.held_bytes() <= kBuffer + kBuffer / 4);
        return out;
    }

private:
    [[nodiscard]] bool is_dropped(MessageId id) const {
        return std::any_of(dropped_.begin(), dropped_.end(), [&](const auto& range) {
            return range.first <= id && id <= range.last;
        });
    }
    MessageReceiver& receiver_;
    std::set<MessageId> delivered_;
    std::vector<MessageReceiver::Dropped> dropped_;
};

/// Frames as they come.
void feed_anything(BytesView input) {
    MessageReceiver receiver{{.max_message_bytes = kMaxMessage, .buffer_bytes = kBuffer}};
    Output output{receiver};
    TimePoint now{};
    FrameReader reader{input};
    for (;;) {
        const auto frame = reader.next();
        if (!frame || *frame == nullptr) return;
        now += std::chrono::milliseconds{7};
        Result<void> taken;
        if (const auto* message = std::get_if<MessageFrame>(*frame))
            taken = receiver.receive(*message, now);
        if (const auto* fec = std::get_if<FecFrame>(*frame)) taken = receiver.receive(*fec, now);
        if (const auto* drop = std::get_if<DropFrame>(*frame)) taken = receiver.receive(*drop);
        if (std::holds_alternative<PingFrame>(**frame)) {
            now += std::chrono::seconds{1};
            receiver.handle_timeout(now);
        }
        static_cast<void>(output.take());
        if (!taken) return;  // the connection is closed then
    }
}

std::uint8_t byte_of(MessageId id, std::size_t at) {
    return static_cast<std::uint8_t>(id * 31 + at * 7 + at / 251);
}

struct Symbols {
    std::vector<MessageFrame> parts;
    std::vector<Bytes> sources;
    std::vector<Bytes> repairs;
};

/// Up to 32 parts of a few messages, with their repair symbols.
Symbols make_block(ByteReader& in, std::uint64_t block, MessageId first_id,
                   std::vector<Bytes>& payloads) {
    Symbols out;
    const std::size_t messages = 1 + in.u8() % 4;
    std::size_t longest = 0;
    for (std::size_t m = 0; m < messages; ++m) {
        const auto id = first_id + m;
        auto& payload = payloads.emplace_back(in.u16() % 400);
        for (std::size_t i = 0; i < payload.size(); ++i)
            payload[i] = byte_of(id, i);
        const auto step = std::max<std::size_t>(1 + in.u8(), payload.size() / 8 + 1);
        for (std::size_t at = 0; at < payload.size() || at == 0; at += step) {
            MessageFrame part;
            part.id = id;
            part.sent_at_us = id;
            part.total = payload.size();
            part.offset = at;
            part.data = BytesView{payload}.subspan(at, std::min(step, payload.size() - at));
            auto& symbol = out.sources.emplace_back(2 + frame_bytes(part));
            SpanWriter writer{symbol};
            writer.u16(static_cast<std::uint16_t>(symbol.size() - 2));
            write_frame(writer, part);
            longest = std::max(longest, symbol.size());
            part.position = FecPosition{block, static_cast<std::uint8_t>(out.parts.size())};
            out.parts.push_back(part);
        }
    }
    const std::size_t repairs = 1 + in.u8() % 8;
    const auto code = fec::ReedSolomon::make(out.sources.size(), repairs).value();
    for (std::size_t i = 0; i < repairs; ++i) {
        auto& symbol = out.repairs.emplace_back(longest);
        for (std::size_t j = 0; j < out.sources.size(); ++j)
            code.accumulate(i, j, out.sources[j], symbol);
    }
    return out;
}

/// Some symbols of blocks of a peer that does everything right, in any order.
void feed_consistent(BytesView input) {
    MessageReceiver receiver{{.max_message_bytes = kMaxMessage, .buffer_bytes = kBuffer}};
    Output output{receiver};
    ByteReader in{input};
    MessageId next_id = 0;
    for (std::uint64_t block = 0; !in.at_end() && block < 16; ++block) {
        std::vector<Bytes> payloads;
        payloads.reserve(4);  // parts have views into them
        const auto symbols = make_block(in, block, next_id, payloads);
        const auto sources = symbols.parts.size();
        const auto all = sources + symbols.repairs.size();
        std::set<std::size_t> given;
        std::size_t delivered = 0;
        for (std::size_t n = in.u8() % 48; n > 0; --n) {
            const auto i = in.u8() % all;
            given.insert(i);
            const auto taken =
                i < sources
                    ? receiver.receive(symbols.parts[i], TimePoint{})
                    : receiver.receive(FecFrame{block, static_cast<std::uint8_t>(sources),
                                                static_cast<std::uint8_t>(symbols.repairs.size()),
                                                static_cast<std::uint8_t>(i - sources),
                                                symbols.repairs[i - sources]},
                                       TimePoint{});
            require(taken.has_value());
            for (const auto& message : output.take()) {
                require(message.id >= next_id && message.id < next_id + payloads.size());
                require(message.payload.view().size() == payloads[message.id - next_id].size());
                require(std::equal(message.payload.view().begin(), message.payload.view().end(),
                                   payloads[message.id - next_id].begin()));
                ++delivered;
            }
        }
        // Any k of the k + r symbols, or all sources, are enough. (The buffer holds one block.)
        require(given.size() < sources || delivered == payloads.size());
        next_id += payloads.size();
        require(receiver.receive(DropFrame{0, next_id - 1}).has_value());
        static_cast<void>(output.take());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const BytesView input{data, size};
    if (data[0] % 2 == 0) {
        feed_anything(input.subspan(1));
    } else {
        feed_consistent(input.subspan(1));
    }
    return 0;
}
