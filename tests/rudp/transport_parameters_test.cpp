#include "transport_parameters.hpp"

#include "frame.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp {
namespace {

using test::concat;
using test::every_truncation;
using test::hex;
using namespace std::chrono_literals;

const TransportParameters kParameters{
    .protection = Protection::plaintext,
    .max_data = 16 << 20,
    .max_stream_data = 1 << 20,
    .max_streams = 64,
    .max_message_bytes = 1 << 16,
    .max_datagram_bytes = 9000,
    .max_ack_delay_us = 25'000,
    .idle_timeout_ms = 30'000,
    .first_packet_number = (std::uint64_t{1} << 32) - 10,
};
const Bytes kParameterBytes =
    hex("00 01 01"                // plaintext
        "01 04 81000000"          // max_data, 16 MiB
        "02 04 80100000"          // max_stream_data, 1 MiB
        "03 02 4040"              // max_streams, 64
        "04 04 80010000"          // max_message_bytes, 64 KiB
        "05 02 6328"              // max_datagram_bytes, 9000
        "06 04 800061a8"          // max_ack_delay, 25 ms
        "07 04 80007530"          // idle_timeout, 30 s
        "08 08 c0000000fffffff6"  // first_packet_number, 2^32 - 10
    );

const Bytes kHelloBytes = concat({kParameterBytes, hex("10 03 612f31"    // protocol, "a/1"
                                                       "11 02 beef")});  // request
const Bytes kRejectBytes =
    hex("20 01 01"        // full
        "21 02 43e8"      // try again in 1 s
        "22 04 66756c6c"  // "full"
    );

Error hello_error(std::string_view payload) {
    const auto hello = read_hello_payload(hex(payload));
    return hello ? Error{} : hello.error();
}
Error reply_error(std::string_view payload) {
    const auto reply = read_reply_payload(hex(payload));
    return reply ? Error{} : reply.error();
}

TEST_CASE("the client's parameters are written as laid out and read back", "[rudp][parameters]") {
    const Hello hello{.parameters = kParameters, .protocol = "a/1", .request = hex("beef")};
    CHECK(write_hello_payload(hello) == kHelloBytes);
    const auto read = read_hello_payload(kHelloBytes);
    REQUIRE(read.has_value());
    CHECK(read->parameters == kParameters);
    CHECK(read->protocol == "a/1");
    CHECK(read->request == hex("beef"));
}

TEST_CASE("the server's parameters are written as laid out and read back", "[rudp][parameters]") {
    Reply reply;
    reply.parameters = kParameters;
    reply.id = 0x0102030405060708;
    reply.reset_token.emplace().fill(0xaa);
    auto bytes = kParameterBytes;
    const auto own =
        hex("23 08 0102030405060708"                    // connection id
            "24 10 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");  // reset token
    bytes.insert(bytes.end(), own.begin(), own.end());
    CHECK(write_reply_payload(reply) == bytes);
    const auto read = read_reply_payload(bytes);
    REQUIRE(read.has_value());
    CHECK_FALSE(read->reject.has_value());
    CHECK(read->parameters == kParameters);
    CHECK(read->id == reply.id);
    CHECK(read->reset_token == reply.reset_token);
}

TEST_CASE("a welcome without the server's connection id is refused", "[rudp][parameters]") {
    const auto none = read_reply_payload(kParameterBytes);
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error() == Error{Errc::invalid_parameter, "connection id", kParameterBytes.size()});
    for (const auto* bad : {"23 07 01020304050607", "23 09 010203040506070809", "24 0f 00"}) {
        INFO(bad);
        CHECK_FALSE(read_reply_payload(hex(bad)).has_value());
    }
}

TEST_CASE("a rejection says why and for how long", "[rudp][parameters]") {
    Reply reply;
    reply.reject = Reject{.reason = RejectReason::full, .retry_after = 1s, .text = "full"};
    CHECK(write_reply_payload(reply) == kRejectBytes);
    const auto read = read_reply_payload(kRejectBytes);
    REQUIRE((read && read->reject));
    CHECK(read->reject->reason == RejectReason::full);
    CHECK(read->reject->retry_after == 1s);
    CHECK(read->reject->text == "full");

    const auto later = read_reply_payload(hex("20 01 3f"));
    REQUIRE((later && later->reject));
    CHECK(later->reject->reason == RejectReason::refused);  // whatever it will mean one day

    reply.reject->retry_after = -1ms;
    const auto negative = read_reply_payload(write_reply_payload(reply));
    REQUIRE((negative && negative->reject));
    CHECK(negative->reject->retry_after == 0ms);
}

TEST_CASE("parameters that are missing have their defaults", "[rudp][parameters]") {
    const auto hello = read_hello_payload({});
    REQUIRE(hello.has_value());
    CHECK(hello->parameters == TransportParameters{});
    const auto reply = read_reply_payload(hex("23 08 0102030405060708"));  // only the id
    REQUIRE(reply.has_value());
    CHECK_FALSE(reply->reject.has_value());
    CHECK(reply->parameters == TransportParameters{});
}

TEST_CASE("parameters that are not known are skipped", "[rudp][parameters]") {
    const auto payload = concat({hex("3f 00"), hex("7fff 03 010203"), kHelloBytes, hex("7fff 00")});
    const auto hello = read_hello_payload(payload);
    REQUIRE(hello.has_value());
    CHECK(hello->parameters == kParameters);
    // What a server says is not known from a client, and the other way round.
    CHECK(read_hello_payload(kRejectBytes).has_value());
    CHECK(read_reply_payload(concat({kHelloBytes, hex("23 08 0102030405060708")})).has_value());
}

