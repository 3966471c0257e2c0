#include "receive_stream.hpp"

#include <cstdint>
#include <string>

#include "streamkit/rudp/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::rudp;

namespace {

constexpr std::uint64_t kBlock = 64 * 1024;
// Of one block with its bitmap, at most.
constexpr std::size_t kBlockMemory = kBlock + kBlock / 8 + 64;

Result<std::uint64_t> receive(ReceiveStream& stream, std::uint64_t offset, std::string_view bytes,
                              bool fin = false) {
    return stream.receive({.stream = 0, .offset = offset, .data = as_bytes(bytes), .fin = fin});
}

std::string take(ReceiveStream& stream) {
    std::string out;
    for (auto run = stream.readable(); !run.empty(); run = stream.readable()) {
        out += as_text(run);
        stream.consume(run.size());
    }
    return out;
}

std::uint8_t pattern(std::uint64_t offset) { return static_cast<std::uint8_t>(offset * 131 + 7); }

Bytes pattern(std::uint64_t offset, std::size_t length) {
    Bytes out(length);
    for (std::size_t i = 0; i < length; ++i)
        out[i] = pattern(offset + i);
    return out;
}

}  // namespace

TEST_CASE("a receive stream gives bytes out in order", "[rudp][receive_stream]") {
    ReceiveStream stream{1000};
    CHECK(stream.readable().empty());
    CHECK(receive(stream, 0, "abc").value() == 3);
    CHECK(as_text(stream.readable()) == "abc");
    CHECK(receive(stream, 6, "ghi").value() == 6);
    CHECK(as_text(stream.readable()) == "abc");
    CHECK(receive(stream, 3, "def").value() == 0);
    CHECK(as_text(stream.readable()) == "abcdefghi");
    stream.consume(4);
    CHECK(as_text(stream.readable()) == "efghi");
    CHECK(stream.consumed() == 4);
    CHECK(stream.highest() == 9);
    CHECK(take(stream) == "efghi");
    CHECK_FALSE(stream.at_end());
}

TEST_CASE("duplicates and overlaps change nothing", "[rudp][receive_stream]") {
    ReceiveStream stream{1000};
    CHECK(receive(stream, 2, "cd").value() == 4);
    CHECK(receive(stream, 2, "cd").value() == 0);
    CHECK(receive(stream, 1, "bcde").value() == 1);
    CHECK(receive(stream, 0, "ab").value() == 0);
    CHECK(take(stream) == "abcde");
    CHECK(receive(stream, 0, "XXXX").value() == 0);
    CHECK(stream.readable().empty());
    CHECK(receive(stream, 3, "XXfgh").value() == 3);
    CHECK(take(stream) == "fgh");
    CHECK(receive(stream, 8, "i").value() == 1);
    // What can be read already does not change any more.
    CHECK(receive(stream, 8, "X").value() == 0);
    CHECK(take(stream) == "i");
}

TEST_CASE("the end may come with bytes, alone, early and twice", "[rudp][receive_stream]") {
    SECTION("with the last bytes") {
        ReceiveStream stream{1000};
        CHECK(receive(stream, 0, "ab", true).value() == 2);
        CHECK(stream.is_complete());
        CHECK_FALSE(stream.at_end());
        CHECK(take(stream) == "ab");
        CHECK(stream.at_end());
        CHECK(stream.held_bytes() == 0);
        CHECK(receive(stream, 0, "ab", true).value() == 0);
        CHECK(receive(stream, 2, "", true).value() == 0);
    }
    SECTION("alone, before them") {
        ReceiveStream stream{1000};
        CHECK(receive(stream, 2, "", true).value() == 2);
        CHECK_FALSE(stream.is_complete());
        CHECK(receive(stream, 1, "b").value() == 0);
        CHECK(receive(stream, 0, "a").value() == 0);
        CHECK(stream.is_complete());
        CHECK(take(stream) == "ab");
        CHECK(stream.at_end());
    }
    SECTION("alone, after they were read") {
        ReceiveStream stream{1000};
        CHECK(receive(stream, 0, "ab").value() == 2);
        CHECK(take(stream) == "ab");
        CHECK_FALSE(stream.at_end());
        CHECK(receive(stream, 2, "", true).value() == 0);
        CHECK(stream.at_end());
        CHECK(stream.held_bytes() == 0);
    }
    SECTION("of an empty stream, with no window at all") {
        ReceiveStream stream{0};
        CHECK(receive(stream, 0, "", true).value() == 0);
        CHECK(stream.is_complete());
        CHECK(stream.at_end());
    }
}

TEST_CASE("a frame without bytes counts for the window only", "[rudp][receive_stream]") {
    ReceiveStream stream{10};
    CHECK(receive(stream, 0, "").value() == 0);
    CHECK(receive(stream, 7, "").value() == 7);
    CHECK(receive(stream, 10, "").value() == 3);
    CHECK(receive(stream, 11, "").error().code == Errc::flow_control);
    CHECK(stream.highest() == 10);
    CHECK(stream.held_bytes() == 0);
    CHECK(receive(stream, 0, "abc").value() == 0);
    CHECK(take(stream) == "abc");
}

