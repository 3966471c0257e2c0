#include "streamkit/crypto/ed25519.hpp"
#include "streamkit/crypto/x25519.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::crypto;
using streamkit::test::hex;

namespace {

template <std::size_t N>
std::array<std::uint8_t, N> array(BytesView bytes) {
    REQUIRE(bytes.size() == N);
    std::array<std::uint8_t, N> out;
    std::ranges::copy(bytes, out.begin());
    return out;
}

Bytes bytes_of(BytesView view) { return {view.begin(), view.end()}; }

}  // namespace

TEST_CASE("X25519 agrees as in RFC 7748, 6.1", "[crypto][x25519]") {
    const auto alice = X25519PrivateKey::from(
        hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
    const auto bob = X25519PrivateKey::from(
        hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
    REQUIRE(alice);
    REQUIRE(bob);
    CHECK(bytes_of(alice->public_key()) ==
          hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
    CHECK(bytes_of(bob->public_key()) ==
          hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));

    const auto shared = hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    const auto of_alice = alice->agree(bob->public_key());
    const auto of_bob = bob->agree(alice->public_key());
    REQUIRE(of_alice);
    REQUIRE(of_bob);
    CHECK(bytes_of(*of_alice) == shared);
    CHECK(bytes_of(*of_bob) == shared);
}

TEST_CASE("X25519 refuses points of low order", "[crypto][x25519]") {
    SeededRandom random{1};
    const auto key = X25519PrivateKey::generate(random);
    const Bytes points[] = {
        Bytes(32),                                                                // 0
        hex("0100000000000000000000000000000000000000000000000000000000000000"),  // 1
        hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),  // order 8
        hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),  // order 8
        hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  // p - 1
        hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  // p, so 0
        hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  // p + 1
    };
    for (const auto& point : points) {
        const auto shared = key.agree(array<32>(point));
        REQUIRE_FALSE(shared);
        CHECK(shared.error().code == Errc::low_order_point);
        CHECK(shared.error().code == Failure::malformed);
    }
}

TEST_CASE("X25519 keys are 32 bytes, from the source that is handed in", "[crypto][x25519]") {
    for (const std::size_t size : {0U, 31U, 33U}) {
        const auto key = X25519PrivateKey::from(Bytes(size, 1));
        REQUIRE_FALSE(key);
        CHECK(key.error().code == Errc::wrong_key_length);
    }
    SeededRandom one{7};
    SeededRandom same{7};
    const auto a = X25519PrivateKey::generate(one);
    CHECK(a.public_key() == X25519PrivateKey::generate(same).public_key());
    CHECK(a.public_key() != X25519PrivateKey::generate(one).public_key());
    CHECK(X25519PrivateKey::from(a.view())->public_key() == a.public_key());
}

TEST_CASE("Ed25519 signs and verifies as in RFC 8032, 7.1", "[crypto][ed25519]") {
    const struct {
        const char* name;
        Bytes seed;
        Bytes public_key;
        Bytes message;
        Bytes signature;
    } cases[] = {
        {"TEST 1, empty message",
         hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
         hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
         {},
         hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
             "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")},
        {"TEST 2, one byte",
         hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
         hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"), hex("72"),
         hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
             "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const auto key = Ed25519PrivateKey::from(c.seed);
        REQUIRE(key);
        CHECK(bytes_of(key->public_key()) == c.public_key);
        CHECK(bytes_of(key->sign(c.message)) == c.signature);

        const auto public_key = array<32>(c.public_key);
        const auto signature = array<64>(c.signature);
        CHECK(ed25519_verify(public_key, c.message, signature));

        for (std::size_t i = 0; i < signature.size(); ++i) {
            auto changed = signature;
            changed[i] ^= 0x01;
            const auto verified = ed25519_verify(public_key, c.message, changed);
            REQUIRE_FALSE(verified);
            CHECK(verified.error().code == Errc::wrong_signature);
        }
        CHECK_FALSE(ed25519_verify(public_key, hex("73"), signature));
    }
}

TEST_CASE("Ed25519 refuses keys of a wrong length and points off the curve", "[crypto][ed25519]") {
    for (const std::size_t size : {0U, 31U, 33U, 64U}) {
        const auto key = Ed25519PrivateKey::from(Bytes(size, 1));
        REQUIRE_FALSE(key);
        CHECK(key.error().code == Errc::wrong_key_length);
    }
    SeededRandom random{3};
    const auto key = Ed25519PrivateKey::generate(random);
    const auto signature = key.sign(as_bytes("message"));
    CHECK(ed25519_verify(key.public_key(), as_bytes("message"), signature));
    Ed25519PublicKey off_curve{};
    off_curve[0] = 2;  // no point has y = 2
    const auto verified = ed25519_verify(off_curve, as_bytes("message"), signature);
    REQUIRE_FALSE(verified);
    CHECK(verified.error().code == Errc::wrong_signature);
}
