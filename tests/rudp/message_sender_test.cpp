// Messages on their way out: what leaves, in which order, and what is given up.

#include "message_sender.hpp"

#include <map>
#include <string>
#include <vector>

#include "fec_plan.hpp"
#include "streamkit/fec/reed_solomon.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::rudp;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kStart{};
constexpr std::size_t kRoom = 1200;

MessageSender::PathView path_of(congestion::Duration rtt, double loss = 0.0) {
    MessageSender::PathView path;
    path.rtt = rtt;
    path.loss = loss;
    path.ack_delay = 5ms;
    return path;
}

OutgoingMessage message_of(std::size_t bytes, TimePoint deadline = TimePoint::max(),
                           std::uint8_t priority = 128) {
    Bytes payload(bytes);
    for (std::size_t i = 0; i < bytes; ++i)
        payload[i] = static_cast<std::uint8_t>(i * 7 + bytes);
    OutgoingMessage out;
    out.payload = SharedBuffer::take(std::move(payload));
    out.deadline = deadline;
    out.priority = priority;
    return out;
}

/// A frame that left: what the sender said, and the bytes.
struct Sent {
    SentFrame frame;
    Bytes bytes;

    [[nodiscard]] const SentMessage* message() const { return std::get_if<SentMessage>(&frame); }
    [[nodiscard]] const SentControl* drop() const { return std::get_if<SentControl>(&frame); }
    [[nodiscard]] bool is_fec() const { return std::holds_alternative<SentFec>(frame); }
};