TEST_CASE("the final size is fixed once it is known", "[rudp][receive_stream]") {
    // RFC 9000, 4.5.
    ReceiveStream stream{100};
    REQUIRE(receive(stream, 0, "abcd"));
    CHECK(receive(stream, 0, "abc", true).error().code == Errc::final_size);
    CHECK(stream.reset({.stream = 0, .code = 1, .final_size = 3}).error().code == Errc::final_size);
    REQUIRE(receive(stream, 6, "", true));
    CHECK(receive(stream, 5, "xy").error().code == Errc::final_size);
    CHECK(receive(stream, 7, "").error().code == Errc::final_size);
    CHECK(receive(stream, 0, "abcd", true).error().code == Errc::final_size);
    CHECK(receive(stream, 0, "abcdefg", true).error().code == Errc::final_size);
    CHECK(stream.reset({.stream = 0, .code = 1, .final_size = 7}).error().code == Errc::final_size);
    CHECK_FALSE(stream.reset_code());
    CHECK(stream.highest() == 6);
    CHECK(receive(stream, 4, "ef", true).value() == 0);
    CHECK(take(stream) == "abcdef");
    CHECK(stream.at_end());
}

TEST_CASE("bytes outside of the window are refused and cost no memory", "[rudp][receive_stream]") {
    const struct {
        const char* name;
        std::uint64_t offset;
        std::size_t length;
        bool fin;
    } cases[] = {
        {"one byte behind it", 1000, 1, false},
        {"reaching over its end", 999, 2, false},
        {"an end behind it", 1001, 0, true},
        {"a hole of 4 GB", std::uint64_t{1} << 32, 1, false},
        {"the largest offset", kMaxVarint, 1, false},
        {"above the largest offset", UINT64_MAX, 1, false},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        ReceiveStream stream{1000};
        REQUIRE(receive(stream, 0, "a"));
        const auto held = stream.held_bytes();
        const Bytes data(c.length);
        const auto result =
            stream.receive({.stream = 0, .offset = c.offset, .data = data, .fin = c.fin});
        REQUIRE_FALSE(result);
        CHECK(result.error().code == Errc::flow_control);
        CHECK(stream.held_bytes() == held);
        CHECK(stream.highest() == 1);
        CHECK_FALSE(stream.is_complete());
        CHECK(receive(stream, 999, "z").value() == 999);
    }
    ReceiveStream stream{1000};
    const auto result =
        stream.reset({.stream = 0, .code = 1, .final_size = std::uint64_t{1} << 32});
    CHECK(result.error().code == Errc::flow_control);
    CHECK_FALSE(stream.reset_code());
}

TEST_CASE("the window moves as bytes are consumed", "[rudp][receive_stream]") {
    ReceiveStream stream{10};
    CHECK(stream.max_data() == 10);
    CHECK_FALSE(stream.should_send_max_data());
    REQUIRE(receive(stream, 0, "abcdefghij"));
    stream.consume(4);
    CHECK_FALSE(stream.should_send_max_data());
    stream.consume(1);
    CHECK(stream.should_send_max_data());
    CHECK(stream.max_data() == 15);
    stream.on_max_data_sent();
    CHECK_FALSE(stream.should_send_max_data());
    CHECK(receive(stream, 10, "klmno").value() == 5);
    CHECK(receive(stream, 15, "p").error().code == Errc::flow_control);
    CHECK(take(stream) == "fghijklmno");
    CHECK(stream.should_send_max_data());
    CHECK(receive(stream, 15, "", true).value() == 0);
    CHECK_FALSE(stream.should_send_max_data());  // there is nothing more to come
}

