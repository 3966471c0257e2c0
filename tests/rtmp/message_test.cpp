#include "streamkit/rtmp/message.hpp"

#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rtmp {
namespace {

using test::hex;

Message with(MessageType type, const Bytes& payload) {
    return {.type = type, .payload = SharedBuffer::copy_of(payload)};
}

TEST_CASE("protocol control messages have the layout of the specification", "[rtmp][message]") {
    CHECK(number_message(MessageType::set_chunk_size, 60000) ==
          with(MessageType::set_chunk_size, hex("0000ea60")));
    CHECK(read_number(with(MessageType::acknowledgement, hex("80000000"))).value() == 0x80000000);
    CHECK(read_number(with(MessageType::acknowledgement, hex("800000"))).error().code ==
          Errc::truncated_message);

    const SetPeerBandwidth bandwidth{2'500'000, SetPeerBandwidth::LimitType::dynamic};
    CHECK(bandwidth.message() == with(MessageType::set_peer_bandwidth, hex("002625a0"  // window
                                                                           "02")));    // dynamic
    CHECK(SetPeerBandwidth::read(bandwidth.message()).value().window_bytes == 2'500'000);
    CHECK(SetPeerBandwidth::read(with(MessageType::set_peer_bandwidth, hex("002625a0 07")))
              .value()
              .limit == SetPeerBandwidth::LimitType::dynamic);
    CHECK_FALSE(SetPeerBandwidth::read(with(MessageType::set_peer_bandwidth, hex("002625a0"))));
}

TEST_CASE("user control events are written and read", "[rtmp][message]") {
    struct Case {
        const char* name;
        UserControl event;
        Bytes payload;
    };
    using Type = UserControl::Type;
    const Case cases[] = {
        {"stream begin", {Type::stream_begin, 1}, hex("0000 00000001")},
        {"stream EOF", {Type::stream_eof, 1}, hex("0001 00000001")},
        {"stream dry", {Type::stream_dry, 2}, hex("0002 00000002")},
        {"buffer length", {Type::set_buffer_length, 1, 3000}, hex("0003 00000001 00000bb8")},
        {"recorded", {Type::stream_is_recorded, 1}, hex("0004 00000001")},
        {"ping", {Type::ping_request, 0x01020304}, hex("0006 01020304")},
        {"pong", {Type::ping_response, 0x01020304}, hex("0007 01020304")},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(c.event.message() == with(MessageType::user_control, c.payload));
        const auto read = UserControl::read(c.event.message());
        REQUIRE(read);
        REQUIRE(*read);
        CHECK((*read)->type == c.event.type);
        CHECK((*read)->number == c.event.number);
        CHECK((*read)->buffer_length_ms == c.event.buffer_length_ms);
        test::every_truncation(c.payload, [](BytesView prefix) {
            const Message cut{.type = MessageType::user_control,
                              .payload = SharedBuffer::copy_of(prefix)};
            CHECK(UserControl::read(cut).error().code == Errc::truncated_message);
        });
    }
    // SWFVerification of Flash servers
    CHECK_FALSE(UserControl::read(with(MessageType::user_control, hex("001a"))).value());
}

const Bytes kAggregate =
    hex("08 000002 000064 00 000000 af01"    // audio, 2 bytes, 100 ms
        "0000000d"                           // back pointer: 11 + 2
        "09 000003 fffff0 00 000000 170100"  // video, much later
        "0000000e"                           //
        "12 000000 000065 00 000000"         // data, empty
        "0000000b");

TEST_CASE("an aggregate message is taken apart", "[rtmp][message]") {
    AggregateReader reader{{.type = MessageType::aggregate,
                            .stream_id = 1,
                            .timestamp_ms = 5000,
                            .payload = SharedBuffer::copy_of(kAggregate)}};
    const auto audio = reader.next().value();
    REQUIRE(audio);
    CHECK(audio->type == MessageType::audio);
    CHECK(audio->stream_id == 1);
    CHECK(audio->timestamp_ms == 5000);  // the first part has the time of the aggregate
    CHECK(audio->payload == SharedBuffer::copy_of(hex("af01")));
    const auto video = reader.next().value();
    REQUIRE(video);
    CHECK(video->timestamp_ms == 5000 + 0xfffff0 - 100);
    CHECK(video->payload == SharedBuffer::copy_of(hex("170100")));
    const auto data = reader.next().value();
    REQUIRE(data);
    CHECK(data->type == MessageType::data_amf0);
    CHECK(data->payload.empty());
    CHECK(data->timestamp_ms == 5001);
    CHECK_FALSE(reader.next().value());
}

TEST_CASE("an aggregate message that is cut is an error or ends before a part", "[rtmp][message]") {
    test::every_truncation(kAggregate, [](BytesView prefix) {
        AggregateReader reader{
            {.type = MessageType::aggregate, .payload = SharedBuffer::copy_of(prefix)}};
        int parts = 0;
        while (true) {
            const auto part = reader.next();
            if (!part) {
                CHECK(part.error().code == Errc::malformed_aggregate);
                break;
            }
            if (!*part) break;
            ++parts;
        }
        CHECK(parts <= 3);
    });
}

}  // namespace
}  // namespace streamkit::rtmp
