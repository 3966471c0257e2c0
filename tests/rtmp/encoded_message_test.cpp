#include "streamkit/rtmp/encoded_message.hpp"

#include "streamkit/rtmp/chunk_reader.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rtmp {
namespace {

using test::concat;
using test::hex;

flv::TagBody video(std::int64_t timestamp_ms, const Bytes& payload) {
    return {flv::TagType::video, timestamp_ms, hex("17 01 00002a"), SharedBuffer::copy_of(payload)};
}

Bytes joined(std::span<const SharedBuffer> slices) {
    Bytes bytes;
    for (const auto& slice : slices)
        bytes.insert(bytes.end(), slice.view().begin(), slice.view().end());
    return bytes;
}

TEST_CASE("a frame is one small header and the payload itself", "[rtmp][encoded]") {
    const auto body = video(1000, hex("0000000165"));
    const auto message = EncodedMessage::make(body).value();
    REQUIRE(message.slices().size() == 2);
    CHECK(message.slices()[0] == SharedBuffer::copy_of(hex("06"        // type 0
                                                           "0003e8"    // absolute time
                                                           "00000a"    // length
                                                           "09"        // video
                                                           "01000000"  // message stream 1
                                                           "17 01 00002a")));
    CHECK(message.slices()[1].data() == body.payload.data());  // shared, not copied
    CHECK(message.size_bytes() == 12 + 10);
    CHECK(message.type() == flv::TagType::video);
    CHECK(message.chunk_size() == 60'000);
}

TEST_CASE("a player on another message stream gets a header of its own", "[rtmp][encoded]") {
    const auto message = EncodedMessage::make(video(1000, hex("0000000165"))).value();
    CHECK(message.first_slice_for(1).data() == message.slices()[0].data());
    CHECK(message.first_slice_for(0x01020304) ==
          SharedBuffer::copy_of(hex("06 0003e8 00000a 09 04030201 17 01 00002a")));
}

TEST_CASE("longer frames are cut with shared headers of type 3", "[rtmp][encoded]") {
    const auto body = video(0x01020304, hex("a0a1a2a3a4a5a6a7a8a9"));
    const auto message = EncodedMessage::make(body, 8).value();
    CHECK(joined(message.slices()) == hex("06 ffffff 00000f 09 01000000 01020304"
                                          "17 01 00002a a0a1a2"
                                          "c6 01020304 a3a4a5a6a7a8a9"));
    REQUIRE(message.slices().size() == 4);
    CHECK(message.slices()[1].data() == body.payload.data());
    CHECK(message.slices()[3].data() == body.payload.data() + 3);
    // all own bytes are one block
    CHECK(message.slices()[2].data() == message.slices()[0].data() + message.slices()[0].size());
}

TEST_CASE("whatever the chunk size, the message reads back", "[rtmp][encoded]") {
    for (std::uint32_t chunk_size = 1; chunk_size < 40; ++chunk_size) {
        for (std::size_t size = 0; size < 40; ++size) {
            Bytes payload(size);
            for (std::size_t i = 0; i < size; ++i)
                payload[i] = static_cast<std::uint8_t>(i);
            for (const std::int64_t time : {5, 0xFFFFFF}) {
                const auto body = video(time, payload);
                const auto message = EncodedMessage::make(body, chunk_size).value();
                const auto bytes = joined(message.slices());
                CHECK(bytes.size() == message.size_bytes());
                ChunkReader reader;
                const Bytes set_chunk_size = concat({hex("02 000000 000004 01 00000000 000000"),
                                                     Bytes{static_cast<std::uint8_t>(chunk_size)}});
                BytesView input = set_chunk_size;
                REQUIRE(reader.read(input));
                input = bytes;
                const auto read = reader.read(input);
                REQUIRE(read);
                REQUIRE(*read);
                CHECK((*read)->timestamp_ms == time);
                CHECK((*read)->payload == SharedBuffer::copy_of(concat({body.header, payload})));
                CHECK(input.empty());
            }
        }
    }
}

TEST_CASE("time is written modulo 2^32", "[rtmp][encoded]") {
    const auto message = EncodedMessage::make(video(0x1'0000'0005, {})).value();
    CHECK(message.slices().size() == 1);
    CHECK(joined(message.slices()) == hex("06 000005 000005 09 01000000 17 01 00002a"));
    const auto negative = EncodedMessage::make(video(-1, {})).value();
    CHECK(joined(negative.slices()) == hex("06 ffffff 000005 09 01000000 ffffffff 17 01 00002a"));
}

TEST_CASE("a frame of 16 MiB is refused", "[rtmp][encoded]") {
    flv::TagBody body;
    body.payload = SharedBuffer::take(Bytes(0x1000000, 0));
    CHECK(EncodedMessage::make(body).error().code == Errc::message_too_large);
}

}  // namespace
}  // namespace streamkit::rtmp
