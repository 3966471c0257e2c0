#include "streamkit/crypto/sha256.hpp"

#include "streamkit/crypto/hkdf.hpp"
#include "streamkit/crypto/system_random.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::crypto;
using streamkit::test::hex;
using streamkit::test::text;

namespace {

Bytes bytes_of(const Sha256Digest& digest) { return {digest.begin(), digest.end()}; }

/// `first`, `first + 1`, … `last`.
Bytes count(std::uint8_t first, std::uint8_t last) {
    Bytes out;
    for (int i = first; i <= last; ++i)
        out.push_back(static_cast<std::uint8_t>(i));
    return out;
}

}  // namespace

TEST_CASE("SHA-256 gives the digests of FIPS 180, in one piece and in two", "[crypto][sha256]") {
    const struct {
        const char* name;
        Bytes message;
        Bytes digest;
    } cases[] = {
        {"nothing", {}, hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")},
        {"one block", text("abc"),
         hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")},
        {"two blocks", text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
         hex("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(bytes_of(sha256(c.message)) == c.digest);
        Sha256 hash;  // one object for all splits: finish() starts anew
        test::every_split(c.message, [&](BytesView first, BytesView second) {
            hash.update(first);
            hash.update(second);
            CHECK(bytes_of(hash.finish()) == c.digest);
        });
    }
}

TEST_CASE("a copy of a running SHA-256 goes on by itself", "[crypto][sha256]") {
    Sha256 hash;
    hash.update(as_bytes("a"));
    Sha256 copy{hash};
    Sha256 assigned;
    assigned.update(as_bytes("forgotten"));
    assigned = hash;
    hash.update(as_bytes("xx"));
    copy.update(as_bytes("bc"));
    assigned.update(as_bytes("bc"));
    CHECK(copy.finish() == sha256(as_bytes("abc")));
    CHECK(assigned.finish() == sha256(as_bytes("abc")));
    CHECK(hash.finish() == sha256(as_bytes("axx")));
}

TEST_CASE("HMAC-SHA-256 gives the codes of RFC 4231", "[crypto][hmac]") {
    const struct {
        const char* name;
        Bytes key;
        Bytes message;
        Bytes code;
    } cases[] = {
        {"test case 1", Bytes(20, 0x0b), text("Hi There"),
         hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")},
        {"test case 2, short key", text("Jefe"), text("what do ya want for nothing?"),
         hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")},
        {"test case 3", Bytes(20, 0xaa), Bytes(50, 0xdd),
         hex("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")},
        {"test case 4", count(0x01, 0x19), Bytes(50, 0xcd),
         hex("82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b")},
        {"test case 6, key longer than a block", Bytes(131, 0xaa),
         text("Test Using Larger Than Block-Size Key - Hash Key First"),
         hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")},
        {"no key, no message",
         {},
         {},
         hex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(bytes_of(hmac_sha256(c.key, c.message)) == c.code);
        HmacSha256 hmac{c.key};  // one object for all splits: finish() keeps the key
        test::every_split(c.message, [&](BytesView first, BytesView second) {
            hmac.update(first);
            hmac.update(second);
            CHECK(bytes_of(hmac.finish()) == c.code);
        });
    }
}

TEST_CASE("HKDF gives the keys of RFC 5869, appendix A", "[crypto][hkdf]") {
    const struct {
        const char* name;
        Bytes input_keying_material;
        Bytes salt;
        Bytes info;
        Bytes pseudorandom_key;
        Bytes output;
    } cases[] = {
        {"A.1", Bytes(22, 0x0b), count(0x00, 0x0c), count(0xf0, 0xf9),
         hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"),
         hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")},
        {"A.2, longer than a block", count(0x00, 0x4f), count(0x60, 0xaf), count(0xb0, 0xff),
         hex("06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244"),
         hex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
             "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
             "cc30c58179ec3e87c14c01d5c1f3434f1d87")},
        {"A.3, without salt and info",
         Bytes(22, 0x0b),
         {},
         {},
         hex("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"),
         hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const auto key = hkdf_extract(c.salt, c.input_keying_material);
        CHECK(Bytes{key.view().begin(), key.view().end()} == c.pseudorandom_key);
        Bytes output(c.output.size());
        CHECK(hkdf_expand(key, c.info, output));
        CHECK(output == c.output);
    }
}

TEST_CASE("HKDF-Expand refuses short keys and long outputs", "[crypto][hkdf]") {
    Bytes output(kMaxHkdfOutputBytes + 1, 0xee);
    const auto too_long = hkdf_expand(Bytes(32), {}, output);
    REQUIRE_FALSE(too_long);
    CHECK(too_long.error().code == Errc::output_too_long);
    const auto short_key = hkdf_expand(Bytes(31), {}, std::span{output}.first(1));
    REQUIRE_FALSE(short_key);
    CHECK(short_key.error().code == Errc::wrong_key_length);
    CHECK(output == Bytes(kMaxHkdfOutputBytes + 1, 0xee));
    CHECK(hkdf_expand(Bytes(32), {}, std::span{output}.first(kMaxHkdfOutputBytes)));
    CHECK(output.back() == 0xee);
}

TEST_CASE("comparing in constant time compares", "[crypto][secret]") {
    CHECK(equal_in_constant_time({}, {}));
    CHECK(equal_in_constant_time(hex("0102"), hex("0102")));
    CHECK_FALSE(equal_in_constant_time(hex("0102"), hex("0103")));
    CHECK_FALSE(equal_in_constant_time(hex("0102"), hex("010203")));
    CHECK_FALSE(equal_in_constant_time({}, hex("00")));
}

TEST_CASE("a secret has one length, and is gone when it is gone", "[crypto][secret]") {
    REQUIRE(Secret<4>::copy_of(hex("01020304")));
    CHECK(*Secret<4>::copy_of(hex("01020304")) == *Secret<4>::copy_of(hex("01020304")));
    CHECK_FALSE(*Secret<4>::copy_of(hex("01020304")) == *Secret<4>::copy_of(hex("01020305")));
    const auto wrong = Secret<4>::copy_of(hex("0102"));
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == Errc::wrong_key_length);

    // The storage outlives the object, so that it may be looked at.
    alignas(Secret<4>) std::array<std::uint8_t, sizeof(Secret<4>)> storage{};
    auto* secret = new (storage.data()) Secret<4>{*Secret<4>::copy_of(hex("01020304"))};
    CHECK(storage == std::array<std::uint8_t, 4>{1, 2, 3, 4});
    secret->~Secret<4>();
    CHECK(storage == std::array<std::uint8_t, 4>{});
}

TEST_CASE("system random bytes differ each time", "[crypto][random]") {
    SystemRandom random;
    random.fill({});
    Bytes a(32);
    Bytes b(32);
    random.fill(a);
    random.fill(b);
    CHECK(a != b);
    CHECK(a != Bytes(32));
}
