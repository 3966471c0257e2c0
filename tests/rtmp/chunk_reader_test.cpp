#include "streamkit/rtmp/chunk_reader.hpp"

#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rtmp {
namespace {

using test::concat;
using test::hex;

Message message(MessageType type, std::uint32_t stream_id, std::int64_t timestamp_ms,
                const Bytes& payload) {
    return {type, stream_id, timestamp_ms, SharedBuffer::copy_of(payload)};
}

Bytes run(std::size_t size, std::uint8_t first = 0) {
    Bytes bytes(size);
    for (auto& byte : bytes)
        byte = first++;
    return bytes;
}

Bytes part(const Bytes& bytes, std::size_t begin, std::size_t size) {
    const auto view = BytesView{bytes}.subspan(begin, size);
    return {view.begin(), view.end()};
}

const Bytes k300 = run(300);

struct Case {
    const char* name;
    Bytes bytes;
    std::vector<Message> messages;
};

const Case kCases[] = {
    {"type 0",
     hex("04"        // type 0, chunk stream 4
         "0003e8"    // timestamp 1000
         "000002"    // length
         "08"        // audio
         "01000000"  // message stream 1, little-endian
         "af01"),
     {message(MessageType::audio, 1, 1000, hex("af01"))}},
    {"types 1, 2 and 3 leave out what did not change",
     hex("04 000064 000002 08 01000000 0102"  // 100 ms
         "44 000014 000003 09 030405"         // type 1: 20 ms later, other length and type
         "84 00000a 060708"                   // type 2: 10 ms later
         "c4 090a0b"                          // type 3: 10 ms later again
         "c4 0c0d0e"),
     {message(MessageType::audio, 1, 100, hex("0102")),
      message(MessageType::video, 1, 120, hex("030405")),
      message(MessageType::video, 1, 130, hex("060708")),
      message(MessageType::video, 1, 140, hex("090a0b")),
      message(MessageType::video, 1, 150, hex("0c0d0e"))}},
    {"a new message of type 3 behind one of type 0 adds its time once more",
     hex("04 000064 000001 08 01000000 01"
         "c4 02"),
     {message(MessageType::audio, 1, 100, hex("01")),
      message(MessageType::audio, 1, 200, hex("02"))}},
    {"chunk stream ids of two and three bytes",
     concat({hex("00 00"  // chunk stream 64
                 "000001 000001 12 01000000 aa"),
             hex("00 ff"  // chunk stream 319
                 "000002 000001 12 01000000 bb"),
             hex("01 0100"  // chunk stream 65, in the long form
                 "000003 000001 12 01000000 cc"),
             hex("01 ffff"  // chunk stream 65599
                 "000004 000001 12 01000000 dd"),
             hex("c1 ffff ee")}),  // type 3 on chunk stream 65599
     {message(MessageType::data_amf0, 1, 1, hex("aa")),
      message(MessageType::data_amf0, 1, 2, hex("bb")),
      message(MessageType::data_amf0, 1, 3, hex("cc")),
      message(MessageType::data_amf0, 1, 4, hex("dd")),
      message(MessageType::data_amf0, 1, 8, hex("ee"))}},
    {"a message of three chunks",
     concat({hex("06 000000 00012c 09 01000000"), part(k300, 0, 128), hex("c6"),
             part(k300, 128, 128), hex("c6"), part(k300, 256, 44)}),
     {message(MessageType::video, 1, 0, k300)}},
    {"an empty message",
     hex("05 000005 000000 12 01000000  04 000006 000001 08 01000000 01"),
     {message(MessageType::data_amf0, 1, 5, {}), message(MessageType::audio, 1, 6, hex("01"))}},
    {"chunk streams that take turns",
     concat({hex("06 000000 00012c 09 01000000"), part(k300, 0, 128),         // video begins
             hex("04 000000 000081 08 01000000"), part(k300, 0, 128),         // audio begins
             hex("c6"), part(k300, 128, 128), hex("c4"), part(k300, 128, 1),  // audio ends
             hex("c6"), part(k300, 256, 44)}),                                // video ends
     {message(MessageType::audio, 1, 0, part(k300, 0, 129)),
      message(MessageType::video, 1, 0, k300)}},
    {"Set Chunk Size between the chunks of a message",
     concat({hex("06 000000 00012c 09 01000000"), part(k300, 0, 128),
             hex("02 000000 000004 01 00000000 00001000"),  // 4096
             hex("c6"), part(k300, 128, 172)}),
     {message(MessageType::video, 1, 0, k300)}},
    {"Abort drops what there is of a message",
     concat({hex("06 000000 00012c 09 01000000"), part(k300, 0, 128),
             hex("02 000000 000004 02 00000000 00000006"),     // Abort chunk stream 6
             hex("86 000001"), part(k300, 0, 128), hex("c6"),  // type 2: the length is still known
             part(k300, 128, 128), hex("c6"), part(k300, 256, 44)}),
     {message(MessageType::video, 1, 1, k300)}},
    {"extended timestamp",
     hex("04 ffffff 000001 08 01000000"
         "01000000"  // 2^24
         "aa"
         "44 ffffff 000001 08 02000000 bb"),  // type 1: a delta of 2^25
     {message(MessageType::audio, 1, 0x1000000, hex("aa")),
      message(MessageType::audio, 1, 0x3000000, hex("bb"))}},
    {"extended timestamp of exactly 0xFFFFFF",
     hex("04 ffffff 000001 08 01000000 00ffffff aa"),
     {message(MessageType::audio, 1, 0xFFFFFF, hex("aa"))}},
    {"extended timestamp repeated on type 3, as FFmpeg sends it",
     concat({hex("06 ffffff 00012c 09 01000000 01020304"), part(k300, 0, 128), hex("c6 01020304"),
             part(k300, 128, 128), hex("c6 01020304"), part(k300, 256, 44)}),
     {message(MessageType::video, 1, 0x01020304, k300)}},
    {"extended timestamp left out on type 3, as old librtmp sends it",
     concat({hex("06 ffffff 00012c 09 01000000 01020304"), part(k300, 0, 128), hex("c6"),
             part(k300, 128, 128), hex("c6"), part(k300, 256, 44)}),
     {message(MessageType::video, 1, 0x01020304, k300)}},
    {"extended timestamp left out, and the payload begins like it",
     concat({hex("06 ffffff 000082 09 01000000 01020304"), part(k300, 0, 128), hex("c6 0102"),
             hex("04 000000 000001 08 01000000 aa")}),
     {message(MessageType::video, 1, 0x01020304, concat({part(k300, 0, 128), hex("0102")})),
      message(MessageType::audio, 1, 0, hex("aa"))}},
    {"a chunk stream that begins with type 1, as librtmp answers a ping",
     hex("42 000000 000006 04 0007 00000001"),
     {message(MessageType::user_control, 0, 0, hex("0007 00000001"))}},
};

Result<void> feed(ChunkReader& reader, BytesView input, std::vector<Message>& out) {
    while (true) {
        auto next = reader.read(input);
        if (!next) return next.error();
        if (!*next) return {};
        out.push_back(**std::move(next));
    }
}

TEST_CASE("chunks become messages", "[rtmp][chunk]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        ChunkReader reader;
        std::vector<Message> messages;
        REQUIRE(feed(reader, c.bytes, messages));
        CHECK(messages == c.messages);
        CHECK(reader.held_bytes() == 0);
    }
}

