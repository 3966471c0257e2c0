#include "send_stream.hpp"

#include <cstdint>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::rudp;
using test::text;

namespace {

constexpr std::uint64_t kAll = UINT64_MAX;

SharedBuffer buffer(std::string_view content) { return SharedBuffer::copy_of(as_bytes(content)); }

std::string copied(const SendStream& stream, const SendStream::Chunk& chunk) {
    Bytes room(chunk.length);
    SpanWriter out{room};
    stream.copy(chunk, out);
    REQUIRE(out.remaining() == 0);
    return std::string{as_text(room)};
}

// What the next chunk says, as "offset:bytes", with "." for the end of the stream.
std::string next(SendStream& stream, std::size_t max_bytes, std::uint64_t credit = kAll) {
    const auto chunk = stream.next_chunk(max_bytes, credit);
    if (!chunk) return "none";
    return std::to_string(chunk->offset) + ":" + copied(stream, *chunk) + (chunk->fin ? "." : "");
}

}  // namespace

TEST_CASE("a send stream cuts what was written into chunks", "[rudp][send_stream]") {
    SendStream stream{1000};
    CHECK(next(stream, 10) == "none");
    CHECK_FALSE(stream.has_something_to_send(kAll));
    REQUIRE(stream.write(buffer("abc")));
    REQUIRE(stream.write(buffer("")));
    REQUIRE(stream.write(buffer("d")));
    REQUIRE(stream.write(buffer("efghij")));
    CHECK(stream.buffered() == 10);
    CHECK(stream.has_something_to_send(kAll));
    CHECK(next(stream, 0) == "none");
    CHECK(next(stream, 5) == "0:abcde");
    CHECK(next(stream, 1) == "5:f");
    CHECK(next(stream, 100) == "6:ghij");
    CHECK(next(stream, 100) == "none");
    CHECK(stream.sent_end() == 10);
    CHECK(stream.buffered() == 10);
    CHECK(stream.state() == SendStream::State::open);
}

TEST_CASE("the end of a send stream goes with the last bytes or alone", "[rudp][send_stream]") {
    SECTION("with the last bytes") {
        SendStream stream{1000};
        REQUIRE(stream.write(buffer("abcd")));
        REQUIRE(stream.finish());
        CHECK(stream.state() == SendStream::State::finished);
        CHECK(next(stream, 3) == "0:abc");
        CHECK(next(stream, 3) == "3:d.");
        CHECK(next(stream, 3) == "none");
        stream.on_acked(3, 1, true);
        CHECK(stream.state() == SendStream::State::finished);
        stream.on_acked(0, 3, false);
        CHECK(stream.state() == SendStream::State::delivered);
        CHECK(stream.buffered() == 0);
    }
    SECTION("alone, after them") {
        SendStream stream{4};
        REQUIRE(stream.write(buffer("abcd")));
        CHECK(next(stream, 10) == "0:abcd");
        REQUIRE(stream.finish());
        CHECK(stream.has_something_to_send(0));
        CHECK(next(stream, 0, 0) == "4:.");
        CHECK_FALSE(stream.has_something_to_send(kAll));
        stream.on_acked(0, 4, false);
        CHECK(stream.state() == SendStream::State::finished);
        stream.on_lost(4, 0, true);
        CHECK(stream.has_something_to_send(0));
        CHECK(next(stream, 10, 0) == "4:.");
        stream.on_acked(4, 0, true);
        CHECK(stream.state() == SendStream::State::delivered);
    }
    SECTION("of an empty stream") {
        SendStream stream{0};
        REQUIRE(stream.finish());
        CHECK(next(stream, 10, 0) == "0:.");
        stream.on_acked(0, 0, true);
        CHECK(stream.state() == SendStream::State::delivered);
    }
}

TEST_CASE("a send stream keeps within both windows", "[rudp][send_stream]") {
    SendStream stream{4};
    REQUIRE(stream.write(buffer("abcdefghij")));
    CHECK(stream.has_something_to_send(1));
    CHECK_FALSE(stream.has_something_to_send(0));
    CHECK_FALSE(stream.is_blocked());
    CHECK(next(stream, 100, 0) == "none");
    CHECK(next(stream, 100, 3) == "0:abc");
    CHECK(next(stream, 100) == "3:d");
    CHECK(next(stream, 100) == "none");
    CHECK(stream.is_blocked());
    CHECK_FALSE(stream.has_something_to_send(kAll));
    stream.set_max_data(2);  // came late
    CHECK(stream.is_blocked());
    stream.set_max_data(6);
    CHECK_FALSE(stream.is_blocked());
    CHECK(next(stream, 100) == "4:ef");

    // What was sent before takes no credit when it is sent again.
    stream.on_lost(0, 3, false);
    CHECK(stream.has_something_to_send(0));
    const auto again = stream.next_chunk(100, 0);
    REQUIRE(again);
    CHECK(again->length == 3);
    CHECK(again->new_bytes == 0);
}

