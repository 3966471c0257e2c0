#include "streamkit/base/shared_buffer.hpp"

#include <stdexcept>
#include <thread>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using test::hex;

TEST_CASE("slices share the block and outlive the buffer they were cut from", "[base]") {
    SharedBuffer tail;
    {
        const auto whole = SharedBuffer::copy_of(hex("00 01 02 03 04"));
        tail = whole.slice(3);
        CHECK(tail.data() == whole.data() + 3);
    }
    CHECK(tail == SharedBuffer::take(hex("03 04")));
}

TEST_CASE("a slice is clamped to what is there", "[base]") {
    const auto buffer = SharedBuffer::copy_of(hex("00 01 02"));
    CHECK(buffer.slice(1, 100).size() == 2);
    CHECK(buffer.slice(3).empty());
    CHECK(buffer.slice(100, SIZE_MAX).empty());
    CHECK(buffer.slice(0, 0).empty());
}

TEST_CASE("taking a vector over copies nothing", "[base]") {
    auto bytes = hex("0102030405060708 0102030405060708 0102030405060708");
    const auto* address = bytes.data();
    const auto buffer = SharedBuffer::take(std::move(bytes));
    CHECK(buffer.data() == address);
    CHECK(SharedBuffer::take({}).empty());
}

TEST_CASE("static bytes are referred to", "[base]") {
    static constexpr std::uint8_t kBytes[] = {1, 2, 3};
    auto buffer = SharedBuffer::from_static(kBytes);
    const auto copy = buffer;
    buffer = {};
    CHECK(copy.data() == kBytes);
}

TEST_CASE("assignment to itself keeps the bytes", "[base]") {
    auto buffer = SharedBuffer::copy_of(hex("0102"));
    auto& alias = buffer;
    buffer = alias;
    CHECK(buffer.size() == 2);
}

TEST_CASE("a builder fills a block in pieces", "[base]") {
    BufferBuilder builder{6};
    builder.append(hex("0102"));
    auto free = builder.free_space();
    REQUIRE(free.size() == 4);
    free[0] = 3;
    builder.commit(1);
    CHECK(builder.size() == 3);
    CHECK(builder.finish() == SharedBuffer::copy_of(hex("010203")));
    CHECK(builder.capacity() == 0);
    CHECK(builder.free_space().empty());
    CHECK(builder.finish().empty());
}

TEST_CASE("an unfinished builder frees its block", "[base]") {
    BufferBuilder builder{100};
    builder = BufferBuilder{10};
    CHECK(builder.capacity() == 10);
}

TEST_CASE("threads may copy and drop slices of one block", "[base]") {
    const auto whole = SharedBuffer::copy_of(hex("00 01 02 03 04 05 06 07"));
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
        threads.emplace_back([slice = whole.slice(t)] {
            for (int i = 0; i < 1000; ++i) {
                const auto copy = slice;
                if (copy.size() != slice.size()) throw std::logic_error{"slice changed"};
            }
        });
    }
    threads.clear();
    CHECK(whole.size() == 8);
}
