#include "streamkit/crypto/aead.hpp"

#include "streamkit/crypto/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::crypto;
using streamkit::test::hex;
using streamkit::test::text;

namespace {

struct Case {
    const char* name;
    AeadAlgorithm algorithm;
    Bytes key;
    Bytes nonce;
    Bytes associated_data;
    Bytes plaintext;
    Bytes sealed;  // ciphertext, then tag
};

const Bytes kGcmPlaintext =
    hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");

const Case kCases[] = {
    {"AES-128-GCM, nothing (GCM specification, test case 1)",
     AeadAlgorithm::aes_128_gcm,
     Bytes(16),
     Bytes(12),
     {},
     {},
     hex("58e2fccefa7e3061367f1d57a4e7455a")},
    {"AES-128-GCM (GCM specification, test case 4)", AeadAlgorithm::aes_128_gcm,
     hex("feffe9928665731c6d6a8f9467308308"), hex("cafebabefacedbaddecaf888"),
     hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"), kGcmPlaintext,
     hex("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
         "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
         "5bc94fbc3221a5db94fae95ae7121a47")},
    {"AES-256-GCM, nothing (GCM specification, test case 13)",
     AeadAlgorithm::aes_256_gcm,
     Bytes(32),
     Bytes(12),
     {},
     {},
     hex("530f8afbc74536b9a963b4f1c4cb738b")},
    {"AES-256-GCM (GCM specification, test case 16)", AeadAlgorithm::aes_256_gcm,
     hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
     hex("cafebabefacedbaddecaf888"), hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
     kGcmPlaintext,
     hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
         "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
         "76fc6ece0f4e1768cddf8853bb2d551b")},
    {"ChaCha20-Poly1305 (RFC 8439, 2.8.2)", AeadAlgorithm::chacha20_poly1305,
     hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
     hex("070000004041424344454647"), hex("50515253c0c1c2c3c4c5c6c7"),
     text("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
          "future, sunscreen would be it."),
     hex("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
         "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
         "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
         "3ff4def08e4b7a9de576d26586cec64b6116"
         "1ae10b594f09e26a7e902ecbd0600691")},
};

Error open_error(Aead& aead, BytesView nonce, BytesView associated_data, BytesView sealed) {
    Bytes out(sealed.size(), 0xee);
    const auto opened = aead.open(nonce, associated_data, sealed, out);
    REQUIRE_FALSE(opened);
    return opened.error();
}

}  // namespace

TEST_CASE("AEAD seals and opens the published vectors", "[crypto][aead]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        auto aead = Aead::make(c.algorithm, c.key);
        REQUIRE(aead);
        for (int round = 0; round < 2; ++round) {  // one object, both directions, more than once
            Bytes sealed(c.sealed.size());
            const auto sealed_size = aead->seal(c.nonce, c.associated_data, c.plaintext, sealed);
            REQUIRE(sealed_size);
            CHECK(*sealed_size == c.sealed.size());
            CHECK(sealed == c.sealed);

            Bytes plaintext(c.plaintext.size());
            const auto size = aead->open(c.nonce, c.associated_data, c.sealed, plaintext);
            REQUIRE(size);
            CHECK(*size == c.plaintext.size());
            CHECK(plaintext == c.plaintext);
        }
    }
}

TEST_CASE("AEAD works in place", "[crypto][aead]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        auto aead = Aead::make(c.algorithm, c.key);
        REQUIRE(aead);
        Bytes packet = c.plaintext;
        packet.resize(c.sealed.size());
        REQUIRE(aead->seal(c.nonce, c.associated_data, BytesView{packet}.first(c.plaintext.size()),
                           packet));
        CHECK(packet == c.sealed);
        REQUIRE(aead->open(c.nonce, c.associated_data, packet, packet));
        packet.resize(c.plaintext.size());
        CHECK(packet == c.plaintext);
    }
}

TEST_CASE("AEAD does not open what was changed, wherever it was", "[crypto][aead]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        auto aead = Aead::make(c.algorithm, c.key);
        REQUIRE(aead);
        for (std::size_t i = 0; i < c.sealed.size(); ++i) {
            auto changed = c.sealed;
            changed[i] ^= 0x01;
            CHECK(open_error(*aead, c.nonce, c.associated_data, changed).code == Errc::wrong_tag);
        }
        test::every_truncation(c.sealed, [&](BytesView prefix) {
            CHECK(open_error(*aead, c.nonce, c.associated_data, prefix).code == Errc::wrong_tag);
        });
        auto nonce = c.nonce;
        nonce[0] ^= 0x80;
        CHECK(open_error(*aead, nonce, c.associated_data, c.sealed).code == Errc::wrong_tag);
        CHECK(open_error(*aead, c.nonce, text("other"), c.sealed).code == Errc::wrong_tag);

        auto other_key = c.key;
        other_key.back() ^= 0x01;
        auto other = Aead::make(c.algorithm, other_key);
        REQUIRE(other);
        CHECK(open_error(*other, c.nonce, c.associated_data, c.sealed).code == Errc::wrong_tag);

        Bytes plaintext(c.plaintext.size());  // and nothing of that harms the object
        REQUIRE(aead->open(c.nonce, c.associated_data, c.sealed, plaintext));
        CHECK(plaintext == c.plaintext);
    }
}

TEST_CASE("AEAD gives nothing of a forged message away", "[crypto][aead]") {
    const auto& c = kCases[1];
    auto aead = Aead::make(c.algorithm, c.key);
    REQUIRE(aead);
    auto forged = c.sealed;
    forged.back() ^= 0x01;
    Bytes plaintext(c.plaintext.size(), 0xee);
    CHECK_FALSE(aead->open(c.nonce, c.associated_data, forged, plaintext));
    CHECK(plaintext == Bytes(c.plaintext.size()));
}

TEST_CASE("AEAD checks lengths", "[crypto][aead]") {
    for (const auto algorithm : {AeadAlgorithm::aes_128_gcm, AeadAlgorithm::aes_256_gcm,
                                 AeadAlgorithm::chacha20_poly1305}) {
        const auto size = aead_key_bytes(algorithm);
        for (const auto wrong : {std::size_t{0}, size - 1, size + 1, std::size_t{24}}) {
            const auto aead = Aead::make(algorithm, Bytes(wrong));
            REQUIRE_FALSE(aead);
            CHECK(aead.error().code == Errc::wrong_key_length);
        }
        auto aead = Aead::make(algorithm, Bytes(size));
        REQUIRE(aead);
        Bytes out(64);
        for (const std::size_t wrong : {0U, 11U, 13U}) {
            const auto sealed = aead->seal(Bytes(wrong), {}, Bytes(4), out);
            REQUIRE_FALSE(sealed);
            CHECK(sealed.error().code == Errc::wrong_nonce_length);
            CHECK(open_error(*aead, Bytes(wrong), {}, Bytes(20)).code == Errc::wrong_nonce_length);
        }
        const auto sealed = aead->seal(Bytes(12), {}, Bytes(4), std::span{out}.first(19));
        REQUIRE_FALSE(sealed);
        CHECK(sealed.error().code == Errc::output_too_short);
        const auto opened = aead->open(Bytes(12), {}, Bytes(20), std::span{out}.first(3));
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == Errc::output_too_short);
    }
}