TEST_CASE("lost bytes go first, and new ones follow in the same chunk", "[rudp][send_stream]") {
    SendStream stream{100};
    REQUIRE(stream.write(buffer("abcdefghijklmnop")));
    CHECK(next(stream, 4) == "0:abcd");
    CHECK(next(stream, 4) == "4:efgh");
    stream.on_lost(0, 4, false);
    stream.on_lost(4, 4, false);
    CHECK(next(stream, 3) == "0:abc");
    CHECK(next(stream, 2) == "3:de");
    const auto chunk = stream.next_chunk(6, kAll);
    REQUIRE(chunk);
    CHECK(chunk->offset == 5);
    CHECK(chunk->new_bytes == 3);
    CHECK(copied(stream, *chunk) == "fghijk");
    CHECK(next(stream, 100) == "11:lmnop");
}

TEST_CASE("bytes whose copy arrived are not sent again", "[rudp][send_stream]") {
    SendStream stream{100};
    REQUIRE(stream.write(buffer("abcdefghij")));
    CHECK(next(stream, 100) == "0:abcdefghij");
    SECTION("acknowledged before the loss") {
        stream.on_acked(0, 2, false);
        stream.on_acked(4, 2, false);
        stream.on_lost(0, 10, false);
        CHECK(next(stream, 100) == "2:cd");
        CHECK(next(stream, 100) == "6:ghij");
        CHECK(stream.buffered() == 8);
    }
    SECTION("acknowledged after it") {
        stream.on_lost(0, 10, false);
        stream.on_acked(3, 4, false);
        CHECK(next(stream, 100) == "0:abc");
        CHECK(next(stream, 100) == "7:hij");
        stream.on_acked(0, 10, false);
        CHECK(stream.buffered() == 0);
    }
    CHECK(next(stream, 100) == "none");
}

TEST_CASE("an end that arrived is not sent again", "[rudp][send_stream]") {
    SendStream stream{100};
    REQUIRE(stream.write(buffer("ab")));
    REQUIRE(stream.finish());
    CHECK(next(stream, 100) == "0:ab.");
    stream.on_lost(0, 2, true);
    CHECK(next(stream, 1) == "0:a");
    CHECK(next(stream, 1) == "1:b.");
    stream.on_lost(1, 1, true);
    stream.on_acked(0, 2, true);  // the first one after all
    CHECK(stream.state() == SendStream::State::delivered);
    CHECK_FALSE(stream.has_something_to_send(kAll));
    CHECK(next(stream, 100) == "none");
    stream.on_lost(0, 1, false);
    stream.on_lost(1, 1, true);
    CHECK_FALSE(stream.has_something_to_send(kAll));
}

TEST_CASE("an end that went alone may arrive before the bytes", "[rudp][send_stream]") {
    SendStream stream{100};
    REQUIRE(stream.write(buffer("ab")));
    CHECK(next(stream, 100) == "0:ab");
    REQUIRE(stream.finish());
    CHECK(next(stream, 100) == "2:.");
    stream.on_acked(2, 0, true);
    CHECK(stream.state() == SendStream::State::finished);
    CHECK(stream.buffered() == 2);
    stream.on_acked(0, 2, false);
    CHECK(stream.state() == SendStream::State::delivered);
}

TEST_CASE("a send stream that has ended takes no more", "[rudp][send_stream]") {
    SendStream finished{100};
    REQUIRE(finished.finish());
    CHECK(finished.write(buffer("a")).error().code == Errc::stream_finished);
    CHECK(finished.finish().error().code == Errc::stream_finished);

    SendStream reset{100};
    REQUIRE(reset.write(buffer("abcd")));
    CHECK(next(reset, 3) == "0:abc");
    CHECK(reset.reset() == 3);
    CHECK(reset.reset() == 3);
    CHECK(reset.state() == SendStream::State::reset);
    CHECK(reset.buffered() == 0);
    CHECK(reset.write(buffer("a")).error().code == Errc::stream_finished);
    CHECK(reset.finish().error().code == Errc::stream_finished);
    reset.on_lost(0, 3, false);
    reset.on_acked(0, 3, false);
    CHECK_FALSE(reset.has_something_to_send(kAll));
    CHECK_FALSE(reset.is_blocked());
    CHECK(next(reset, 10) == "none");
}

TEST_CASE("a reset after everything arrived changes nothing", "[rudp][send_stream]") {
    SendStream stream{100};
    REQUIRE(stream.write(buffer("ab")));
    REQUIRE(stream.finish());
    CHECK(next(stream, 100) == "0:ab.");
    stream.on_acked(0, 2, true);
    CHECK(stream.reset() == 2);
    CHECK(stream.state() == SendStream::State::delivered);
}

TEST_CASE("a send stream of a million pieces of one byte is as quick as any",
          "[rudp][send_stream]") {
    // With a search from the front this would take hours.
    constexpr std::uint64_t kBytes = 1'000'000;
    static constexpr std::uint8_t kByte[] = {'x'};
    SendStream stream{kBytes};
    for (std::uint64_t i = 0; i < kBytes; ++i)
        REQUIRE(stream.write(SharedBuffer::from_static(kByte)));
    Bytes room(1200);
    std::uint64_t acked = 0;
    while (const auto chunk = stream.next_chunk(room.size(), kAll)) {
        SpanWriter out{room};
        stream.copy(*chunk, out);
        if (chunk->offset >= 100 * room.size()) {
            stream.on_acked(acked, 1200, false);
            acked += 1200;
        }
    }
    stream.on_acked(acked, static_cast<std::uint32_t>(kBytes - acked), false);
    CHECK(stream.buffered() == 0);
}
