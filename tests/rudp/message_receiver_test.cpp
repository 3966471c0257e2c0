// Messages on their way in: joined, made from repair symbols, and never held without bounds.

#include "message_receiver.hpp"

#include <bit>
#include <string>
#include <vector>

#include "fec_receiver.hpp"
#include "streamkit/fec/reed_solomon.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::rudp;
using namespace std::chrono_literals;
using streamkit::test::text;

namespace {

constexpr TimePoint kStart{};

/// A part of a message whose payload is `whole`.
MessageFrame part_of(MessageId id, const Bytes& whole, std::size_t offset, std::size_t length) {
    MessageFrame out;
    out.id = id;
    out.channel = 3;
    out.sent_at_us = 1000 + id;
    out.lifetime_us = 100'000;
    out.total = whole.size();
    out.offset = offset;
    out.data = BytesView{whole}.subspan(offset, length);
    return out;
}

MessageFrame in_block(MessageFrame part, std::uint64_t block, std::uint8_t index) {
    part.position = FecPosition{block, index};
    return part;
}

class Receiver {
public:
    explicit Receiver(std::uint64_t buffer = 1 << 20)
        : receiver({.max_message_bytes = 100'000, .buffer_bytes = buffer}) {}

    Result<void> take(const MessageFrame& frame) { return receiver.receive(frame, now); }
    Result<void> take(const FecFrame& frame) { return receiver.receive(frame, now); }
    Result<void> drop(MessageId first, MessageId last) {
        return receiver.receive(DropFrame{first, last});
    }
    /// What came out: "7:text", with "*" where repair symbols helped, and "-3-5" for dropped ones.
    std::string events() {
        std::string out;
        const auto space = [&] { out += out.empty() ? "" : " "; };
        while (const auto message = receiver.poll_message()) {
            space();
            out += std::to_string(message->id) + ':';
            out += as_text(message->payload);
            if (message->recovered) out += '*';
        }
        while (const auto dropped = receiver.poll_dropped()) {
            space();
            out += '-' + std::to_string(dropped->first) + '-' + std::to_string(dropped->last);
        }
        return out;
    }

    TimePoint now = kStart;
    MessageReceiver receiver;
};

/// The source symbols of a block, and its repair symbols.
class Block {
public:
    Block(std::uint64_t id, const std::vector<MessageFrame>& parts, std::size_t repairs) {
        std::size_t longest = 0;
        for (auto part : parts) {
            part.position.reset();
            auto& symbol = symbols_.emplace_back(2 + frame_bytes(part));
            SpanWriter out{symbol};
            out.u16(static_cast<std::uint16_t>(symbol.size() - 2));
            write_frame(out, part);
            longest = std::max(longest, symbol.size());
        }
        encode(id, parts.size(), repairs, longest);
    }
    /// Of anything.
    Block(std::uint64_t id, std::vector<Bytes> symbols, std::size_t repairs)
        : symbols_(std::move(symbols)) {
        std::size_t longest = 0;
        for (const auto& symbol : symbols_)
            longest = std::max(longest, symbol.size());
        encode(id, symbols_.size(), repairs, longest);
    }
    [[nodiscard]] const FecFrame& repair(std::size_t i) const { return frames_[i]; }

private:
    void encode(std::uint64_t id, std::size_t sources, std::size_t repairs, std::size_t longest) {
        const auto code = fec::ReedSolomon::make(sources, repairs).value();
        for (std::size_t i = 0; i < repairs; ++i) {
            auto& symbol = repairs_.emplace_back(longest);
            for (std::size_t j = 0; j < sources; ++j)
                code.accumulate(i, j, symbols_[j], symbol);
        }
        for (std::size_t i = 0; i < repairs; ++i) {
            frames_.push_back({id, static_cast<std::uint8_t>(sources),
                               static_cast<std::uint8_t>(repairs), static_cast<std::uint8_t>(i),
                               repairs_[i]});
        }
    }
    std::vector<Bytes> symbols_;
    std::vector<Bytes> repairs_;
    std::vector<FecFrame> frames_;
};

}  // namespace

TEST_CASE("a message in one part is there at once", "[rudp][message]") {
    Receiver r;
    const auto whole = text("hello");
    CHECK(r.take(part_of(7, whole, 0, 5)).has_value());
    const auto message = r.receiver.poll_message();
    REQUIRE(message);
    CHECK(message->id == 7);
    CHECK(message->channel == 3);
    CHECK(message->sent_at_us == 1007);
    CHECK(message->payload == SharedBuffer::copy_of(whole));
    CHECK_FALSE(message->recovered);
    CHECK(r.receiver.held_bytes() == 0);
    CHECK_FALSE(r.receiver.next_timeout());
}

TEST_CASE("an empty message is a message", "[rudp][message]") {
    Receiver r;
    CHECK(r.take(part_of(0, {}, 0, 0)).has_value());
    CHECK(r.events() == "0:");
    CHECK(r.take(part_of(0, {}, 0, 0)).has_value());
    CHECK(r.events().empty());
}

TEST_CASE("parts come in any order, twice, and overlapping", "[rudp][message]") {
    Receiver r;
    const auto whole = text("0123456789");
    CHECK(r.take(part_of(1, whole, 6, 4)).has_value());
    CHECK(r.take(part_of(1, whole, 6, 4)).has_value());
    CHECK(r.take(part_of(1, whole, 2, 3)).has_value());
    CHECK(r.take(part_of(1, whole, 4, 3)).has_value());
    CHECK(r.events().empty());
    CHECK(r.receiver.held_bytes() > 10);
    CHECK(r.take(part_of(1, whole, 0, 3)).has_value());
    CHECK(r.events() == "1:0123456789");
    CHECK(r.receiver.held_bytes() == 0);

    SECTION("and never again") {
        for (std::size_t offset = 0; offset < 10; ++offset)
            CHECK(r.take(part_of(1, whole, offset, 1)).has_value());
        CHECK(r.take(part_of(1, whole, 0, 10)).has_value());
        CHECK(r.events().empty());
        CHECK(r.receiver.held_bytes() == 0);
    }
}

TEST_CASE("the whole in one part ends a message in parts", "[rudp][message]") {
    Receiver r;
    const auto whole = text("0123456789");
    CHECK(r.take(part_of(1, whole, 0, 4)).has_value());
    CHECK(r.take(part_of(1, whole, 0, 10)).has_value());
    CHECK(r.events() == "1:0123456789");
    CHECK(r.receiver.held_bytes() == 0);
    CHECK_FALSE(r.receiver.next_timeout());
}

TEST_CASE("parts that contradict themselves or each other are errors", "[rudp][message]") {
    Receiver r;
    const auto whole = text("0123456789");
    REQUIRE(r.take(part_of(1, whole, 0, 4)).has_value());
    auto part = part_of(1, whole, 4, 4);
    SECTION("another length") { part.total = 11; }
    SECTION("another channel") { part.channel = 4; }
    SECTION("another time") { part.sent_at_us = 5; }
    SECTION("another deadline") { part.lifetime_us = 5; }
    SECTION("beyond the end") { part.offset = 7; }
    SECTION("far beyond the end") { part.offset = ~std::uint64_t{0}; }
    SECTION("nothing of something") { part.data = {}; }
    SECTION("a lifetime beyond what the wire can say") { part.lifetime_us = ~std::uint64_t{0}; }
    CHECK(r.take(part).error().code == Errc::invalid_message);
}

TEST_CASE("no message is longer than allowed", "[rudp][message]") {
    Receiver r;
    const Bytes whole(100'000);
    CHECK(r.take(part_of(1, whole, 0, 1000)).has_value());
    auto part = part_of(2, whole, 0, 1000);
    part.total = 100'001;
    CHECK(r.take(part).error().code == Errc::message_too_long);

    MessageReceiver none{{.max_message_bytes = 0, .buffer_bytes = 1000}};
    CHECK(none.receive(part_of(0, {}, 0, 0), kStart).error().code == Errc::message_too_long);
}

TEST_CASE("a message cannot be held as thousands of crumbs", "[rudp][message]") {
    Receiver r;
    const Bytes whole(100'000);
    std::size_t taken = 0;
    while (r.take(part_of(1, whole, taken * 2, 1)))
        ++taken;
    CHECK(taken > 1000);
    CHECK(taken < 2000);
}

TEST_CASE("messages that are dropped do not come any more", "[rudp][message]") {
    Receiver r;
    const auto whole = text("0123456789");
    CHECK(r.take(part_of(4, whole, 0, 4)).has_value());
    CHECK(r.take(part_of(6, whole, 0, 10)).has_value());
    CHECK(r.events() == "6:0123456789");
    CHECK(r.drop(3, 7).has_value());
    CHECK(r.events() == "-3-7");
    CHECK(r.receiver.held_bytes() == 0);
    CHECK(r.take(part_of(4, whole, 4, 6)).has_value());
    CHECK(r.take(part_of(7, whole, 0, 10)).has_value());
    CHECK(r.events().empty());

    SECTION("said once") {
        CHECK(r.drop(3, 7).has_value());
        CHECK(r.drop(4, 4).has_value());
        CHECK(r.events().empty());
    }
    SECTION("only what had not come is reported") {
        CHECK(r.drop(1, 9).has_value());
        CHECK(r.events() == "-1-9");
        CHECK(r.take(part_of(11, whole, 0, 10)).has_value());
        CHECK(r.drop(9, 11).has_value());
        CHECK(r.events() == "11:0123456789 -10-10");
    }
}

TEST_CASE("a DROP that is reversed or beyond the window is an error", "[rudp][message]") {
    Receiver r;
    CHECK(r.drop(5, 4).error().code == Errc::invalid_drop);
    CHECK(r.drop(0, std::uint64_t{1} << 40).error().code == Errc::invalid_drop);
    CHECK(r.drop(0, ~std::uint64_t{0}).error().code == Errc::invalid_drop);
    CHECK(r.events().empty());
    // The window moves with what comes.
    CHECK(r.take(part_of(std::uint64_t{1} << 40, text("a"), 0, 1)).has_value());
    CHECK(r.drop(0, (std::uint64_t{1} << 40) + 1).has_value());
    CHECK(r.events() == "1099511627776:a -0-1099511627777");
}

TEST_CASE("ids far apart cost nothing, and are remembered as far as there is room",
          "[rudp][message]") {
    Receiver r;
    const auto whole = text("x");
    std::size_t delivered = 0;
    for (int round = 0; round < 2; ++round) {
        for (std::uint64_t i = 0; i < 5000; ++i)
            CHECK(r.take(part_of(i * 1'000'000'007, whole, 0, 1)).has_value());
        while (r.receiver.poll_message())
            ++delivered;
    }
    CHECK(delivered == 5000);
    CHECK(r.receiver.held_bytes() == 0);
    // Far below what is remembered everything counts as done.
    CHECK(r.take(part_of(5, whole, 0, 1)).has_value());
    CHECK(r.events().empty());
}

TEST_CASE("an old incomplete message below what is remembered is reported as dropped",
          "[rudp][message]") {
    Receiver r;
    const auto whole = text("0123456789");
    CHECK(r.take(part_of(0, whole, 0, 10)).has_value());
    CHECK(r.take(part_of(1, whole, 0, 4)).has_value());
    for (std::uint64_t i = 1; i < 1500; ++i)
        CHECK(r.take(part_of(i * 2, whole, 0, 10)).has_value());
    while (r.receiver.poll_message()) {
    }
    CHECK(r.events() == "-1-1");
    CHECK(r.receiver.held_bytes() == 0);
}

TEST_CASE("when the buffer is full the oldest incomplete message goes", "[rudp][message]") {
    Receiver r{10'000};
    const Bytes whole(3000);
    for (MessageId id = 10; id < 13; ++id)
        CHECK(r.take(part_of(id, whole, 0, 1000)).has_value());
    CHECK(r.events().empty());
    CHECK(r.take(part_of(5, whole, 0, 1000)).has_value());
    CHECK(r.events() == "-10-10");
    CHECK(r.receiver.held_bytes() <= 10'000);
    CHECK(r.take(part_of(10, whole, 0, 3000)).has_value());
    CHECK(r.events().empty());
    SECTION("one that alone is too long never comes in") {
        const Bytes longer(10'000);
        CHECK(r.take(part_of(20, longer, 0, 1000)).has_value());
        CHECK(r.receiver.held_bytes() <= 10'000);
        CHECK(r.take(part_of(20, longer, 1000, 1000)).has_value());
        CHECK(r.receiver.held_bytes() == 0);
    }
}

TEST_CASE("an incomplete message is forgotten when it can no longer be in time",
          "[rudp][message]") {
    Receiver r;
    const auto whole = text("0123456789");
    CHECK(r.take(part_of(1, whole, 0, 4)).has_value());
    auto reliable = part_of(2, whole, 0, 4);
    reliable.lifetime_us = 0;
    CHECK(r.take(reliable).has_value());
    REQUIRE(r.receiver.next_timeout());
    r.now = *r.receiver.next_timeout();
    CHECK(r.now >= kStart + 100ms);
    CHECK(r.now <= kStart + 300ms);
    r.receiver.handle_timeout(r.now - 1ms);
    CHECK(r.events().empty());
    r.receiver.handle_timeout(r.now);
    CHECK(r.events() == "-1-1");
    CHECK_FALSE(r.receiver.next_timeout());
    reliable = part_of(2, whole, 4, 6);
    reliable.lifetime_us = 0;
    r.now += 1h;
    CHECK(r.take(reliable).has_value());
    CHECK(r.events() == "2:0123456789");
}

TEST_CASE("what is missing of a block is made from its repair symbols", "[rudp][message][fec]") {
    const auto one = text("the first message, a longer one");
    const auto two = text("the second");
    const std::vector<MessageFrame> parts{part_of(1, one, 0, 20), part_of(1, one, 20, 11),
                                          part_of(2, two, 0, 10)};
    const Block block{9, parts, 2};
    // Any three of the five symbols, in the order of the bits and reversed.
    for (unsigned bits = 0; bits < 32; ++bits) {
        for (const bool reversed : {false, true}) {
            Receiver r;
            std::uint32_t present = 0;
            for (unsigned n = 0; n < 5; ++n) {
                const auto i = reversed ? 4 - n : n;
                if ((bits >> i & 1) == 0) continue;
                if (i < 3) {
                    CHECK(r.take(in_block(parts[i], 9, static_cast<std::uint8_t>(i))).has_value());
                } else {
                    CHECK(r.take(block.repair(i - 3)).has_value());
                }
                if (std::popcount(present) < 3) present |= 1U << i;
            }
            INFO("symbols " << bits << " reversed " << reversed);
            const auto recovered = r.receiver.poll_recovered();
            std::string events;
            while (const auto message = r.receiver.poll_message())
                events += std::to_string(message->id);
            if (std::popcount(present) < 3) {
                CHECK_FALSE(recovered);
                continue;
            }
            CHECK((events == "12" || events == "21"));
            const auto missing = ~present & 7U;
            REQUIRE(recovered.has_value() == (missing != 0));
            if (recovered) {
                CHECK(recovered->block == 9);
                CHECK(recovered->recovered == missing);
            }
            CHECK_FALSE(r.receiver.poll_recovered());
            // Without a repair symbol it is not known where the block ends.
            if (bits > 7) CHECK(r.receiver.held_bytes() == 0);
        }
    }
}

TEST_CASE("recovered messages say so, and nothing comes twice", "[rudp][message][fec]") {
    Receiver r;
    const auto one = text("one");
    const auto two = text("two");
    const std::vector<MessageFrame> parts{part_of(1, one, 0, 3), part_of(2, two, 0, 3)};
    const Block block{0, parts, 2};
    CHECK(r.take(in_block(parts[0], 0, 0)).has_value());
    CHECK(r.take(in_block(parts[0], 0, 0)).has_value());
    CHECK(r.take(block.repair(1)).has_value());
    CHECK(r.events() == "1:one 2:two*");
    CHECK(r.take(block.repair(0)).has_value());
    CHECK(r.take(block.repair(1)).has_value());
    CHECK(r.take(in_block(parts[1], 0, 1)).has_value());
    CHECK(r.events().empty());
    CHECK(r.receiver.held_bytes() == 0);
}

TEST_CASE("symbols and frames of a block that contradict each other are errors",
          "[rudp][message][fec]") {
    Receiver r;
    const auto one = text("one");
    const auto two = text("two and more");
    const std::vector<MessageFrame> parts{part_of(1, one, 0, 3), part_of(2, one, 0, 3),
                                          part_of(3, one, 0, 3)};
    const Block block{0, parts, 2};
    auto frame = block.repair(1);
    REQUIRE(r.take(block.repair(0)).has_value());
    SECTION("another number of sources") { frame.source_symbols = 4; }
    SECTION("another number of repairs") { frame.repair_symbols = 3; }
    SECTION("another length") { frame.symbol = frame.symbol.first(frame.symbol.size() - 1); }
    SECTION("no sources") { frame.source_symbols = 0; }
    SECTION("too many sources") { frame.source_symbols = 33; }
    SECTION("no repairs") { frame.repair_symbols = 0; }
    SECTION("too many repairs") { frame.repair_symbols = 33; }
    SECTION("no such repair") { frame.index = 2; }
    SECTION("too short for any part") { frame.symbol = frame.symbol.first(9); }
    SECTION("a source that the block does not have") {
        CHECK(r.take(in_block(parts[0], 0, 3)).error().code == Errc::invalid_fec);
        return;
    }
    SECTION("a source that is longer than the block's symbols") {
        CHECK(r.take(in_block(part_of(4, two, 0, 12), 0, 0)).error().code == Errc::invalid_fec);
        return;
    }
    SECTION("a source that no block has") {
        CHECK(r.take(in_block(parts[0], 1, 32)).error().code == Errc::invalid_fec);
        return;
    }
    SECTION("a source before, that the block cannot have") {
        CHECK(r.take(in_block(parts[0], 1, 7)).has_value());
        frame.block = 1;
    }
    SECTION("a source before, longer than the block's symbols") {
        CHECK(r.take(in_block(part_of(4, two, 0, 12), 1, 0)).has_value());
        frame.block = 1;
    }
    CHECK(r.take(frame).error().code == Errc::invalid_fec);
}

TEST_CASE("a recovered symbol that is no part of a message is an error", "[rudp][message][fec]") {
    const auto other = text("other");
    auto part = part_of(1, other, 0, 5);
    const auto symbol_of = [](const Frame& frame) {
        Bytes out(2 + frame_bytes(frame));
        SpanWriter writer{out};
        writer.u16(static_cast<std::uint16_t>(out.size() - 2));
        write_frame(writer, frame);
        return out;
    };
    auto lost = symbol_of(part);
    SECTION("its length is too long") { lost[1] = 200; }
    SECTION("it ends early") { --lost[1]; }
    SECTION("something is behind it") {
        lost.push_back(0);
        ++lost[1];
    }
    SECTION("of no known type") { lost[2] = 0x7f; }
    SECTION("a frame of another kind") { lost = symbol_of(FecFrame{1, 1, 1, 0, other}); }
    SECTION("not in its canonical form") { lost = symbol_of(in_block(part, 0, 1)); }
    SECTION("nothing") { lost = Bytes(20); }
    const Block block{0, {symbol_of(part_of(2, other, 0, 5)), lost}, 1};
    Receiver r;
    CHECK(r.take(in_block(part_of(2, other, 0, 5), 0, 0)).has_value());
    CHECK(r.take(block.repair(0)).error().code == Errc::invalid_fec);
    CHECK(r.events() == "2:other");
}

TEST_CASE("blocks are bounded in number, bytes and time", "[rudp][message][fec]") {
    Receiver r{40'000};
    const Bytes whole(1000);
    for (std::uint64_t i = 0; i < 1000; ++i) {
        CHECK(r.take(in_block(part_of(i, whole, 0, 1000), i * 1'000'003, 0)).has_value());
        CHECK(r.receiver.held_bytes() - 1000 <= 10'000);  // a quarter; and the message itself
        CHECK(r.receiver.poll_message());
    }
    CHECK(r.receiver.held_bytes() > 0);
    REQUIRE(r.receiver.next_timeout());
    CHECK(*r.receiver.next_timeout() < kStart + 10s);
    r.receiver.handle_timeout(kStart + 10s);
    CHECK(r.receiver.held_bytes() == 0);
    CHECK_FALSE(r.receiver.next_timeout());

    FecReceiver many{1 << 30};
    const Bytes little(1);
    for (std::uint64_t i = 0; i < 1000; ++i)
        CHECK(many.add_source(in_block(part_of(i, little, 0, 1), i, 0), kStart).has_value());
    CHECK(many.held_bytes() < FecReceiver::kMaxBlocks * 600);
}

TEST_CASE("bounded sets of ids grow together from below", "[rudp][message]") {
    ByteRanges set;
    CHECK(add_bounded(set, 10, 10, 2) == 0);
    CHECK(add_bounded(set, 20, 29, 2) == 0);
    CHECK(add_bounded(set, 40, 40, 2) == 20);
    CHECK(set.count() == 2);
    CHECK(set.contains(10, 30));
    CHECK_FALSE(set.contains(30, 31));
}