TEST_CASE("a reset ends a stream wherever it is", "[rudp][receive_stream]") {
    SECTION("in the middle") {
        ReceiveStream stream{100};
        REQUIRE(receive(stream, 0, "abc"));
        REQUIRE(receive(stream, 5, "f"));
        CHECK(stream.reset({.stream = 0, .code = 42, .final_size = 20}).value() == 14);
        CHECK(stream.reset_code() == 42);
        CHECK(stream.is_complete());
        CHECK_FALSE(stream.at_end());
        CHECK(stream.readable().empty());
        CHECK(stream.held_bytes() == 0);
        CHECK_FALSE(stream.should_send_max_data());
        // What was on its way comes too late.
        CHECK(receive(stream, 3, "de").value() == 0);
        CHECK(stream.held_bytes() == 0);
        CHECK(receive(stream, 20, "x").error().code == Errc::final_size);
        CHECK(stream.reset({.stream = 0, .code = 43, .final_size = 20}).value() == 0);
        CHECK(stream.reset_code() == 42);
    }
    SECTION("when all has come: it can be read") {
        ReceiveStream stream{100};
        REQUIRE(receive(stream, 0, "abc", true));
        CHECK(stream.reset({.stream = 0, .code = 42, .final_size = 3}).value() == 0);
        CHECK_FALSE(stream.reset_code());
        CHECK(take(stream) == "abc");
        CHECK(stream.at_end());
    }
    SECTION("at what has come so far, with no end known: it is no whole stream") {
        ReceiveStream stream{100};
        REQUIRE(receive(stream, 0, "abc"));
        CHECK(stream.reset({.stream = 0, .code = 42, .final_size = 3}).value() == 0);
        CHECK(stream.reset_code() == 42);
        CHECK(stream.readable().empty());
        CHECK_FALSE(stream.at_end());
    }
    SECTION("when the end is known and bytes are missing") {
        ReceiveStream stream{100};
        REQUIRE(receive(stream, 3, "", true));
        CHECK(stream.reset({.stream = 0, .code = 42, .final_size = 3}).value() == 0);
        CHECK(stream.reset_code() == 42);
    }
}

TEST_CASE("frames may lie across blocks, in and out of order", "[rudp][receive_stream]") {
    ReceiveStream stream{8 * kBlock};
    const auto at = [&](std::uint64_t offset, std::size_t length) {
        const auto data = pattern(offset, length);
        REQUIRE(stream.receive({.stream = 0, .offset = offset, .data = data, .fin = false}));
    };
    at(kBlock - 10, 20);             // over the first border
    at(2 * kBlock - 1, kBlock + 2);  // a whole block and a byte at each side
    at(kBlock + 10, kBlock - 11);    // up to that
    CHECK(stream.readable().empty());
    at(0, kBlock - 10);
    std::uint64_t offset = 0;
    while (!stream.readable().empty()) {
        const auto run = stream.readable();
        CHECK((offset + run.size()) % kBlock <= 1);  // to the border of a block, or all there is
        for (const auto byte : run)
            REQUIRE(byte == pattern(offset++));
        stream.consume(run.size());
    }
    CHECK(offset == 3 * kBlock + 1);
}

TEST_CASE("memory follows what is held and not offsets", "[rudp][receive_stream]") {
    constexpr std::uint64_t kWindow = 64 * kBlock;
    ReceiveStream stream{kWindow};
    SECTION("one byte at each block takes the window and no more") {
        for (int round = 0; round < 3; ++round) {
            for (std::uint64_t block = 0; block < 64; ++block)
                REQUIRE(receive(stream, block * kBlock + 5, "x"));
            CHECK(stream.held_bytes() <= 64 * kBlockMemory);
        }
    }
    SECTION("a hole behind every byte takes no more") {
        for (std::uint64_t offset = 2 * kBlock; offset-- > 1; offset -= 1)
            REQUIRE(receive(stream, offset, "x"));
        CHECK(stream.held_bytes() <= 2 * kBlockMemory);
        CHECK(stream.readable().empty());
        REQUIRE(receive(stream, 0, "a"));
        CHECK(stream.readable().size() == 2);
    }
    SECTION("blocks are used again") {
        const auto data = pattern(0, 10'000);
        std::size_t most = 0;
        for (std::uint64_t offset = 0; offset < 100 * kWindow; offset += data.size()) {
            REQUIRE(stream.receive({.stream = 0, .offset = offset, .data = data, .fin = false}));
            most = std::max(most, stream.held_bytes());
            while (!stream.readable().empty())
                stream.consume(stream.readable().size());
        }
        CHECK(most <= 3 * kBlockMemory);
    }
    SECTION("after a backlog only some are kept") {
        const auto data = pattern(0, kBlock);
        for (std::uint64_t offset = 0; offset < kWindow; offset += kBlock)
            REQUIRE(stream.receive({.stream = 0, .offset = offset, .data = data, .fin = false}));
        CHECK(stream.held_bytes() >= kWindow);
        while (!stream.readable().empty())
            stream.consume(stream.readable().size());
        CHECK(stream.held_bytes() <= 16 * kBlockMemory);
    }
}

TEST_CASE("marks of a block do not outlive it", "[rudp][receive_stream]") {
    ReceiveStream stream{4 * kBlock};
    const auto block = pattern(0, kBlock);
    // The block is marked to its end, read, and used again for what lies two blocks further on.
    REQUIRE(stream.receive(
        {.stream = 0, .offset = 1, .data = BytesView{block}.subspan(1), .fin = false}));
    REQUIRE(stream.receive(
        {.stream = 0, .offset = 0, .data = BytesView{block}.first(1), .fin = false}));
    while (!stream.readable().empty())
        stream.consume(stream.readable().size());
    REQUIRE(receive(stream, kBlock + 10, "x"));
    REQUIRE(receive(stream, kBlock, "abc"));
    CHECK(as_text(stream.readable()) == "abc");
}