class Sender {
public:
    explicit Sender(MessageSender::PathView view = path_of(0ms), bool fec = true,
                    std::uint64_t buffer = 1 << 20)
        : path(view), sender({.max_message_bytes = 100'000, .buffer_bytes = buffer, .fec = fec}) {}

    std::optional<Sent> next(std::size_t room = kRoom) {
        Bytes buffer(room);
        SpanWriter out{buffer};
        sender.start_packet();
        const auto frame = sender.next_frame(out, room, now, path);
        if (!frame) {
            CHECK(out.size() == 0);
            return std::nullopt;
        }
        buffer.resize(out.size());
        return Sent{*frame, std::move(buffer)};
    }
    std::vector<Sent> all(std::size_t room = kRoom) {
        std::vector<Sent> out;
        while (auto sent = next(room))
            out.push_back(*std::move(sent));
        return out;
    }
    MessageId send(OutgoingMessage message) { return sender.send(std::move(message), now).value(); }
    void wait(congestion::Duration time) {
        now += time;
        sender.update(now, path);
    }
    void lose(const Sent& sent) { sender.on_lost(sent.frame, now, path); }
    void ack(const Sent& sent) { sender.on_acked(sent.frame); }
    /// "1+" delivered, "2-" given up.
    std::string fates() {
        std::string out;
        for (const auto& fate : sender.take_fates())
            out += std::to_string(fate.id) + (fate.delivered ? "+" : "-");
        return out;
    }

    TimePoint now = kStart;
    MessageSender::PathView path;
    MessageSender sender;
};

/// "0:0+1175 1:0+20": id, offset and length of message parts; "drop 3-4"; "fec".
std::string names(const std::vector<Sent>& frames) {
    std::string out;
    for (const auto& sent : frames) {
        if (!out.empty()) out += ' ';
        if (const auto* part = sent.message()) {
            out += std::to_string(part->id) + ':' + std::to_string(part->offset) + '+' +
                   std::to_string(part->length);
        } else if (const auto* drop = sent.drop()) {
            out += "drop " + std::to_string(drop->id) + '-' + std::to_string(drop->value);
        } else {
            out += "fec";
        }
    }
    return out;
}

/// Read back; the views are into `sent`.
Frame read(const Sent& sent) {
    FrameReader reader{sent.bytes};
    const auto frame = reader.next();
    REQUIRE(frame.has_value());
    REQUIRE(*frame != nullptr);
    return **frame;
}

}  // namespace

TEST_CASE("a message leaves in parts that fill the packets", "[rudp][message]") {
    Sender s;
    s.now += 5ms;
    s.send(message_of(3000));
    const auto frames = s.all();
    // The header: type, id, channel, 2 for sent at, lifetime, 2 for each of total, offset and length.
    CHECK(names(frames) == "0:0+1189 0:1189+1188 0:2377+623");
    const auto frame = read(frames[1]);
    const auto& part = std::get<MessageFrame>(frame);
    CHECK(part.id == 0);
    CHECK(part.sent_at_us == 5000);
    CHECK(part.lifetime_us == 0);
    CHECK(part.total == 3000);
    CHECK(part.offset == 1189);
    CHECK(part.data.size() == 1188);
    CHECK(part.data[0] == message_of(3000).payload.view()[1189]);
    CHECK_FALSE(part.position);
    CHECK_FALSE(s.sender.has_something_to_send());
    CHECK(s.sender.buffered() == 3000);

    s.ack(frames[0]);
    s.ack(frames[2]);
    CHECK(s.fates().empty());
    s.ack(frames[1]);
    CHECK(s.fates() == "0+");
    CHECK(s.sender.buffered() == 0);
    CHECK(s.sender.counters().delivered == 1);
    CHECK(s.sender.counters().bytes_sent == 3000);
}

TEST_CASE("an empty message is one part", "[rudp][message]") {
    Sender s;
    s.send(message_of(0));
    const auto frames = s.all();
    REQUIRE(names(frames) == "0:0+0");
    s.lose(frames[0]);
    REQUIRE(names(s.all()) == "0:0+0");
    s.ack(frames[0]);
    CHECK(s.fates() == "0+");
}

TEST_CASE("what is too long or does not fit into the buffer is refused", "[rudp][message]") {
    Sender s{path_of(0ms), true, 5000};
    CHECK(s.sender.send(message_of(100'001), s.now).error().code == Errc::message_too_long);
    s.send(message_of(3000));
    CHECK(s.sender.send(message_of(2001), s.now).error().code == Errc::send_buffer_full);
    s.send(message_of(2000));
    CHECK(s.sender.buffered() == 5000);

    MessageSender none{{.max_message_bytes = 0, .buffer_bytes = 5000}};
    CHECK(none.send(message_of(0), s.now).error().code == Errc::message_too_long);
}

TEST_CASE("a better priority goes first, and a lost part before what is new", "[rudp][message]") {
    Sender s;
    s.send(message_of(1500));
    const auto first = s.next();
    REQUIRE(first);
    s.send(message_of(100));
    s.send(message_of(100, TimePoint::max(), 7));
    s.lose(*first);
    CHECK(names(s.all()) == "2:0+100 0:0+1190 0:1190+310 1:0+100");
    CHECK(s.sender.counters().bytes_resent == 1190);
}

TEST_CASE("a part with little room left waits for the next packet", "[rudp][message]") {
    Sender s;
    s.send(message_of(1000));
    CHECK_FALSE(s.next(100));
    CHECK(s.sender.has_something_to_send());
    // Half a part is better than an empty half of a packet.
    CHECK(names(s.all(600)) == "0:0+590 0:590+410");
}

TEST_CASE("a lost part is cut anew where packets have become smaller", "[rudp][message]") {
    Sender s;
    s.send(message_of(1000));
    const auto whole = s.all();
    REQUIRE(names(whole) == "0:0+1000");
    s.lose(whole[0]);
    const auto pieces = s.all(700);
    REQUIRE(names(pieces) == "0:0+690 0:690+310");
    s.lose(pieces[0]);
    CHECK(names(s.all(700)) == "0:0+690");
    SECTION("each piece is acknowledged for itself") {
        s.ack(pieces[1]);
        CHECK(s.fates().empty());
        s.ack(pieces[0]);
        CHECK(s.fates() == "0+");
    }
    SECTION("the whole part arrived after all") {
        s.ack(whole[0]);
        CHECK(s.fates() == "0+");
    }
}

TEST_CASE("messages without a deadline are sent until they arrive", "[rudp][message]") {
    Sender s{path_of(100ms)};
    s.send(message_of(100));
    auto frames = s.all();
    for (int i = 0; i < 20; ++i) {
        s.wait(1h);
        REQUIRE(frames.size() == 1);
        s.lose(frames[0]);
        frames = s.all();
    }
    s.ack(frames[0]);
    CHECK(s.fates() == "0+");
    CHECK(s.sender.counters().dropped == 0);
}

TEST_CASE("a message that cannot arrive in time any more never leaves", "[rudp][message]") {
    Sender s{path_of(100ms)};
    s.send(message_of(100, s.now + 40ms));  // nearer than half a round trip
    s.send(message_of(100, s.now - 1s));
    s.send(message_of(100, s.now + 200ms));
    CHECK(names(s.all()) == "2:0+100 drop 0-1");
    CHECK(s.fates() == "0-1-");
    CHECK(s.sender.counters().dropped == 2);
}

TEST_CASE("the rest of a message is not sent when its time is up", "[rudp][message]") {
    Sender s{path_of(20ms)};
    s.send(message_of(3000, s.now + 200ms));
    const auto first = s.next();
    s.wait(195ms);
    CHECK(names(s.all()) == "drop 0-0");
    CHECK(s.fates() == "0-");
    s.ack(*first);  // too late to matter
    CHECK(s.sender.buffered() == 0);
}

TEST_CASE("a message that waited and is too long for the rate of the path never leaves",
          "[rudp][message]") {
    Sender s{path_of(20ms)};
    s.path.bandwidth = congestion::Bandwidth::bits_per_second(1'000'000);
    s.send(message_of(60'000, s.now + 150ms));  // half a second's worth
    s.send(message_of(2'000, s.now + 150ms));
    SECTION("it waited for its turn") {
        s.wait(50ms);
        CHECK(names(s.all()) == "1:0+1187 drop 0-0 1:1187+813");
    }
    SECTION("it did not: the rate may be what was asked for until now, not what is possible") {
        CHECK(names(s.all()).substr(0, 8) == "0:0+1183");
    }
}

TEST_CASE("a lost part is sent again only if it can be in time", "[rudp][message]") {
    Sender s{path_of(40ms), false};
    s.send(message_of(100, s.now + 140ms));
    const auto first = s.all();
    SECTION("it can") {
        s.wait(50ms);
        s.lose(first[0]);
        const auto second = s.all();
        REQUIRE(names(second) == "0:0+100");
        s.ack(second[0]);
        CHECK(s.fates() == "0+");
    }
    SECTION("it cannot") {
        s.now += 125ms;
        s.lose(first[0]);
        CHECK(names(s.all()) == "drop 0-0");
        CHECK(s.fates() == "0-");
    }
    SECTION("nothing is heard of it") {
        while (s.sender.buffered() > 0) {
            const auto next = s.sender.next_timeout();
            REQUIRE(next);
            REQUIRE(*next > s.now);
            s.now = *next;
            s.sender.update(s.now, s.path);
            for (const auto& sent : s.all())
                CHECK((sent.message() == nullptr || s.now <= kStart + 120ms));
        }
        CHECK(s.fates() == "0-");
        CHECK(s.now < kStart + 250ms);
    }
}

TEST_CASE("given up are neighbours in one DROP, never over a message that may arrive",
          "[rudp][message]") {
    Sender s{path_of(100ms)};
    for (const auto left : {10ms, 10ms, 500ms, 10ms, 10ms})
        s.send(message_of(100, s.now + left));
    const auto frames = s.all();
    REQUIRE(names(frames) == "2:0+100 drop 0-1 drop 3-4");
    SECTION("a lost DROP is sent again") {
        s.lose(frames[2]);
        CHECK(names(s.all()) == "drop 3-4");
        s.ack(frames[1]);
        CHECK_FALSE(s.sender.has_something_to_send());
    }
    SECTION("once the message between is delivered, one DROP is enough") {
        s.ack(frames[0]);
        s.lose(frames[1]);
        s.lose(frames[2]);
        CHECK(names(s.all()) == "drop 0-4");
    }
}

TEST_CASE("memory for DROP is bounded", "[rudp][message]") {
    Sender s{path_of(100ms)};
    for (int i = 0; i < 500; ++i) {
        s.send(message_of(1));
        s.send(message_of(1, s.now + 1ms));
    }
    s.wait(1ms);  // all of them at once
    std::size_t drops = 0;
    for (const auto& sent : s.all(20))
        drops += sent.drop() != nullptr ? 1U : 0U;
    CHECK(drops == 64);
}

TEST_CASE("parts that are short of time are followed by repair symbols", "[rudp][message][fec]") {
    Sender s{path_of(100ms, 0.05)};
    for (int i = 0; i < 10; ++i)
        s.send(message_of(900 + static_cast<std::size_t>(i), s.now + 110ms));
    auto frames = s.all();
    REQUIRE(frames.size() == 10);
    REQUIRE(s.sender.next_timeout());
    CHECK(*s.sender.next_timeout() > s.now + 20ms);
    CHECK(*s.sender.next_timeout() < s.now + 60ms);
    s.wait(60ms - 100ms / 16);
    const auto repairs = s.all();
    REQUIRE(repairs.size() >= 2);
    REQUIRE(repairs.size() <= 3);
    for (const auto& sent : repairs)
        REQUIRE(sent.is_fec());

    SECTION("with which the peer makes what is missing") {
        std::vector<Bytes> sources;
        for (std::size_t i = 0; i < frames.size(); ++i) {
            auto part = std::get<MessageFrame>(read(frames[i]));
            REQUIRE(part.position);
            CHECK(part.position->block == 0);
            CHECK(part.position->index == i);
            part.position.reset();
            Bytes symbol(2 + frame_bytes(part));
            SpanWriter out{symbol};
            out.u16(static_cast<std::uint16_t>(symbol.size() - 2));
            write_frame(out, part);
            sources.push_back(std::move(symbol));
        }
        const auto longest = sources.back().size();
        std::vector<fec::ReedSolomon::Symbol> present;
        for (std::size_t i = 2; i < sources.size(); ++i) {
            sources[i].resize(longest);
            present.push_back({i, sources[i]});
        }
        for (std::size_t i = 0; i < 2; ++i) {
            const auto frame = read(repairs[i]);
            const auto& fec = std::get<FecFrame>(frame);
            CHECK(fec.source_symbols == 10);
            CHECK(fec.repair_symbols == repairs.size());
            CHECK(fec.index == i);
            REQUIRE(fec.symbol.size() == longest);
            // The view is into the bytes of `repairs`.
            present.push_back({10 + i, fec.symbol});
        }
        const auto code = fec::ReedSolomon::make(10, repairs.size()).value();
        const auto recovered = code.recover(present, longest).value();
        REQUIRE(recovered.size() == 2);
        for (const auto& [index, symbol] : recovered) {
            sources[index].resize(longest);
            CHECK(symbol == sources[index]);
        }
    }
    SECTION("which are not sent if all parts are acknowledged") {
        for (int i = 0; i < 10; ++i)
            s.send(message_of(900, s.now + 110ms));
        frames = s.all();
        for (const auto& sent : frames)
            s.ack(sent);
        s.wait(60ms);
        CHECK(s.all().empty());
    }
    SECTION("and a part that the peer made is delivered") {
        s.now += 60ms;
        s.lose(frames[3]);
        CHECK(s.all().empty());
        CHECK(s.sender.on_recovered({0, 1U << 3}).has_value());
        CHECK(s.fates() == "3+");
    }
    SECTION("and a lost part that it did not make is given up in the end") {
        s.lose(frames[3]);
        s.wait(200ms);
        CHECK(s.fates() == "0-1-2-3-4-5-6-7-8-9-");
        CHECK(names(s.all()) == "drop 0-9");
    }
    SECTION("and a part counts as delivered if enough symbols of its block are") {
        for (std::size_t i = 0; i < 10; ++i)
            if (i != 3) s.ack(frames[i]);
        s.ack(repairs[0]);
        s.lose(frames[3]);
        s.wait(200ms);
        CHECK(s.fates() == "0+1+2+4+5+6+7+8+9+3+");
        CHECK(s.all().empty());
    }
    SECTION("but not a block that was never sent") {
        CHECK(s.sender.on_recovered({1, 1}).error().code == Errc::invalid_fec);
        CHECK(s.sender.on_recovered({0, 0xffff'fc00}).has_value());  // no such parts: nothing
        CHECK(s.fates().empty());
    }
}

TEST_CASE("blocks are full at 32 parts", "[rudp][message][fec]") {
    Sender s{path_of(100ms, 0.05)};
    s.send(message_of(1000, s.now + 110ms));
    for (int i = 0; i < 40; ++i)
        s.send(message_of(1000, s.now + 110ms));
    std::map<std::uint64_t, int> parts;
    int repairs = 0;
    for (const auto& sent : s.all()) {
        const auto frame = read(sent);
        if (const auto* part = std::get_if<MessageFrame>(&frame)) {
            ++parts[part->position->block];
        } else {
            CHECK(std::get<FecFrame>(frame).block == 0);
            ++repairs;
        }
    }
    CHECK(parts == std::map<std::uint64_t, int>{{0, 32}, {1, 9}});
    CHECK(repairs >= 3);
    CHECK(repairs <= 10);
}

TEST_CASE("no FEC where there is time, where nothing is known of the path, or where it is off",
          "[rudp][message][fec]") {
    const auto [rtt, fec] =
        GENERATE(std::pair{30ms, true}, std::pair{0ms, true}, std::pair{100ms, false});
    Sender s{path_of(rtt, 0.1), fec};
    s.send(message_of(1000, s.now + 110ms));
    const auto frames = s.all();
    REQUIRE(frames.size() == 1);
    CHECK_FALSE(std::get<MessageFrame>(read(frames[0])).position);
    CHECK(s.sender.needs_prompt_acks(s.now) == (rtt != 0ms));
}

TEST_CASE("a repair symbol shares no packet with another symbol of its block",
          "[rudp][message][fec]") {
    Sender s{path_of(100ms, 0.2)};
    for (int i = 0; i < 20; ++i)
        s.send(message_of(50, s.now + 110ms));
    static_cast<void>(s.all());
    s.wait(50ms);
    Bytes buffer(kRoom);
    SpanWriter out{buffer};
    s.sender.start_packet();
    CHECK(s.sender.next_frame(out, kRoom, s.now, s.path));
    CHECK_FALSE(s.sender.next_frame(out, out.remaining(), s.now, s.path));
    CHECK(s.sender.has_something_to_send());
    CHECK(s.next());
}

TEST_CASE("at its last chance a part that was overtaken is sent again", "[rudp][message]") {
    // Known lost it would be after 125 ms; to be in time it has to leave within 120.
    Sender s{path_of(100ms, 0.1)};
    s.send(message_of(1000, s.now + 170ms));
    const auto first = s.all();
    s.wait(1ms);
    s.send(message_of(1000, s.now + 170ms));
    const auto second = s.all();
    s.wait(100ms);
    s.ack(second[0]);
    s.wait(1ms);
    CHECK(s.all().empty());
    std::vector<TimePoint> sent_at;
    while (s.sender.buffered() > 0) {
        s.now = s.sender.next_timeout().value();
        s.sender.update(s.now, s.path);
        for (const auto& sent : s.all())
            if (sent.message() != nullptr && sent.message()->id == 0) sent_at.push_back(s.now);
    }
    REQUIRE(sent_at.size() >= 2);  // more than once, as nothing else stands by it
    REQUIRE(sent_at.size() <= 3);
    CHECK(sent_at.front() > kStart + 105ms);
    CHECK(sent_at.back() <= kStart + 120ms);
    CHECK(sent_at.front() < sent_at.back());
}

TEST_CASE("frames of others and of long ago are ignored", "[rudp][message]") {
    Sender s;
    s.sender.on_acked(SentMessage{77, 0, 10});
    s.sender.on_lost(SentMessage{77, 0, 10}, s.now, s.path);
    s.sender.on_acked(SentFec{5});
    s.sender.on_lost(SentStream{}, s.now, s.path);
    s.sender.on_lost(SentControl{FrameType::max_data, 0, 0}, s.now, s.path);
    s.send(message_of(100));
    const auto frames = s.all();
    s.sender.on_acked(SentMessage{0, 5, 10});  // not how it was cut
    CHECK(s.fates().empty());
    s.ack(frames[0]);
    s.ack(frames[0]);
    s.lose(frames[0]);
    CHECK(s.fates() == "0+");
    CHECK(s.all().empty());
}

TEST_CASE("repair symbols follow the loss, within limits", "[rudp][message][fec]") {
    const auto repairs = [](std::size_t sources, std::size_t messages, double loss) {
        FecNeed need;
        need.sources = sources;
        need.messages = messages;
        need.loss = loss;
        return plan_repairs(need).repairs;
    };
    CHECK(plan_repairs({}).repairs == 0);
    CHECK(repairs(1, 1, 0) == 1);
    CHECK(repairs(32, 32, 0) >= 1);  // the floor
    CHECK(repairs(32, 32, 0) <= 2);
    CHECK(repairs(19, 19, 0.05) == 4);  // 21 %
    CHECK(repairs(24, 2, 0.05) == 5);
    CHECK(repairs(32, 32, 0.9) <= 32);
    for (std::size_t sources = 1; sources <= 32; ++sources) {
        std::size_t before = 0;
        for (double loss = 0; loss < 0.4; loss += 0.01) {
            INFO(sources << " symbols, loss " << loss);
            const auto now = repairs(sources, sources, loss);
            CHECK(now >= before);
            CHECK(now >= 1);
            before = now;
        }
    }

    FecNeed need;
    need.second_chance = true;
    need.sources = need.messages = 3;
    need.loss = 0.1;
    CHECK(plan_repairs(need).repairs == 0);
    CHECK(plan_repairs(need).copies == 2);
    need.sources = 12;
    need.messages = 1;
    CHECK(plan_repairs(need).repairs == 2);
    CHECK(copies_at_last_chance(0.05, 2) == 3);
    CHECK(copies_at_last_chance(0.3, 1) == 1);  // too many parts come to this
}