TEST_CASE("chunks may be cut anywhere", "[rtmp][chunk]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        test::every_split(c.bytes, [&](BytesView first, BytesView second) {
            ChunkReader reader;
            std::vector<Message> messages;
            REQUIRE(feed(reader, first, messages));
            REQUIRE(feed(reader, second, messages));
            CHECK(messages == c.messages);
        });
        ChunkReader reader;
        std::vector<Message> messages;
        test::in_pieces(c.bytes, 1, [&](BytesView byte) { REQUIRE(feed(reader, byte, messages)); });
        CHECK(messages == c.messages);
    }
}

TEST_CASE("a truncated chunk stream gives the messages before the cut", "[rtmp][chunk]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        test::every_truncation(c.bytes, [&](BytesView prefix) {
            ChunkReader reader;
            std::vector<Message> messages;
            REQUIRE(feed(reader, prefix, messages));
            REQUIRE(messages.size() <= c.messages.size());
            CHECK(std::equal(messages.begin(), messages.end(), c.messages.begin()));
        });
    }
}

TEST_CASE("what the chunk stream does not allow is named", "[rtmp][chunk]") {
    struct BadCase {
        const char* name;
        Bytes bytes;
        Errc errc;
    };
    const BadCase cases[] = {
        {"chunk size 0", hex("02 000000 000004 01 00000000 00000000"),
         Errc::chunk_size_out_of_range},
        {"chunk size 2^31", hex("02 000000 000004 01 00000000 80000000"),
         Errc::chunk_size_out_of_range},
        {"Set Chunk Size without a number", hex("02 000000 000003 01 00000000 000000"),
         Errc::truncated_message},
        {"Abort without a number", hex("02 000000 000000 02 00000000"), Errc::truncated_message},
        {"type 3 on a new chunk stream", hex("c4"), Errc::missing_chunk_header},
        {"type 2 on a new chunk stream", hex("84 000000"), Errc::missing_chunk_header},
        {"a message inside another one",
         concat({hex("04 000000 00012c 08 01000000"), part(k300, 0, 128),
                 hex("04 000000 00012c 08 01000000")}),
         Errc::unfinished_message},
        {"a message over the limit", hex("04 000000 ffffff 09 01000000"), Errc::message_too_large},
        {"a command over the limit", hex("03 000000 010001 14 00000000"), Errc::message_too_large},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        ChunkReader reader;
        std::vector<Message> messages;
        const auto result = feed(reader, c.bytes, messages);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == c.errc);
        CHECK(messages.empty());
    }
}

