#include "streamkit/base/varint.hpp"

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using streamkit::test::hex;

namespace {

const struct {
    const char* name;
    Bytes bytes;
    std::uint64_t value;
    bool shortest;
} kCases[] = {
    // RFC 9000, A.1
    {"eight bytes", hex("c2197c5eff14e88c"), 151'288'809'941'952'652, true},
    {"four bytes", hex("9d7f3e7d"), 494'878'333, true},
    {"two bytes", hex("7bbd"), 15'293, true},
    {"one byte", hex("25"), 37, true},
    {"one byte in two", hex("4025"), 37, false},
    {"nothing in eight", hex("c000000000000000"), 0, false},
    // where the lengths change
    {"last of one", hex("3f"), 0x3f, true},
    {"first of two", hex("4040"), 0x40, true},
    {"last of two", hex("7fff"), 0x3fff, true},
    {"first of four", hex("80004000"), 0x4000, true},
    {"last of four", hex("bfffffff"), 0x3fff'ffff, true},
    {"first of eight", hex("c000000040000000"), 0x4000'0000, true},
    {"largest", hex("ffffffffffffffff"), kMaxVarint, true},
};

}  // namespace

TEST_CASE("a varint is read and written as RFC 9000 shows it", "[base][varint]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        ByteReader in{c.bytes};
        CHECK(read_varint(in) == c.value);
        CHECK(in.ok());
        CHECK(in.at_end());
        ByteWriter out;
        write_varint(out, c.value);
        CHECK(out.size() == varint_size(c.value));
        if (c.shortest) CHECK(out.take() == c.bytes);
    }
}

TEST_CASE("a varint that is cut short reads as 0 and sticks", "[base][varint]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        test::every_truncation(c.bytes, [](BytesView prefix) {
            ByteReader in{prefix};
            CHECK(read_varint(in) == 0);
            CHECK_FALSE(in.ok());
        });
    }
}
