#include "frame.hpp"

#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp {
namespace {

using test::concat;
using test::every_truncation;
using test::hex;

const Bytes kData = hex("d0 d1 d2 d3");

AckFrame ack(std::initializer_list<AckRange> ranges, std::uint64_t delay_us) {
    AckFrame frame;
    for (const auto& range : ranges)
        frame.ranges[frame.range_count++] = range;
    frame.delay_us = delay_us;
    return frame;
}

AckFrame full_ack() {
    auto frame = ack({{90, 100}, {50, 60}}, 1000);
    frame.ecn = EcnCounts{.ect0 = 300, .ect1 = 1, .ce = 2};
    frame.buffer_level_ms = 10'000;
    frame.max_data = 1 << 24;
    return frame;
}

struct Case {
    const char* name;
    Bytes bytes;
    Frame frame;
};

const Case kCases[] = {
    {"PING", hex("01"), PingFrame{}},
    {"ACK of one packet",
     hex("02"  // type
         "00"  // flags
         "00"  // largest
         "00"  // delay
         "00"  // further ranges
         "00"  // length of the first range - 1
         ),
     ack({{0, 0}}, 0)},
    {"ACK with two ranges and everything",
     hex("02"          // type
         "07"          // flags: ECN counts, buffer level, receive window
         "4064"        // largest, 100
         "43e8"        // delay, 1000 us
         "01"          // further ranges
         "0a"          // 90 to 100, 11 numbers
         "1c 0a"       // 29 numbers are missing, then 50 to 60
         "412c 01 02"  // ECT(0) 300, ECT(1) 1, CE 2
         "6710"        // buffer level, 10 000 ms
         "81000000"    // receive window, 16 MiB
         ),
     full_ack()},
    {"ACK with the smallest gap, down to zero",
     hex("02 00 02 00 01"
         "00"     // 2
         "00 00"  // 1 is missing, then 0
         ),
     ack({{2, 2}, {0, 0}}, 0)},
    {"ACK of the largest number",
     hex("02 00 ffffffffffffffff 00 00"
         "09"  // ten numbers
         ),
     ack({{kMaxPacketNumber - 9, kMaxPacketNumber}}, 0)},
    {"RESET_STREAM", hex("03 04 4101 5234"),
     ResetStreamFrame{.stream = 4, .code = 0x101, .final_size = 0x1234}},
    {"STOP_SENDING", hex("04 04 4101"), StopSendingFrame{.stream = 4, .code = 0x101}},
    {"MAX_DATA", hex("05 c000000100000000"), MaxDataFrame{.maximum = std::uint64_t{1} << 32}},
    {"MAX_STREAM_DATA", hex("06 04 80010000"), MaxStreamDataFrame{.stream = 4, .maximum = 0x10000}},
    {"MAX_STREAMS", hex("07 4040"), MaxStreamsFrame{.maximum = 64}},
    {"MAX_STREAMS at its limit", hex("07 d000000000000000"),
     MaxStreamsFrame{.maximum = kMaxStreamCount}},
    {"STREAM",
     hex("0a"           // with a length
         "04"           // stream
         "5000"         // offset, 4096
         "04 d0d1d2d3"  // data
         ),
     StreamFrame{.stream = 4, .offset = 4096, .data = kData, .fin = false}},
    {"STREAM, the end", hex("0b 04 5000 04 d0d1d2d3"),
     StreamFrame{.stream = 4, .offset = 4096, .data = kData, .fin = true}},
    {"STREAM, only the end", hex("0b 04 5000 00"),
     StreamFrame{.stream = 4, .offset = 4096, .data = {}, .fin = true}},
    {"STREAM, up to the largest offset", hex("0a 04 fffffffffffffffb 04 d0d1d2d3"),
     StreamFrame{.stream = 4, .offset = kMaxVarint - 4, .data = kData, .fin = false}},
    {"MESSAGE, a part",
     hex("10"           // type
         "4100"         // id, 256
         "07"           // channel
         "800f4240"     // given to us at 1 s
         "8001d4c0"     // to be there 120 ms later
         "4400"         // 1024 bytes
         "4200"         // this part begins at 512
         "04 d0d1d2d3"  // and has 4
         ),
     MessageFrame{.id = 256,
                  .channel = 7,
                  .sent_at_us = 1'000'000,
                  .lifetime_us = 120'000,
                  .total = 1024,
                  .offset = 512,
                  .data = kData,
                  .position = {}}},
    {"MESSAGE, the last part, in a FEC block",
     hex("11 4100 07 800f4240 8001d4c0 4400"
         "43fc"      // this part begins at 1020
         "04"        // and has 4 bytes
         "05"        // block
         "1f"        // index 31
         "d0d1d2d3"  // data
         ),
     MessageFrame{.id = 256,
                  .channel = 7,
                  .sent_at_us = 1'000'000,
                  .lifetime_us = 120'000,
                  .total = 1024,
                  .offset = 1020,
                  .data = kData,
                  .position = FecPosition{.block = 5, .index = 31}}},
    {"MESSAGE without a deadline, and empty", hex("10 00 00 01 00 00 00 00"),
     MessageFrame{.id = 0,
                  .channel = 0,
                  .sent_at_us = 1,
                  .lifetime_us = 0,
                  .total = 0,
                  .offset = 0,
                  .data = {},
                  .position = {}}},
    {"DROP", hex("12 05 4100"), DropFrame{.first = 5, .last = 256}},
    {"DROP of one", hex("12 05 05"), DropFrame{.first = 5, .last = 5}},
    {"FEC",
     hex("13"           // type
         "05"           // block
         "20"           // 32 source symbols
         "03"           // 3 repair symbols
         "02"           // the last of them
         "04 d0d1d2d3"  // symbol
         ),
     FecFrame{.block = 5, .source_symbols = 32, .repair_symbols = 3, .index = 2, .symbol = kData}},
    {"FEC_RECOVERED", hex("14 05 80000001"),
     FecRecoveredFrame{.block = 5, .recovered = 0x8000'0001}},
    {"NEW_CONNECTION_ID",
     hex("15"                                // type
         "03"                                // sequence
         "02"                                // retire prior to
         "a1a2a3a4a5a6a7a8"                  // id
         "000102030405060708090a0b0c0d0e0f"  // stateless reset token
         ),
     NewConnectionIdFrame{.sequence = 3,
                          .retire_prior_to = 2,
                          .id = 0xa1a2'a3a4'a5a6'a7a8,
                          .token = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}},
    {"RETIRE_CONNECTION_ID", hex("16 02"), RetireConnectionIdFrame{.sequence = 2}},
    {"PATH_CHALLENGE", hex("17 0102030405060708"),
     PathChallengeFrame{.data = 0x0102'0304'0506'0708}},
    {"PATH_RESPONSE", hex("18 0102030405060708"), PathResponseFrame{.data = 0x0102'0304'0506'0708}},
    {"HANDSHAKE_DONE", hex("19"), HandshakeDoneFrame{}},
    {"TIME", hex("1a 43e8 43e7 05"), TimeFrame{.sent_us = 1000, .echo_us = 999, .held_us = 5}},
    {"ACK_FREQUENCY", hex("1b 01 08 800061a8"),
     AckFrequencyFrame{.sequence = 1, .packets = 8, .max_delay_us = 25'000}},
    {"CLOSE",
     hex("1c"         // type
         "4100"       // code
         "03 627965"  // "bye"
         ),
     CloseFrame{.code = 0x100, .text = "bye"}},
    {"CLOSE without a word", hex("1c 00 00"), CloseFrame{}},
};

Bytes written(const Frame& frame) {
    Bytes room(frame_bytes(frame));
    SpanWriter out{room};
    write_frame(out, frame);
    CHECK(out.remaining() == 0);
    return room;
}

/// The error of the only frame in `bytes`; nothing comes after it.
Error error_of(BytesView bytes) {
    FrameReader reader{bytes};
    const auto frame = reader.next();
    if (frame) return {};
    const auto after = reader.next();
    CHECK((after && *after == nullptr));
    return frame.error();
}

TEST_CASE("frames are written as laid out and read back", "[rudp][frame]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        CHECK(written(c.frame) == c.bytes);
        FrameReader reader{c.bytes};
        const auto frame = reader.next();
        REQUIRE(frame.has_value());
        REQUIRE(*frame != nullptr);
        CHECK((*frame)->index() == c.frame.index());
        CHECK(written(**frame) == c.bytes);
        CHECK(reader.offset() == c.bytes.size());
        const auto end = reader.next();
        CHECK((end && *end == nullptr));
    }
}

TEST_CASE("frames cut short are refused", "[rudp][frame]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        every_truncation(c.bytes, [](BytesView prefix) {
            if (prefix.empty()) return;
            const auto error = error_of(prefix);
            CHECK(error.code == Errc::truncated);
            CHECK(error.offset <= prefix.size());
        });
    }
}

TEST_CASE("frames follow one another in a packet, with padding between", "[rudp][frame]") {
    Bytes packet;
    for (const auto& c : kCases)
        packet = concat({packet, hex("000000"), c.bytes});
    packet = concat({packet, hex("00")});
    FrameReader reader{packet};
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto frame = reader.next();
        REQUIRE((frame && *frame != nullptr));
        CHECK(written(**frame) == c.bytes);
    }
    const auto end = reader.next();
    CHECK((end && *end == nullptr));
    CHECK(reader.offset() == packet.size());
}

TEST_CASE("a packet without frames has none", "[rudp][frame]") {
    FrameReader empty{BytesView{}};
    const auto nothing = empty.next();
    CHECK((nothing && *nothing == nullptr));
    const Bytes padding(1200, 0);
    FrameReader padded{padding};
    const auto end = padded.next();
    CHECK((end && *end == nullptr));
}

TEST_CASE("a STREAM frame without a length goes to the end of the packet", "[rudp][frame]") {
    for (const bool fin : {false, true}) {
        const auto bytes = concat({hex(fin ? "09" : "08"), hex("04 5000 d0d1d2d3")});
        FrameReader reader{bytes};
        const auto frame = reader.next();
        REQUIRE((frame && *frame != nullptr));
        const auto& stream = std::get<StreamFrame>(**frame);
        CHECK(stream.stream == 4);
        CHECK(stream.offset == 4096);
        CHECK(Bytes(stream.data.begin(), stream.data.end()) == kData);
        CHECK(stream.fin == fin);
        const auto end = reader.next();
        CHECK((end && *end == nullptr));
    }
}

TEST_CASE("numbers longer than needed are taken", "[rudp][frame]") {
    const auto bytes =
        hex("0b"                // STREAM, the end, with a length
            "4004"              // stream 4 in two bytes
            "80001000"          // offset 4096 in four
            "c000000000000004"  // length 4 in eight
            "d0d1d2d3");
    FrameReader reader{bytes};
    const auto frame = reader.next();
    REQUIRE((frame && *frame != nullptr));
    CHECK(written(**frame) == hex("0b 04 5000 04 d0d1d2d3"));
}

struct BadCase {
    const char* name;
    Bytes bytes;
    Error error;
};

TEST_CASE("frames whose fields make no sense are refused with field and offset", "[rudp][frame]") {
    const BadCase cases[] = {
        {"the first type without a meaning", hex("0c"), {Errc::unknown_frame_type, "Type", 0}},
        {"a type in two bytes", hex("4001"), {Errc::unknown_frame_type, "Type", 0}},
        {"a type behind padding", hex("0000ff"), {Errc::unknown_frame_type, "Type", 2}},
        {"ACK with a flag without a meaning",
         hex("02 08 00 00 00 00"),
         {Errc::unknown_frame_type, "ACK: Flags", 1}},
        {"ACK put off for a century",
         hex("02 00 00 c004000000000001 00 00"),
         {Errc::varint_out_of_range, "ACK: Delay", 3}},
        {"ACK with 33 ranges",
         hex("02 00 7fff 00 20 00"),
         {Errc::too_many_ack_ranges, "ACK: Range Count", 5}},
        {"ACK with 2^62 ranges",
         hex("02 00 7fff 00 ffffffffffffffff 00"),
         {Errc::too_many_ack_ranges, "ACK: Range Count", 5}},
        {"ACK whose first range goes below zero",
         hex("02 00 05 00 00 06"),
         {Errc::invalid_ack_ranges, "ACK: First Range", 5}},
        {"ACK whose gap goes below zero",
         hex("02 00 01 00 01 00 00 00"),
         {Errc::invalid_ack_ranges, "ACK: Gap", 6}},
        {"ACK whose gap is as large as can be",
         hex("02 00 01 00 01 00 ffffffffffffffff 00"),
         {Errc::invalid_ack_ranges, "ACK: Gap", 6}},
        {"ACK whose second range goes below zero",
         hex("02 00 02 00 01 00 00 01"),
         {Errc::invalid_ack_ranges, "ACK: Range Length", 7}},
        {"ACK whose second range is as long as can be",
         hex("02 00 02 00 01 00 00 ffffffffffffffff"),
         {Errc::invalid_ack_ranges, "ACK: Range Length", 7}},
        {"ACK with a player full for a century",
         hex("02 02 00 00 00 00 c000010624dd2f1b"),
         {Errc::varint_out_of_range, "ACK: Buffer Level", 6}},
        {"MAX_STREAMS above what ids can name",
         hex("07 d000000000000001"),
         {Errc::varint_out_of_range, "MAX_STREAMS", 1}},
        {"STREAM past the largest offset",
         hex("0a 04 fffffffffffffffc 04 d0d1d2d3"),
         {Errc::varint_out_of_range, "STREAM: Offset", 2}},
        {"STREAM longer than its packet",
         hex("0a 04 00 05 d0d1d2d3"),
         {Errc::truncated, "STREAM", 4}},
        {"STREAM of 2^62 bytes",
         hex("0a 04 00 ffffffffffffffff d0"),
         {Errc::truncated, "STREAM", 11}},
        {"MESSAGE whose part ends behind it",
         hex("10 00 00 00 00 04 01 04 d0d1d2d3"),
         {Errc::invalid_message, "MESSAGE: Offset", 6}},
        {"MESSAGE whose part begins behind it",
         hex("10 00 00 00 00 04 ffffffffffffffff 01 d0"),
         {Errc::invalid_message, "MESSAGE: Offset", 6}},
        {"MESSAGE with an empty part",
         hex("10 00 00 00 00 04 01 00"),
         {Errc::invalid_message, "MESSAGE: Length", 6}},
        {"MESSAGE of 2^62 bytes",
         hex("10 00 00 00 00 ffffffffffffffff 00 ffffffffffffffff d0"),
         {Errc::truncated, "MESSAGE", 22}},
        {"MESSAGE from the next century",
         hex("10 00 00 c004000000000001 00 01 00 01 d0"),
         {Errc::varint_out_of_range, "MESSAGE: Times", 3}},
        {"MESSAGE that may take a century",
         hex("10 00 00 00 c004000000000001 01 00 01 d0"),
         {Errc::varint_out_of_range, "MESSAGE: Times", 3}},
        {"MESSAGE behind the last place of a block",
         hex("11 00 00 00 00 01 00 01 05 20 d0"),
         {Errc::invalid_fec, "MESSAGE: Index", 8}},
        {"DROP, reversed", hex("12 05 04"), {Errc::invalid_drop, "DROP: Last", 2}},
        {"FEC of nothing",
         hex("13 05 00 01 00 01 d0"),
         {Errc::invalid_fec, "FEC: Source Symbols", 2}},
        {"FEC of 33 symbols",
         hex("13 05 21 01 00 01 d0"),
         {Errc::invalid_fec, "FEC: Source Symbols", 2}},
        {"FEC without repair symbols",
         hex("13 05 01 00 00 01 d0"),
         {Errc::invalid_fec, "FEC: Repair Symbols", 3}},
        {"FEC with 33 repair symbols",
         hex("13 05 01 21 00 01 d0"),
         {Errc::invalid_fec, "FEC: Repair Symbols", 3}},
        {"FEC behind its last repair symbol",
         hex("13 05 01 03 03 01 d0"),
         {Errc::invalid_fec, "FEC: Index", 4}},
        {"FEC without a byte", hex("13 05 01 03 02 00"), {Errc::invalid_fec, "FEC: Length", 5}},
        {"NEW_CONNECTION_ID that retires itself and more",
         hex("15 03 04 a1a2a3a4a5a6a7a8 000102030405060708090a0b0c0d0e0f"),
         {Errc::varint_out_of_range, "NEW_CONNECTION_ID: Retire Prior To", 2}},
        {"TIME of the next century",
         hex("1a 00 00 c004000000000001"),
         {Errc::varint_out_of_range, "TIME", 1}},
        {"ACK_FREQUENCY of never",
         hex("1b 01 00 00"),
         {Errc::varint_out_of_range, "ACK_FREQUENCY: Packets", 2}},
        {"ACK_FREQUENCY of more than 2^14 ms",
         hex("1b 01 02 80fa0001"),
         {Errc::varint_out_of_range, "ACK_FREQUENCY: Max Delay", 3}},
        {"CLOSE with too many words",
         concat({hex("1c 00 4101"), Bytes(257, 'x')}),
         {Errc::varint_out_of_range, "CLOSE: Text Length", 2}},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(error_of(c.bytes) == c.error);
    }
}

TEST_CASE("a CLOSE whose text is no UTF-8 is read with what is before", "[rudp][frame]") {
    const auto bytes = hex("1c 00 04 6279 ff65");
    FrameReader reader{bytes};
    const auto frame = reader.next();
    REQUIRE((frame && *frame != nullptr));
    CHECK(std::get<CloseFrame>(**frame).text == "by");
}

TEST_CASE("an ACK frame holds 32 ranges", "[rudp][frame]") {
    AckFrame frame;
    for (std::uint64_t i = 0; i < kMaxAckRanges; ++i) {
        const auto last = 1000 - 10 * i;
        frame.ranges[frame.range_count++] = {.first = last - i % 5, .last = last};
    }
    const auto bytes = written(frame);
    FrameReader reader{bytes};
    const auto read = reader.next();
    REQUIRE((read && *read != nullptr));
    const auto& ack_frame = std::get<AckFrame>(**read);
    CHECK(ack_frame.range_count == kMaxAckRanges);
    CHECK(ack_frame.ranges == frame.ranges);
}

TEST_CASE("an ACK frame is cut at its oldest ranges where there is no room", "[rudp][frame]") {
    auto frame = full_ack();
    const auto all = frame_bytes(frame);
    for (std::size_t room = 0; room <= all + 1; ++room) {
        INFO("room " << room);
        Bytes bytes(all);
        SpanWriter out{bytes};
        write_ack(out, frame, room);
        FrameReader reader{out.written()};
        const auto read = reader.next();
        REQUIRE((read && *read != nullptr));
        const auto& ack_frame = std::get<AckFrame>(**read);
        CHECK(ack_frame.range_count == (room < all ? 1 : 2));
        CHECK(ack_frame.ranges[0] == frame.ranges[0]);
        CHECK(ack_frame.ecn == frame.ecn);
        CHECK(ack_frame.max_data == frame.max_data);
        if (room >= all) CHECK(out.size() == all);
    }
}

TEST_CASE("headers are as long as announced", "[rudp][frame]") {
    for (const std::uint64_t offset : {0ULL, 64ULL, 1ULL << 20, 1ULL << 40}) {
        for (const std::size_t length : {0U, 63U, 64U, 1200U, 16'384U}) {
            Bytes room(64);
            SpanWriter out{room};
            write_stream_header(out, 4, offset, length, true);
            CHECK(out.size() == stream_header_bytes(4, offset, length));
        }
    }
    for (const auto& c : kCases) {
        INFO(c.name);
        CHECK(frame_bytes(c.frame) == c.bytes.size());
        if (const auto* message = std::get_if<MessageFrame>(&c.frame))
            CHECK(message_header_bytes(*message) == c.bytes.size() - message->data.size());
    }
}

TEST_CASE("all frames but ACK and CLOSE ask for an acknowledgement", "[rudp][frame]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const bool is_ack = std::holds_alternative<AckFrame>(c.frame);
        const bool is_close = std::holds_alternative<CloseFrame>(c.frame);
        CHECK(is_ack_eliciting(c.frame) == (!is_ack && !is_close));
    }
}

}  // namespace
}  // namespace streamkit::rudp