TEST_CASE("the greatest chunk size is accepted", "[rtmp][chunk]") {
    ChunkReader reader;
    std::vector<Message> messages;
    REQUIRE(feed(reader, hex("02 000000 000004 01 00000000 7fffffff"), messages));
    CHECK(reader.chunk_size() == 0x7FFFFFFF);
}

TEST_CASE("chunks of one byte are only slow", "[rtmp][chunk]") {
    Bytes bytes = hex("02 000000 000004 01 00000000 00000001  06 000000 00012c 09 01000000");
    for (std::size_t i = 0; i < k300.size(); ++i) {
        if (i > 0) bytes.push_back(0xc6);
        bytes.push_back(k300[i]);
    }
    ChunkReader reader;
    std::vector<Message> messages;
    REQUIRE(feed(reader, bytes, messages));
    CHECK(messages == std::vector{message(MessageType::video, 1, 0, k300)});
}

TEST_CASE("messages that never complete are limited in number and in bytes",
          "[rtmp][chunk][limits]") {
    // Chunk stream `id`, in the three-byte form: a message of `length` bytes, of which 128 come.
    const auto begin_message = [](std::uint32_t id, std::uint32_t length) {
        const auto rest = id - 64;
        Bytes bytes{1, static_cast<std::uint8_t>(rest), static_cast<std::uint8_t>(rest >> 8)};
        const Bytes fields{0,
                           0,
                           0,
                           static_cast<std::uint8_t>(length >> 16),
                           static_cast<std::uint8_t>(length >> 8),
                           static_cast<std::uint8_t>(length),
                           9,
                           1,
                           0,
                           0,
                           0};
        return concat({bytes, fields, run(128)});
    };
    std::vector<Message> messages;
    ChunkReader by_number;
    Result<void> result;
    std::uint32_t streams = 0;
    while (result && streams < 5000)
        result = feed(by_number, begin_message(64 + streams++, 1000), messages);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::too_many_chunk_streams);
    CHECK(streams == 65);

    ChunkReader by_bytes{{.max_held_bytes = 3000}};
    CHECK(feed(by_bytes, begin_message(64, 2000), messages));
    CHECK(by_bytes.held_bytes() == 2000);
    CHECK(feed(by_bytes, begin_message(65, 2000), messages).error().code ==
          Errc::too_many_held_bytes);
}

TEST_CASE("timestamps go on beyond 32 bits, and jump both ways", "[rtmp][chunk]") {
    const auto audio_at = [](std::uint32_t timestamp) {
        const Bytes time{
            static_cast<std::uint8_t>(timestamp >> 24), static_cast<std::uint8_t>(timestamp >> 16),
            static_cast<std::uint8_t>(timestamp >> 8), static_cast<std::uint8_t>(timestamp)};
        return timestamp < 0xFFFFFF
                   ? concat({hex("04"), part(time, 1, 3), hex("000001 08 01000000 aa")})
                   : concat({hex("04 ffffff 000001 08 01000000"), time, hex("aa")});
    };
    const auto times = [&](std::vector<std::uint32_t> wire) {
        ChunkReader reader;
        std::vector<Message> messages;
        for (const auto time : wire)
            REQUIRE(feed(reader, audio_at(time), messages));
        std::vector<std::int64_t> result;
        for (const auto& m : messages)
            result.push_back(m.timestamp_ms);
        return result;
    };
    using Times = std::vector<std::int64_t>;
    CHECK(times({0xFFFFFFF0, 0xFFFFFFFF, 5}) == Times{0xFFFFFFF0, 0xFFFFFFFF, 0x100000005});
    CHECK(times({0xFFFFFFF0, 5, 0xFFFFFFF1}) == Times{0xFFFFFFF0, 0x100000005, 0xFFFFFFF1});
    CHECK(times({0xFFFFFE, 0xFFFFFF, 0x1000000}) == Times{0xFFFFFE, 0xFFFFFF, 0x1000000});
    CHECK(times({100'000, 50, 100'000}) == Times{100'000, 50, 100'000});
    CHECK(times({0, 0xFFFFFFF6}) == Times{0, -10});  // an encoder that starts below 0
}

TEST_CASE("a data message at time 0 does not move the clock", "[rtmp][chunk]") {
    ChunkReader reader;
    std::vector<Message> messages;
    REQUIRE(feed(reader,
                 hex("04 ffffff 000001 08 01000000 f0000000 aa"
                     "05 000000 000001 12 01000000 bb"
                     "44 000010 000001 08 cc"),
                 messages));
    REQUIRE(messages.size() == 3);
    CHECK(messages[0].timestamp_ms == 0xF0000000);
    CHECK(messages[2].timestamp_ms == 0xF0000010);
}

}  // namespace
}  // namespace streamkit::rtmp
