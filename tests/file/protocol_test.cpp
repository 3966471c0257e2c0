#include "streamkit/file/protocol.hpp"

#include <functional>

#include "streamkit/file/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::file;
using streamkit::test::concat;
using streamkit::test::hex;

namespace {

Hash hash_of(std::uint8_t byte) {
    Hash out;
    out.fill(byte);
    return out;
}

Entry film() {
    Entry out;
    out.id = 0x0102030405060708;
    out.name = "Ω.mkv";
    out.size = 70'000;
    out.modified = WallTime{milliseconds{256}};
    out.duration = milliseconds{62};
    out.bit_rate = 16'000;
    out.container = "mkv";
    out.codecs = "vp9";
    return out;
}

const Bytes kFilm =
    hex("0102030405060708"  // id
        "06 cea92e6d6b76"   // name, "Ω.mkv"
        "80011170"          // size 70 000
        "0000000000000100"  // modified, 256 ms
        "3e"                // duration, 62 ms
        "7e80"              // bit rate 16 000
        "03 6d6b76"         // container, "mkv"
        "03 767039"         // codecs, "vp9"
        "00");              // flags: no SHA-256

Entry film_with_sha256() {
    auto out = film();
    out.sha256 = hash_of(0xaa);
    return out;
}

const struct {
    const char* name;
    Bytes bytes;
    ClientMessage message;
} kClientCases[] = {
    {"list from the start",
     hex("01 03"  // type, length
         "05"     // request 5
         "00"     // limit: any
         "00"),   // page token: none
     List{5, 0, {}}},
    {"list from a token",
     hex("01 07"
         "4040"       // request 64
         "7f"         // (limit, high byte)
         "ff"         // limit 16383
         "02 aabb"),  // page token
     List{64, 16'383, hex("aabb")}},
    {"open by id",
     hex("02 0a"
         "07"                  // transfer 7
         "00"                  // by id
         "fedcba9876543210"),  // id
     Open{7, EntryId{0xfedcba9876543210}}},
    {"open by name",
     hex("02 09"
         "07"                 // transfer 7
         "01"                 // by name
         "06 cea92e6d6b76"),  // "Ω.mkv"
     Open{7, std::string{"Ω.mkv"}}},
    {"get hashes",
     hex("03 04"
         "07"      // transfer
         "00"      // first
         "5000"),  // count 4096
     GetHashes{7, 0, 4096}},
    {"read",
     hex("04 0b"
         "09"        // request 9
         "07"        // transfer 7
         "80040000"  // offset 256 KiB
         "80400000"  // length 4 MiB
         "01"),      // urgency: soon
     Read{9, 7, {256 << 10, 4 << 20}, Urgency::soon}},
    {"cancel", hex("05 01 09"), Cancel{9}},
    {"position",
     hex("06 08"
         "07"        // transfer
         "800186a0"  // position 100 000 ms
         "47d0"      // buffered 2000 ms
         "02"),      // paused
     Position{7, milliseconds{100'000}, milliseconds{2000}, PlayerState::paused}},
    {"close", hex("07 08 ffffffffffffffff"), CloseTransfer{(std::uint64_t{1} << 62) - 1}},
};

const struct {
    const char* name;
    Bytes bytes;
    ServerMessage message;
} kServerCases[] = {
    {"empty listing", hex("81 03 05 00 00"), Listing{5, {}, {}}},
    {"listing of two",
     concat({hex("81 4074 05"),  // length 116, request
             hex("02"),          // entries
             kFilm, BytesView{kFilm}.first(kFilm.size() - 1), hex("01"),
             hash_of(0xaa),       // flags: with SHA-256
             hex("03 010203")}),  // next page
     Listing{5, {film(), film_with_sha256()}, hex("010203")}},
    {"preparing", hex("82 05 07 80010000"), Preparing{7, 65'536}},
    {"opened",
     concat({hex("83 406c 07"),       // length 108, transfer
             kFilm, hex("80040000"),  // block bytes: 256 KiB
             hash_of(0xcc), hash_of(0xdd)}),
     Opened{7, film(), BlockLayout::for_size(70'000).value(), hash_of(0xcc), hash_of(0xdd)}},
    {"hashes",
     concat({hex("84 4043"     // length 67
                 "07 03 02"),  // transfer, first, count
             hash_of(1), hash_of(2)}),
     Hashes{7, 3, {hash_of(1), hash_of(2)}}},
    {"changed", hex("85 01 07"), Changed{7}},
    {"refused",
     hex("86 06"
         "09"       // request
         "03"       // code: busy
         "02 6e6f"  // text
         "00"),     // candidates
     Refused{9, ErrorCode::busy, "no", {}}},
    {"refused, with candidates and a code of later times",
     concat({hex("86 2b 09 c8 00 01"), kFilm}),
     Refused{9, static_cast<ErrorCode>(200), "", {film()}}},
};

template <class Message>
std::vector<Message> read_all(MessageReader<Message>& reader, BytesView bytes) {
    std::vector<Message> out;
    for (;;) {
        auto message = reader.next(bytes).value();
        if (!message) break;
        out.push_back(std::move(**&message));
    }
    CHECK(bytes.empty());
    return out;
}

template <class Message, class Cases>
void check_cases(const Cases& cases) {
    Bytes stream;
    std::vector<Message> all;
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(encode(c.message) == c.bytes);
        const std::vector<Message> one{c.message};
        MessageReader<Message> reader;
        CHECK(read_all(reader, c.bytes) == one);
        test::every_split(c.bytes, [&](BytesView first, BytesView second) {
            MessageReader<Message> split;
            auto messages = read_all(split, first);
            for (auto& message : read_all(split, second))
                messages.push_back(std::move(message));
            CHECK(messages == one);
            CHECK(split.held_bytes() == 0);
        });
        test::every_truncation(c.bytes, [&](BytesView prefix) {
            MessageReader<Message> cut;
            CHECK(read_all(cut, prefix).empty());
            CHECK(cut.held_bytes() == prefix.size());
        });
        stream.insert(stream.end(), c.bytes.begin(), c.bytes.end());
        all.push_back(c.message);
    }
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, stream.size()}) {
        MessageReader<Message> reader;
        std::vector<Message> messages;
        test::in_pieces(stream, piece, [&](BytesView bytes) {
            for (auto& message : read_all(reader, bytes))
                messages.push_back(std::move(message));
        });
        CHECK(messages == all);
    }
}

// With the length of the message made to fit, each prefix of its fields.
template <class Message, class Cases>
void check_short_fields(const Cases& cases) {
    for (const auto& c : cases) {
        INFO(c.name);
        const std::size_t header = c.bytes[1] < 0x40 ? 2 : 3;
        test::every_truncation(BytesView{c.bytes}.subspan(header), [&](BytesView fields) {
            const auto size = static_cast<std::uint8_t>(fields.size() & 0xff);
            const Bytes frame{c.bytes[0], static_cast<std::uint8_t>(0x40 | fields.size() >> 8),
                              size};
            const auto bytes = concat({frame, fields});
            BytesView in{bytes};
            MessageReader<Message> reader;
            const auto message = reader.next(in);
            REQUIRE_FALSE(message);
            CHECK(message.error().code == Errc::truncated);
        });
        const Bytes longer =
            concat({Bytes{c.bytes[0], static_cast<std::uint8_t>(0x40 | (c.bytes.size() >> 8)),
                          static_cast<std::uint8_t>(c.bytes.size() - header + 1)},
                    BytesView{c.bytes}.subspan(header), hex("00")});
        BytesView in{longer};
        MessageReader<Message> reader;
        const auto message = reader.next(in);
        REQUIRE_FALSE(message);
        CHECK(message.error().code == Errc::trailing_bytes);
    }
}

template <class Message>
Error error_of(BytesView bytes) {
    MessageReader<Message> reader;
    const auto message = reader.next(bytes);
    return message ? Error{} : message.error();
}

}  // namespace

TEST_CASE("messages of a client are written and read", "[file][protocol]") {
    check_cases<ClientMessage>(kClientCases);
}

TEST_CASE("messages of a server are written and read", "[file][protocol]") {
    check_cases<ServerMessage>(kServerCases);
}

TEST_CASE("a message that is shorter or longer than its fields is refused", "[file][protocol]") {
    check_short_fields<ClientMessage>(kClientCases);
    check_short_fields<ServerMessage>(kServerCases);
}

TEST_CASE("neither side takes what only it may send", "[file][protocol]") {
    for (const auto& c : kClientCases)
        CHECK(error_of<ServerMessage>(c.bytes).code == Errc::unknown_message);
    for (const auto& c : kServerCases)
        CHECK(error_of<ClientMessage>(c.bytes).code == Errc::unknown_message);
}

TEST_CASE("fields of a client's message keep to their limits", "[file][protocol]") {
    const struct {
        const char* name;
        Bytes bytes;
        Error error;
    } cases[] = {
        {"type 0", hex("00"), {Errc::unknown_message, "type"}},
        {"type behind the last", hex("08"), {Errc::unknown_message, "type"}},
        {"longer than any message", hex("01 80040001"), {Errc::message_too_long, "length", 1}},
        {"length of 2^62 - 1", hex("01 ffffffffffffffff"), {Errc::message_too_long, "length", 1}},
        {"page token too long",
         hex("01 05 05 00 4108 00"),
         {Errc::value_out_of_range, "page token", 6}},
        {"limit of more than 32 bits",
         hex("01 0b 05 c000000100000000 00 00"),
         {Errc::value_out_of_range, "limit", 11}},
        {"kind of name", hex("02 03 07 02 00"), {Errc::value_out_of_range, "kind of name", 4}},
        {"path in a name", hex("02 07 07 01 04 2e2e2f61"), {Errc::invalid_name, "name", 9}},
        {"empty name", hex("02 03 07 01 00"), {Errc::invalid_name, "name", 5}},
        {"no hashes", hex("03 03 07 00 00"), {Errc::value_out_of_range, "count", 5}},
        {"too many hashes", hex("03 04 07 00 5001"), {Errc::value_out_of_range, "count", 6}},
        {"hashes of a block too far",
         hex("03 07 07 80100000 5000"),
         {Errc::value_out_of_range, "first", 7}},
        {"read of nothing", hex("04 05 09 07 00 00 00"), {Errc::value_out_of_range, "length", 6}},
        {"read of too much",
         hex("04 08 09 07 00 84000001 00"),
         {Errc::value_out_of_range, "length", 9}},
        {"read from too far",
         hex("04 0c 09 07 c000100000000001 01 00"),
         {Errc::value_out_of_range, "offset", 12}},
        {"urgency", hex("04 05 09 07 00 01 04"), {Errc::value_out_of_range, "urgency", 7}},
        {"state of the player", hex("06 04 07 00 00 04"), {Errc::value_out_of_range, "state", 6}},
        {"position too late",
         hex("06 0b 07 c000010000000001 00 00"),
         {Errc::value_out_of_range, "position", 11}},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(error_of<ClientMessage>(c.bytes) == c.error);
    }
}

TEST_CASE("fields of a server's message keep to their limits", "[file][protocol]") {
    const auto changed = [](auto change) {
        Opened opened = std::get<Opened>(kServerCases[3].message);
        change(opened);
        return error_of<ServerMessage>(encode(ServerMessage{opened}));
    };
    CHECK(changed([](Opened&) {}).code == std::error_code{});
    CHECK(changed([](Opened& m) { m.entry.name = "a/b"; }).code == Errc::invalid_name);
    CHECK(changed([](Opened& m) { m.entry.name.clear(); }).code == Errc::invalid_name);
    CHECK(changed([](Opened& m) { m.entry.codecs = "\x1b"; }).code == Errc::invalid_text);
    CHECK(changed([](Opened& m) { m.entry.size = kMaxFileBytes + 1; }).code ==
          Errc::value_out_of_range);
    CHECK(changed([](Opened& m) { m.entry.size = kMaxFileBytes; }).code == Errc::file_too_large);
    CHECK(changed([](Opened& m) { m.entry.bit_rate = kMaxBitRate + 1; }).code ==
          Errc::value_out_of_range);
    CHECK(changed([](Opened& m) { m.entry.duration = kMaxDuration + milliseconds{1}; }).code ==
          Errc::value_out_of_range);

    auto opened = kServerCases[3].bytes;
    opened[3 + 1 + kFilm.size() - 1] = 2;  // flags
    CHECK(error_of<ServerMessage>(opened) == Error{Errc::value_out_of_range, "flags", 43});
    opened = kServerCases[3].bytes;
    opened[3 + 1 + kFilm.size() + 3] = 1;  // block bytes: no power of two
    CHECK(error_of<ServerMessage>(opened).code == Errc::invalid_block_size);

    const struct {
        const char* name;
        Bytes bytes;
        Error error;
    } cases[] = {
        {"too many entries", hex("81 04 05 4081 00"), {Errc::too_many_items, "entries", 5}},
        {"too many candidates", hex("86 04 09 00 00 11"), {Errc::too_many_items, "entries", 6}},
        {"no hashes", hex("84 03 07 00 00"), {Errc::value_out_of_range, "hashes", 5}},
        {"too many hashes", hex("84 04 07 00 5001"), {Errc::too_many_items, "hashes", 6}},
        {"more hashes than bytes", hex("84 04 07 00 5000"), {Errc::truncated, "fields", 6}},
        {"text with a control character",
         hex("86 06 09 00 02 410a 00"),
         {Errc::invalid_text, "text", 7}},
        {"text too long", hex("86 05 09 00 4101 00"), {Errc::value_out_of_range, "text", 6}},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(error_of<ServerMessage>(c.bytes) == c.error);
    }
}

TEST_CASE("the longest messages are within the limit", "[file][protocol]") {
    auto longest = film_with_sha256();
    longest.name.assign(kMaxNameBytes, 'n');
    longest.container.assign(kMaxFormatBytes, 'c');
    longest.codecs.assign(kMaxFormatBytes, 'd');
    const ServerMessage messages[] = {
        Listing{1, std::vector<Entry>(kMaxPageEntries, longest), Bytes(kMaxPageTokenBytes)},
        Hashes{1, 0, std::vector<Hash>(kMaxHashesPerMessage)},
        Refused{1, ErrorCode::ambiguous, std::string(kMaxErrorTextBytes, 'e'),
                std::vector<Entry>(kMaxCandidates, longest)},
    };
    for (const auto& message : messages) {
        const auto bytes = encode(message);
        CHECK(bytes.size() <= kMaxMessageBytes);
        MessageReader<ServerMessage> reader;
        BytesView in{bytes};
        CHECK(reader.next(in).value() == message);
    }
}

TEST_CASE("a data stream begins with its header", "[file][protocol]") {
    const DataHeader header{9, {256 << 10, 4 << 20}};
    const auto bytes =
        hex("01"          // kind of stream: data
            "09"          // request
            "80040000"    // offset
            "80400000");  // length
    CHECK(encode(header) == bytes);
    const auto with_data = concat({bytes, hex("c0ffee")});
    BytesView in{with_data};
    CHECK(read_data_header(in).value() == header);
    CHECK(Bytes{in.begin(), in.end()} == hex("c0ffee"));
    test::every_truncation(bytes, [](BytesView prefix) {
        BytesView rest{prefix};
        CHECK_FALSE(read_data_header(rest).value());
        CHECK(rest.size() == prefix.size());
    });

    const auto max = (std::uint64_t{1} << 62) - 1;
    CHECK(encode(DataHeader{max, {max, max}}).size() == kMaxDataHeaderBytes);
    const auto far = encode(DataHeader{max, {max, max}});
    BytesView far_in{far};
    CHECK(read_data_header(far_in).error() == Error{Errc::value_out_of_range, "range", 1});
    const auto other = hex("02 09");
    BytesView other_in{other};
    CHECK(read_data_header(other_in).error() == Error{Errc::unknown_message, "kind of stream"});
}
