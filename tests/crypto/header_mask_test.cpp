#include "streamkit/crypto/header_mask.hpp"

#include <algorithm>

#include "streamkit/crypto/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::crypto;
using streamkit::test::hex;

namespace {

struct Case {
    const char* name;
    Bytes key;
    Bytes sample;
    Bytes mask;
};

const Case kCases[] = {
    {"FIPS 197, C.3", hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
     hex("00112233445566778899aabbccddeeff"), hex("8ea2b7ca516745bfeafc49904b496089")},
    {"NIST SP 800-38A, F.1.5, block 1",
     hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
     hex("6bc1bee22e409f96e93d7e117393172a"), hex("f3eed1bdb5d2a03c064b5a7e3db181f8")},
    {"NIST SP 800-38A, F.1.5, block 2",
     hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
     hex("ae2d8a571e03ac9c9eb76fac45af8e51"), hex("591ccb10d410ed26dc5ba74a31362870")},
};

}  // namespace

TEST_CASE("header mask is one block of AES-256", "[crypto][header_mask]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        auto header_mask = HeaderMask::make(c.key);
        REQUIRE(header_mask);
        for (int round = 0; round < 3; ++round) {  // each block stands alone
            const auto mask = header_mask->mask(BytesView{c.sample}.first<16>());
            CHECK(std::ranges::equal(mask, c.mask));
        }
    }
}

TEST_CASE("header mask does not depend on the samples before", "[crypto][header_mask]") {
    auto one = HeaderMask::make(kCases[1].key);
    REQUIRE(one);
    const auto first = one->mask(BytesView{kCases[1].sample}.first<16>());
    const auto second = one->mask(BytesView{kCases[2].sample}.first<16>());
    CHECK(std::ranges::equal(first, kCases[1].mask));
    CHECK(std::ranges::equal(second, kCases[2].mask));

    auto moved = std::move(*one);
    CHECK(moved.mask(BytesView{kCases[1].sample}.first<16>()) == first);
}

TEST_CASE("header mask takes keys of 32 bytes only", "[crypto][header_mask]") {
    for (const std::size_t wrong : {0U, 16U, 24U, 31U, 33U, 64U}) {
        const auto header_mask = HeaderMask::make(Bytes(wrong));
        REQUIRE_FALSE(header_mask);
        CHECK(header_mask.error().code == Errc::wrong_key_length);
    }
}
