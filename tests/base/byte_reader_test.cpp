#include "streamkit/base/byte_reader.hpp"

#include "streamkit/base/byte_writer.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using test::hex;

TEST_CASE("byte reader reads big-endian fields in order", "[base]") {
    const auto bytes = hex("01 0203 040506 0708090a 0b0c0d0e0f101112 aabb");
    ByteReader in{bytes};
    CHECK(in.u8() == 0x01);
    CHECK(in.u16() == 0x0203);
    CHECK(in.u24() == 0x040506);
    CHECK(in.u32() == 0x0708090a);
    CHECK(in.u64() == 0x0b0c0d0e0f101112);
    CHECK(in.remaining() == 2);
    CHECK(in.rest().size() == 2);
    CHECK(in.ok());
    CHECK(in.at_end());
}

TEST_CASE("byte reader sign-extends", "[base]") {
    const auto bytes = hex("fffffe 7fffff fffe fffffffe");
    ByteReader in{bytes};
    CHECK(in.i24() == -2);
    CHECK(in.i24() == 0x7fffff);
    CHECK(in.i16() == -2);
    CHECK(in.i32() == -2);
}

TEST_CASE("byte reader stays failed after a short read", "[base]") {
    const auto bytes = hex("01 02 03");
    ByteReader in{bytes};
    CHECK(in.u8() == 1);
    CHECK(in.u32() == 0);
    CHECK_FALSE(in.ok());
    CHECK(in.u8() == 0);  // two bytes are there, but the reader has failed
    CHECK(in.bytes(1).empty());
    CHECK(in.offset() == 1);
    CHECK(in.remaining() == 0);
}

TEST_CASE("byte reader survives a length that would overflow", "[base]") {
    const auto bytes = hex("01 02");
    ByteReader in{bytes};
    in.skip(1);
    CHECK(in.bytes(SIZE_MAX).empty());
    CHECK_FALSE(in.ok());
}

TEST_CASE("byte writer writes what byte reader reads", "[base]") {
    ByteWriter out;
    out.u8(1);
    out.u16(0x0203);
    out.u24(0x040506);
    out.u32(0x0708090a);
    out.u64(0x0b0c0d0e0f101112);
    out.i24(-2);
    out.f64(1.5);
    out.u32le(0x01020304);
    out.text("ab");
    out.zeros(2);
    CHECK(
        test::concat({out.view()}) ==
        hex("01 0203 040506 0708090a 0b0c0d0e0f101112 fffffe 3ff8000000000000 04030201 6162 0000"));
    out.patch_u32(0, 0xdeadbeef);
    ByteReader in{out.view()};
    CHECK(in.u32() == 0xdeadbeef);
    in.skip(14 + 3);
    CHECK(in.f64() == 1.5);
    CHECK(in.u32le() == 0x01020304);
    const auto bytes = out.take();
    CHECK(bytes.size() == 18 + 3 + 8 + 4 + 4);
    CHECK(out.size() == 0);
}
