#include "galois.hpp"

#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::fec;

namespace {

/// Long multiplication, bit by bit, and long division by the polynomial: the definition.
std::uint8_t product(std::uint8_t a, std::uint8_t b) {
    unsigned sum = 0;
    for (unsigned bit = 0; bit < 8; ++bit) {
        if ((b >> bit & 1) != 0) sum ^= unsigned{a} << bit;
    }
    for (unsigned bit = 14; bit >= 8; --bit) {
        if ((sum >> bit & 1) != 0) sum ^= 0x11dU << (bit - 8);
    }
    return static_cast<std::uint8_t>(sum);
}

template <class F>
void for_all_bytes(F f) {
    for (unsigned i = 0; i < 256; ++i)
        f(static_cast<std::uint8_t>(i));
}

}  // namespace

TEST_CASE("GF(2^8) multiplies as polynomials do", "[fec][galois]") {
    bool all = true;
    for_all_bytes([&](std::uint8_t a) {
        for_all_bytes([&](std::uint8_t b) { all = all && multiply(a, b) == product(a, b); });
    });
    CHECK(all);
}

TEST_CASE("GF(2^8) is a field", "[fec][galois]") {
    bool commutes = true;
    bool divides = true;
    bool associates = true;
    bool distributes = true;
    for_all_bytes([&](std::uint8_t a) {
        for_all_bytes([&](std::uint8_t b) {
            commutes = commutes && multiply(a, b) == multiply(b, a);
            if (b != 0) divides = divides && multiply(divide(a, b), b) == a;
            for (unsigned i = 0; i < 256; i += 5) {
                const auto c = static_cast<std::uint8_t>(i);
                associates =
                    associates && multiply(multiply(a, b), c) == multiply(a, multiply(b, c));
                distributes = distributes && multiply(a, static_cast<std::uint8_t>(b ^ c)) ==
                                                 (multiply(a, b) ^ multiply(a, c));
            }
        });
        CHECK(multiply(a, 1) == a);
        CHECK(multiply(a, 0) == 0);
        CHECK(divide(0, a == 0 ? std::uint8_t{1} : a) == 0);
    });
    CHECK(commutes);
    CHECK(divides);
    CHECK(associates);
    CHECK(distributes);
}

TEST_CASE("multiply_add adds the product of every byte", "[fec][galois]") {
    Bytes input(256 + 3);  // not a multiple of any vector
    for (std::size_t i = 0; i < input.size(); ++i)
        input[i] = static_cast<std::uint8_t>(i);
    for_all_bytes([&](std::uint8_t factor) {
        Bytes sum(input.size() + 1, 0xa5);
        multiply_add(factor, input, sum);
        bool all = sum.back() == 0xa5;
        for (std::size_t i = 0; i < input.size(); ++i)
            all = all && sum[i] == (0xa5 ^ product(factor, input[i]));
        CHECK(all);
    });
    Bytes nothing;
    multiply_add(2, {}, nothing);
}
