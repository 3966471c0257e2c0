#include "streamkit/base/bit_reader.hpp"

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using test::hex;

TEST_CASE("bit reader reads most significant bits first", "[base]") {
    const auto bytes = hex("a5 0f");
    BitReader in{bytes};
    CHECK(in.u(4) == 0xa);
    CHECK(in.flag() == false);
    CHECK(in.u(3) == 5);
    CHECK(in.bit_offset() == 8);
    CHECK(in.u(0) == 0);
    CHECK(in.u(8) == 0x0f);
    CHECK(in.bits_left() == 0);
    CHECK(in.ok());
    CHECK(in.u(1) == 0);
    CHECK_FALSE(in.ok());
}

TEST_CASE("bit reader reads Exp-Golomb codes as table 9-2 of H.264 has them", "[base]") {
    // 1 | 010 | 011 | 00100 | 00101 | 00110 | 00111 | 0001000 -> 0 to 7
    const auto bytes = hex("a6 42 98 e2 00");
    BitReader in{bytes};
    for (std::uint32_t expected = 0; expected <= 7; ++expected)
        CHECK(in.ue() == expected);
    CHECK(in.ok());
}

TEST_CASE("bit reader maps signed Exp-Golomb codes", "[base]") {
    const auto bytes = hex("a6 42 98 e2 00");
    BitReader in{bytes};
    for (const std::int32_t expected : {0, 1, -1, 2, -2, 3, -3, 4})
        CHECK(in.se() == expected);
}

TEST_CASE("bit reader refuses an Exp-Golomb code of more than 31 leading zeros", "[base]") {
    const auto longest = hex("00000001 fffffffe");  // 31 zeros, 1, 31 ones
    BitReader in{longest};
    CHECK(in.ue() == 0xfffffffe);
    CHECK(in.ok());

    const auto too_long = hex("00000000 ffffffffff");
    BitReader bad{too_long};
    CHECK(bad.ue() == 0);
    CHECK_FALSE(bad.ok());

    const auto cut = hex("00");
    BitReader short_read{cut};
    CHECK(short_read.ue() == 0);
    CHECK_FALSE(short_read.ok());
}
