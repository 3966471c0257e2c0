#include "streamkit/rtmp/chunk_writer.hpp"

#include "streamkit/rtmp/chunk_reader.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rtmp {
namespace {

using test::concat;
using test::hex;

TEST_CASE("messages are written as a chunk of type 0 and chunks of type 3", "[rtmp][chunk]") {
    ChunkWriter writer;
    const Bytes payload(130, 0x5a);
    const Message message{MessageType::command_amf0, 1, 1000, SharedBuffer::copy_of(payload)};
    CHECK(*writer.write(message) ==
          SharedBuffer::copy_of(concat({hex("03"        // type 0, chunk stream 3
                                            "0003e8"    // timestamp
                                            "000082"    // length
                                            "14"        // command
                                            "01000000"  // message stream 1
                                            ),
                                        Bytes(128, 0x5a), hex("c3"), hex("5a5a")})));
}

TEST_CASE("the extended timestamp is repeated on chunks of type 3", "[rtmp][chunk]") {
    ChunkWriter writer;
    const Message message{MessageType::video, 1, 0x1'0100'0000, SharedBuffer::take(Bytes(129, 1))};
    CHECK(*writer.write(message) ==
          SharedBuffer::copy_of(concat({hex("06 ffffff 000081 09 01000000 01000000"), Bytes(128, 1),
                                        hex("c6 01000000 01")})));
}

TEST_CASE("Set Chunk Size is written with the old size and then holds", "[rtmp][chunk]") {
    ChunkWriter writer;
    CHECK(*writer.set_chunk_size(2) ==
          SharedBuffer::copy_of(hex("02 000000 000004 01 00000000 00000002")));
    const Message message{MessageType::audio, 1, 0, SharedBuffer::copy_of(hex("010203"))};
    CHECK(*writer.write(message) ==
          SharedBuffer::copy_of(hex("04 000000 000003 08 01000000 0102 c4 03")));
    // 0x00000003 takes two chunks of two bytes now
    CHECK(*writer.set_chunk_size(3) ==
          SharedBuffer::copy_of(hex("02 000000 000004 01 00000000 0000 c2 0003")));
    CHECK(writer.set_chunk_size(0).error().code == Errc::chunk_size_out_of_range);
    CHECK(writer.set_chunk_size(0x80000000).error().code == Errc::chunk_size_out_of_range);
    CHECK(writer.chunk_size() == 3);
}

TEST_CASE("what is written is read back", "[rtmp][chunk]") {
    for (const std::uint32_t chunk_size : {1U, 2U, 127U, 128U, 60'000U}) {
        for (const std::int64_t timestamp : {0, 0xFFFFFE, 0xFFFFFF, 0x7FFFFFFF}) {
            for (const std::size_t size : {0UL, 1UL, 128UL, 129UL, 1000UL}) {
                ChunkWriter writer;
                ChunkReader reader;
                const Message message{MessageType::video, 7, timestamp,
                                      SharedBuffer::take(Bytes(size, 0x33))};
                const auto set_chunk_size = *writer.set_chunk_size(chunk_size);
                const auto bytes = concat({set_chunk_size, *writer.write(message)});
                BytesView input = bytes;
                const auto read = reader.read(input);
                REQUIRE(read);
                CHECK(*read == message);
                CHECK(input.empty());
            }
        }
    }
}

TEST_CASE("a message of 16 MiB is refused", "[rtmp][chunk]") {
    const ChunkWriter writer;
    const Message message{MessageType::video, 1, 0, SharedBuffer::take(Bytes(0x1000000, 0))};
    CHECK(writer.write(message).error().code == Errc::message_too_large);
}

}  // namespace
}  // namespace streamkit::rtmp