TEST_CASE("parameters cut short are refused, or have fewer items", "[rudp][parameters]") {
    for (const auto& payload : {kHelloBytes, kRejectBytes}) {
        every_truncation(payload, [](BytesView prefix) {
            const auto hello = read_hello_payload(prefix);
            if (!hello) CHECK(hello.error().code == Errc::truncated);
            const auto reply = read_reply_payload(prefix);
            if (!reply && reply.error().what != std::string_view{"connection id"})
                CHECK(reply.error().code == Errc::truncated);
        });
    }
    CHECK(hello_error("01") == Error{Errc::truncated, "parameter", 1});
    CHECK(hello_error("01 04 810000") == Error{Errc::truncated, "parameter", 2});
    CHECK(hello_error("7fff ffffffffffffffff 00") == Error{Errc::truncated, "parameter", 10});
}

TEST_CASE("a parameter given twice is refused", "[rudp][parameters]") {
    CHECK(hello_error("01 01 05 01 01 05") ==
          Error{Errc::invalid_parameter, "parameter given twice", 3});
    CHECK(hello_error("01 01 05 4001 01 05").code == Errc::invalid_parameter);
    CHECK(hello_error("3f 00 3f 00").code == Errc::invalid_parameter);
    CHECK(reply_error("20 01 00 20 01 00").code == Errc::invalid_parameter);
}

TEST_CASE("parameters out of their ranges are refused", "[rudp][parameters]") {
    struct Range {
        const char* name;
        std::string_view good;
        std::string_view bad;
    };
    const Range ranges[] = {
        {"protection", "00 01 01", "00 01 02"},
        {"max_streams, 2^60", "03 08 d000000000000000", "03 08 d000000000000001"},
        {"max_datagram_bytes, 1200", "05 02 44b0", "05 02 44af"},
        {"max_datagram_bytes, 65 507", "05 04 8000ffe3", "05 04 8000ffe4"},
        {"max_ack_delay, 2^14 ms", "06 04 80fa0000", "06 04 80fa0001"},
        {"idle_timeout, 35 years", "07 08 c0000106 24dd2f1a", "07 08 c0000106 24dd2f1b"},
        {"first_packet_number, 2^62 - 2^32", "08 08 ffffffff 00000000", "08 08 ffffffff 00000001"},
        {"max_data, one number", "01 01 05", "01 02 0505"},
        {"max_data, a whole number", "01 01 05", "01 01 40"},
        {"max_data, a number", "01 01 05", "01 00"},
        {"protocol, UTF-8", "10 02 c3a9", "10 01 c3"},
    };
    for (const auto& range : ranges) {
        INFO(range.name);
        CHECK(hello_error(range.good) == Error{});
        CHECK(hello_error(range.bad).code == Errc::invalid_parameter);
        CHECK(hello_error(range.bad).offset == 2);
    }
    CHECK(reply_error("20 01 00 22 02 c3a9") == Error{});
    CHECK(reply_error("22 01 c3") == Error{Errc::invalid_parameter, "reject text", 2});
    CHECK(reply_error("21 08 c0000106 24dd2f1b") ==
          Error{Errc::invalid_parameter, "retry after", 2});
}

TEST_CASE("texts and requests have their longest", "[rudp][parameters]") {
    const auto with = [](std::string_view id, std::size_t size) {
        const auto length = static_cast<std::uint8_t>(size & 0xff);
        const auto high = static_cast<std::uint8_t>(0x40 | size >> 8);
        return concat({hex(id), Bytes{high, length}, Bytes(size, 'x')});
    };
    CHECK(read_hello_payload(with("10", 64)).has_value());
    CHECK(read_hello_payload(with("10", 65)).error().code == Errc::invalid_parameter);
    CHECK(read_hello_payload(with("11", 256)).has_value());
    CHECK(read_hello_payload(with("11", 257)).error().code == Errc::invalid_parameter);
    CHECK(read_reply_payload(concat({hex("20 01 00"), with("22", 256)})).has_value());
    CHECK(read_reply_payload(with("22", 257)).error().code == Errc::invalid_parameter);
}

TEST_CASE("the longest HELLO payload fits into the least datagram", "[rudp][parameters]") {
    constexpr auto kLargest = kMaxVarint;
    const Hello hello{
        .parameters = {.protection = Protection::plaintext,
                       .max_data = kLargest,
                       .max_stream_data = kLargest,
                       .max_streams = kMaxStreamCount,
                       .max_message_bytes = kLargest,
                       .max_datagram_bytes = kMaxDatagramBytes,
                       .max_ack_delay_us = kMaxAckDelayMicroseconds,
                       .idle_timeout_ms = kMaxMicroseconds / 1000,
                       .first_packet_number = kMaxFirstPacketNumber},
        .protocol = std::string(kMaxProtocolBytes, 'x'),
        .request = Bytes(kMaxRequestBytes, 1),
    };
    const auto payload = write_hello_payload(hello);
    constexpr std::size_t kNoiseOverhead = 48;  // of NXpsk2
    CHECK(kHandshakeHeaderBytes + 1 + kMaxCookieBytes + 2 + kNoiseOverhead + payload.size() <=
          kMinHelloBytes);
    CHECK(read_hello_payload(payload)->parameters == hello.parameters);
}

}  // namespace
}  // namespace streamkit::rudp
