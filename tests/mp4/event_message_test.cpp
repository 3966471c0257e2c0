#include "streamkit/mp4/event_message.hpp"

#include "streamkit/mp4/box_reader.hpp"
#include "streamkit/mp4/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::mp4 {
namespace {

using test::hex;

struct Case {
    const char* name;
    Bytes bytes;
    EventMessage message;
};

const Case kCases[] = {
    {"version 1, absolute time",
     hex("00000030 656d7367"   // size, emsg
         "01 000000"           // version, flags
         "00007530"            // timescale 30000
         "0000000100000002"    // presentation_time
         "000493e0"            // event_duration 300000
         "00000007"            // id
         "75726e3a6100"        // scheme_id_uri "urn:a"
         "3100"                // value "1"
         "68656c6c6f204853"),  // message_data "hello HS"
     {1, "urn:a", "1", 30000, 0x100000002, 300000, 7, test::text("hello HS")}},
    {"version 0, delta, empty value and message",
     hex("00000023 656d7367"
         "00 000000"
         "75726e3a6100"  // scheme_id_uri
         "00"            // value
         "0000bb80"      // timescale 48000
         "00000005"      // presentation_time_delta
         "ffffffff"      // event_duration: not known
         "00000001"),    // id
     {0, "urn:a", "", 48000, 5, kUnknownEventDuration, 1, {}}},
};

TEST_CASE("emsg is written and read in both versions", "[mp4][emsg]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        ByteWriter out;
        REQUIRE(write_event_message(out, c.message));
        CHECK(out.take() == c.bytes);
        const auto read = read_event_message(BytesView{c.bytes}.subspan(8));
        REQUIRE(read);
        CHECK(*read == c.message);
    }
}

TEST_CASE("every truncation of emsg fails or has a shorter message", "[mp4][emsg]") {
    for (const auto& c : kCases) {
        const auto payload = BytesView{c.bytes}.subspan(8);
        const auto fixed = payload.size() - c.message.message_data.size();
        test::every_truncation(payload, [&](BytesView prefix) {
            CHECK(read_event_message(prefix).has_value() == (prefix.size() >= fixed));
        });
    }
}

TEST_CASE("emsg refuses what it cannot say", "[mp4][emsg]") {
    const EventMessage good = kCases[0].message;
    auto version_2 = good;
    version_2.version = 2;
    auto zero_in_text = good;
    zero_in_text.value = std::string("a\0b", 3);
    auto long_delta = good;
    long_delta.version = 0;
    auto no_timescale = good;
    no_timescale.timescale = 0;
    for (const auto& message : {version_2, zero_in_text, long_delta, no_timescale}) {
        ByteWriter out;
        CHECK_FALSE(write_event_message(out, message));
        CHECK(out.size() == 0);
    }
    CHECK(read_event_message(hex("02 000000")).error().code == Errc::unsupported_version);
}

}  // namespace
}  // namespace streamkit::mp4
