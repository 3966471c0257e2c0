#include "streamkit/noise/handshake.hpp"

#include <algorithm>
#include <vector>

#include "streamkit/crypto/aead.hpp"
#include "streamkit/crypto/errc.hpp"
#include "streamkit/crypto/header_mask.hpp"
#include "streamkit/noise/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::noise;
using crypto::X25519PrivateKey;
using streamkit::test::concat;
using streamkit::test::hex;
using streamkit::test::text;

namespace {

/// Gives out the ephemeral key of a vector.
class FixedRandom final : public RandomSource {
public:
    explicit FixedRandom(Bytes bytes) : bytes_(std::move(bytes)) {}
    void fill(std::span<std::uint8_t> out) override {
        REQUIRE(out.size() <= bytes_.size());
        std::copy_n(bytes_.begin(), out.size(), out.begin());
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(out.size()));
    }

private:
    Bytes bytes_;
};

struct Message {
    Bytes payload;
    Bytes ciphertext;
};
struct Vector {
    const char* name;
    Pattern pattern;
    Bytes prologue;
    Bytes handshake_hash;
    std::vector<Message> messages;  // both of the handshake, then transport from each side in turn
};

// What all these vectors share.
const Bytes kInitiatorEphemeral =
    hex("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a");
const Bytes kResponderEphemeral =
    hex("bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b");
const Bytes kResponderStatic =
    hex("4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893");
const Bytes kResponderStaticPublic =
    hex("31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62");
const Bytes kPreSharedKey = text("This is my Austrian perspective!");
const Bytes kPrologue = text("John Galt");
const Bytes kBawerk = hex("457567656e2042f6686d20766f6e2042617765726b");  // "… Böhm …" in Latin-1

// From noise-c and from cacophony. The field handshake_hash of cacophony's file is not the final hash
// (in that of NX it is the one after the first message), so here stands what an implementation in
// another language gives, which also gives that of noise-c.
const Vector kVectors[] = {
    {"Noise_NX_25519_AESGCM_SHA256, noise-c-basic.txt",
     Pattern::nx,
     text("Prologue123"),
     hex("dbf2a72799be434236169225fe41e5c948a1986ca8bd6f8dcb8b09ba3ed071f0"),
     {{text("Ludwig von Mises"),
       hex("ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"  // e
           "4c756477696720766f6e204d69736573")},                               // in the clear
      {text("Murray Rothbard"),
       hex("95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"  // e
           "5783d9758cb7e00c45a7d00ddc333aae968443c64f650b54a2ea7e0c1b67c275"  // s
           "e12409fe8353d802edb79c7fde0f0bf8"                                  // its tag
           "a3d5a445439da611c7a5697b6e6d48"                                    // payload
           "94c4d15b1245c11d08000a8ab6bd4142")},                               // its tag
      {text("F. A. Hayek"), hex("019b4087a1fa140e05486824cbdf79ef1744271ffd2124feb93d97")},
      {text("Carl Menger"), hex("c8f304c719ab66533a42878b47b23dc8dfc839b962c675ef2bd383")},
      {text("Jean-Baptiste Say"),
       hex("e9c0a2537d92e85b88fe153d731f7590b8d112e75e465aeaf91339d68392ed7fcb")},
      {kBawerk,
       hex("1a882961b52d92829830cfa356571bc32efb9075c43c7e87940464c939755bc9637253e7e7")}}},
    {"Noise_NX_25519_AESGCM_SHA256, cacophony.txt",
     Pattern::nx,
     kPrologue,
     hex("3011330d120f21c20d157acf436e8ae24828bee5376bc97108575beb04563b45"),
     {{text("Ludwig von Mises"),
       hex("ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
           "4c756477696720766f6e204d69736573")},
      {text("Murray Rothbard"),
       hex("95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"
           "5783d9758cb7e00c45a7d00ddc333aae968443c64f650b54a2ea7e0c1b67c275"
           "53968441fb058c1e460d676214dfbca9"
           "a3d5a445439da611c7a5697b6e6d48"
           "8332952854c05202c76277d5e02b374d")},
      {text("F. A. Hayek"), hex("019b4087a1fa140e05486824cbdf79ef1744271ffd2124feb93d97")},
      {text("Carl Menger"), hex("c8f304c719ab66533a42878b47b23dc8dfc839b962c675ef2bd383")},
      {text("Jean-Baptiste Say"),
       hex("e9c0a2537d92e85b88fe153d731f7590b8d112e75e465aeaf91339d68392ed7fcb")},
      {kBawerk,
       hex("1a882961b52d92829830cfa356571bc32efb9075c43c7e87940464c939755bc9637253e7e7")}}},
    {"Noise_NXpsk2_25519_AESGCM_SHA256, cacophony.txt",
     Pattern::nx_psk2,
     kPrologue,
     hex("6ef73347bebab85e878242e7b4a676d34b65220433390ba98d42a8582394555a"),
     {{text("Ludwig von Mises"),
       hex("ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"  // e
           "8da639414f1397d0a9b4de9041dfe4f8"                                  // payload
           "4677c14edd70d74ca2c709fb2ecccf1b")},                               // its tag
      {text("Murray Rothbard"),
       hex("95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"
           "79278d04dbdaac95ff474e037d154f596e6b8938a2bb168eae8f4c400775bcaa"
           "387db2024de5b84acc757efa7cbbe09b"
           "3e45b906d604ba12d429c6feeb6880"
           "5ad3f3ba63b497e00c5dbde503895b32")},
      {text("F. A. Hayek"), hex("d6d7efe94b120390659088ffb3dd52f6e95595ff8e63a6c2967352")},
      {text("Carl Menger"), hex("ff2d445912b3b5138390e107c900cb8ae9d3ddcafadd9ad392b184")},
      {text("Jean-Baptiste Say"),
       hex("3e7fac1c064db05b3906482eac6373e2b96395cf499b7b6c225926aa1afa5c45f2")},
      {kBawerk,
       hex("be0c69adb2b61dd20a40284b3117a30d2502236483a546d47a684b69a8003db6655f25f573")}}},
};

HandshakeConfig config_of(Pattern pattern, Role role, BytesView pre_shared_key = kPreSharedKey,
                          BytesView prologue = kPrologue) {
    HandshakeConfig config;
    config.pattern = pattern;
    config.role = role;
    config.prologue = prologue;
    if (role == Role::responder) {
        config.static_key = X25519PrivateKey::from(kResponderStatic).value();
    }
    if (pattern == Pattern::nx_psk2) {
        config.pre_shared_key = Key::copy_of(pre_shared_key).value();
    }
    return config;
}

/// Both sides of the published handshake.
struct Pair {
    FixedRandom initiator_random{kInitiatorEphemeral};
    FixedRandom responder_random{kResponderEphemeral};
    Handshake initiator;
    Handshake responder;

    explicit Pair(Pattern pattern, BytesView initiators_secret = kPreSharedKey,
                  BytesView prologue = kPrologue)
        : initiator(
              Handshake::make(config_of(pattern, Role::initiator, initiators_secret, prologue),
                              initiator_random)
                  .value()),
          responder(Handshake::make(config_of(pattern, Role::responder, kPreSharedKey, prologue),
                                    responder_random)
                        .value()) {}

    /// The responder's message to an initiator that has written the first.
    Bytes second_message(BytesView payload) {
        const auto first = initiator.write_message({});
        REQUIRE(first);
        REQUIRE(responder.read_message(*first));
        return responder.write_message(payload).value();
    }
};

Bytes seal_transport(const Key& key, std::uint8_t nonce, BytesView plaintext) {
    auto aead = crypto::Aead::make(crypto::AeadAlgorithm::aes_256_gcm, key).value();
    Bytes nonce_bytes(12);
    nonce_bytes.back() = nonce;
    Bytes sealed(plaintext.size() + crypto::kAeadTagBytes);
    REQUIRE(aead.seal(nonce_bytes, {}, plaintext, sealed));
    return sealed;
}

std::error_code read_error(Handshake& handshake, BytesView message) {
    const auto payload = handshake.read_message(message);
    REQUIRE_FALSE(payload);
    return payload.error().code;
}

constexpr Pattern kPatterns[] = {Pattern::nx, Pattern::nx_psk2};

}  // namespace

TEST_CASE("Noise handshakes give the published messages, keys and hash", "[noise]") {
    for (const auto& v : kVectors) {
        INFO(v.name);
        Pair pair{v.pattern, kPreSharedKey, v.prologue};

        const auto first = pair.initiator.write_message(v.messages[0].payload);
        REQUIRE(first);
        CHECK(*first == v.messages[0].ciphertext);
        const auto first_payload = pair.responder.read_message(*first);
        REQUIRE(first_payload);
        CHECK(*first_payload == v.messages[0].payload);
        CHECK_FALSE(pair.initiator.remote_static_key());

        const auto second = pair.responder.write_message(v.messages[1].payload);
        REQUIRE(second);
        CHECK(*second == v.messages[1].ciphertext);
        CHECK(pair.responder.finished());
        CHECK_FALSE(pair.initiator.finished());
        const auto second_payload = pair.initiator.read_message(*second);
        REQUIRE(second_payload);
        CHECK(*second_payload == v.messages[1].payload);
        CHECK(pair.initiator.finished());

        REQUIRE(pair.initiator.remote_static_key());
        CHECK(std::ranges::equal(*pair.initiator.remote_static_key(), kResponderStaticPublic));
        CHECK_FALSE(pair.responder.remote_static_key());  // the initiator has none

        const auto initiator = pair.initiator.split();
        const auto responder = pair.responder.split();
        REQUIRE(initiator);
        REQUIRE(responder);
        CHECK(std::ranges::equal(initiator->handshake_hash, v.handshake_hash));
        CHECK(initiator->handshake_hash == responder->handshake_hash);
        CHECK(initiator->send == responder->receive);
        CHECK(initiator->receive == responder->send);
        for (std::size_t i = 2; i < v.messages.size(); ++i) {
            const auto& key = i % 2 == 0 ? initiator->send : responder->send;
            const auto nonce = static_cast<std::uint8_t>((i - 2) / 2);
            CHECK(seal_transport(key, nonce, v.messages[i].payload) == v.messages[i].ciphertext);
        }
    }
}

TEST_CASE("Noise messages have the documented overhead", "[noise]") {
    for (const auto pattern : kPatterns) {
        for (const std::size_t size : {0U, 1U, 1000U}) {
            Pair pair{pattern};
            const auto first = pair.initiator.write_message(Bytes(size));
            REQUIRE(first);
            CHECK(first->size() == size + message_overhead(pattern, 1));
            REQUIRE(pair.responder.read_message(*first));
            const auto second = pair.responder.write_message(Bytes(size));
            REQUIRE(second);
            CHECK(second->size() == size + message_overhead(pattern, 2));
            CHECK(pair.initiator.read_message(*second).value() == Bytes(size));
        }
    }
    CHECK(message_overhead(Pattern::nx, 1) == 32);
    CHECK(message_overhead(Pattern::nx_psk2, 1) == 48);
    CHECK(message_overhead(Pattern::nx, 2) == 96);
    CHECK(message_overhead(Pattern::nx_psk2, 2) == 96);
}

TEST_CASE("Noise messages are at most 65535 bytes long", "[noise]") {
    for (const auto pattern : kPatterns) {
        Pair pair{pattern};
        const auto room = kMaxMessageBytes - message_overhead(pattern, 1);
        const auto too_long = pair.initiator.write_message(Bytes(room + 1));
        REQUIRE_FALSE(too_long);
        CHECK(too_long.error().code == Errc::message_too_long);

        const auto first = pair.initiator.write_message(Bytes(room));
        REQUIRE(first);
        CHECK(first->size() == kMaxMessageBytes);
        CHECK(read_error(pair.responder, Bytes(kMaxMessageBytes + 1)) == Errc::message_too_long);
        CHECK(pair.responder.read_message(*first).value().size() == room);
    }
}

TEST_CASE("Noise refuses messages out of turn, and goes on", "[noise]") {
    for (const auto pattern : kPatterns) {
        Pair pair{pattern};
        CHECK(pair.responder.write_message({}).error().code == Errc::out_of_turn);
        CHECK(read_error(pair.initiator, Bytes(200)) == Errc::out_of_turn);
        CHECK(pair.initiator.split().error().code == Errc::out_of_turn);

        const auto first = pair.initiator.write_message({});
        REQUIRE(first);
        CHECK(pair.initiator.write_message({}).error().code == Errc::out_of_turn);
        REQUIRE(pair.responder.read_message(*first));
        CHECK(read_error(pair.responder, *first) == Errc::out_of_turn);  // replayed
        CHECK(pair.responder.split().error().code == Errc::out_of_turn);

        const auto second = pair.responder.write_message({});
        REQUIRE(second);
        CHECK(pair.responder.write_message({}).error().code == Errc::out_of_turn);
        REQUIRE(pair.initiator.read_message(*second));
        CHECK(read_error(pair.initiator, *second) == Errc::out_of_turn);
        CHECK(read_error(pair.responder, *first) == Errc::out_of_turn);
        CHECK(pair.initiator.write_message({}).error().code == Errc::out_of_turn);
        CHECK(pair.initiator.split().value().send == pair.responder.split().value().receive);
    }
}

TEST_CASE("Noise refuses truncated messages, and still takes the whole one", "[noise]") {
    for (const auto pattern : kPatterns) {
        Pair pair{pattern};
        const auto check = [&](Handshake& reader, BytesView message, int number) {
            const auto keys = message_overhead(pattern, number);
            test::every_truncation(message, [&](BytesView prefix) {
                if (pattern == Pattern::nx && number == 1 && prefix.size() >= keys) return;
                CHECK(read_error(reader, prefix) ==
                      (prefix.size() < keys ? Errc::truncated_message : Errc::wrong_key));
            });
            CHECK(reader.read_message(message).value() == text("payload"));
        };
        const auto first = pair.initiator.write_message(text("payload"));
        REQUIRE(first);
        check(pair.responder, *first, 1);
        const auto second = pair.responder.write_message(text("payload"));
        REQUIRE(second);
        check(pair.initiator, *second, 2);
        CHECK(pair.initiator.split().value().send == pair.responder.split().value().receive);
    }
}

TEST_CASE("Noise initiator refuses a second message changed at any byte, then takes the true one",
          "[noise]") {
    for (const auto pattern : kPatterns) {
        Pair pair{pattern};
        const auto second = pair.second_message(text("welcome"));
        for (std::size_t i = 0; i < second.size(); ++i) {
            auto changed = second;
            // The highest bit of a public key is not used (RFC 7748, 5), but all of it is hashed.
            changed[i] ^= i % 2 == 0 ? std::uint8_t{0x80} : std::uint8_t{0x01};
            INFO("byte " << i);
            CHECK(read_error(pair.initiator, changed) == Errc::wrong_key);
            CHECK_FALSE(pair.initiator.finished());
            CHECK_FALSE(pair.initiator.remote_static_key());
        }
        CHECK(read_error(pair.initiator, concat({second, Bytes(1)})) == Errc::wrong_key);
        CHECK(pair.initiator.read_message(second).value() == text("welcome"));
    }
}

TEST_CASE("Noise NXpsk2 responder refuses a first message changed at any byte", "[noise]") {
    Pair pair{Pattern::nx_psk2};
    const auto first = pair.initiator.write_message(text("hello")).value();
    for (std::size_t i = 0; i < first.size(); ++i) {
        auto changed = first;
        changed[i] ^= 0x01;
        CHECK(read_error(pair.responder, changed) == Errc::wrong_key);
    }
    CHECK(pair.responder.read_message(first).value() == text("hello"));
}

TEST_CASE("Noise NX detects a first message that was changed when the second comes", "[noise]") {
    for (std::size_t i = 0; i < 32 + 5; ++i) {  // the key and the payload
        Pair pair{Pattern::nx};
        auto first = pair.initiator.write_message(text("hello")).value();
        first[i] ^= 0x01;
        REQUIRE(pair.responder.read_message(first));
        const auto second = pair.responder.write_message({});
        REQUIRE(second);
        CHECK(read_error(pair.initiator, *second) == Errc::wrong_key);
    }
}

TEST_CASE("Noise needs the same prologue, pattern and secret on both sides", "[noise]") {
    SECTION("prologue") {
        FixedRandom random{kInitiatorEphemeral};
        auto config = config_of(Pattern::nx, Role::initiator);
        const auto other = text("Jane Galt");
        config.prologue = other;
        auto initiator = Handshake::make(config, random).value();
        Pair pair{Pattern::nx};
        REQUIRE(pair.responder.read_message(initiator.write_message({}).value()));
        CHECK(read_error(initiator, pair.responder.write_message({}).value()) == Errc::wrong_key);
    }
    SECTION("pre-shared key") {
        auto other = kPreSharedKey;
        other.back() ^= 0x01;
        Pair pair{Pattern::nx_psk2, other};
        CHECK(read_error(pair.initiator, pair.second_message(text("welcome"))) == Errc::wrong_key);
        // The initiator learns whose key it is only from a message that is authentic.
        CHECK_FALSE(pair.initiator.remote_static_key());
    }
    SECTION("pattern") {
        Pair with{Pattern::nx_psk2};
        Pair without{Pattern::nx};
        CHECK(read_error(with.responder, without.initiator.write_message(Bytes(16)).value()) ==
              Errc::wrong_key);
    }
}

TEST_CASE("Noise NXpsk2 shows the wrong secret in the second message, not in the first",
          "[noise]") {
    // Noise, 9.3: the key of the first message comes from its own public key. Nobody needs the secret
    // to read it or to write it, so a responder must not believe who sent it before a transport
    // message comes, and a first payload is no place for secrets.
    Pair pair{Pattern::nx_psk2, Bytes(32)};
    const auto first = pair.initiator.write_message(text("request"));
    REQUIRE(first);
    CHECK(pair.responder.read_message(*first).value() == text("request"));
    const auto second = pair.responder.write_message({});
    REQUIRE(second);
    CHECK(read_error(pair.initiator, *second) == Errc::wrong_key);
}

TEST_CASE("Noise needs the keys of its pattern", "[noise]") {
    FixedRandom random{{}};
    auto responder = config_of(Pattern::nx, Role::responder);
    responder.static_key.reset();
    CHECK(Handshake::make(responder, random).error().code == Errc::missing_key);
    for (const auto role : {Role::initiator, Role::responder}) {
        auto config = config_of(Pattern::nx_psk2, role);
        config.pre_shared_key.reset();
        CHECK(Handshake::make(config, random).error().code == Errc::missing_key);
    }
}

TEST_CASE("Noise refuses public keys that give everyone the same secret", "[noise]") {
    const Bytes kLowOrder[] = {
        Bytes(32),                                                                // 0
        hex("0100000000000000000000000000000000000000000000000000000000000000"),  // 1
        hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),  // order 8
    };
    for (const auto& point : kLowOrder) {
        Pair pair{Pattern::nx};
        REQUIRE(pair.responder.read_message(point));
        const auto second = pair.responder.write_message(text("secret"));
        REQUIRE_FALSE(second);
        CHECK(second.error().code == crypto::Errc::low_order_point);
        CHECK_FALSE(pair.responder.finished());
        CHECK(pair.responder.write_message({}).error().code == Errc::out_of_turn);
        CHECK(pair.responder.split().error().code == Errc::out_of_turn);

        Pair other{Pattern::nx};
        auto message = other.second_message({});
        std::ranges::copy(point, message.begin());
        CHECK(read_error(other.initiator, message) == crypto::Errc::low_order_point);
        CHECK_FALSE(other.initiator.finished());
    }
}

TEST_CASE("Noise gives every answer to a replayed first message new keys", "[noise]") {
    // RFC 9001, 9.2: a replayed first flight must not lead to anything the first one led to.
    Pair pair{Pattern::nx};
    const auto first = pair.initiator.write_message({}).value();
    REQUIRE(pair.responder.read_message(first));
    const auto answer = pair.responder.write_message({}).value();

    SeededRandom random{1};
    auto again = Handshake::make(config_of(Pattern::nx, Role::responder), random).value();
    REQUIRE(again.read_message(first));
    const auto second_answer = again.write_message({}).value();
    CHECK(second_answer != answer);
    CHECK_FALSE(again.split().value().send == pair.responder.split().value().send);
    CHECK_FALSE(again.split().value().receive == pair.responder.split().value().receive);
    CHECK(again.split().value().handshake_hash != pair.responder.split().value().handshake_hash);
}

TEST_CASE("Noise takes no answer that was meant for another first message", "[noise]") {
    for (const auto pattern : kPatterns) {
        Pair pair{pattern};
        const auto answer = pair.second_message({});
        SeededRandom random{2};
        auto other = Handshake::make(config_of(pattern, Role::initiator), random).value();
        REQUIRE(other.write_message({}));
        CHECK(read_error(other, answer) == Errc::wrong_key);
    }
}

TEST_CASE("Noise handshakes can be moved between their messages", "[noise]") {
    Pair pair{Pattern::nx};
    const auto first = pair.initiator.write_message({}).value();
    REQUIRE(pair.responder.read_message(first));
    auto initiator = std::move(pair.initiator);
    auto responder = std::move(pair.responder);
    REQUIRE(initiator.read_message(responder.write_message({}).value()));
    CHECK(initiator.split().value().send == responder.split().value().receive);
}

TEST_CASE("Noise rekeys with the key stream of the last nonce", "[noise]") {
    // GCM encrypts with counters from 2 on (SP 800-38D, 7.1), so ENCRYPT(k, 2^64 - 1, "", zeros) are
    // these two blocks.
    const auto key =
        Key::copy_of(hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"))
            .value();
    auto aes = crypto::HeaderMask::make(key).value();
    const auto low = hex("00000000 ffffffffffffffff 00000002");
    const auto high = hex("00000000 ffffffffffffffff 00000003");
    const auto first = aes.mask(BytesView{low}.first<16>());
    const auto second = aes.mask(BytesView{high}.first<16>());

    const auto next = rekey(key);
    CHECK(std::ranges::equal(next.view(), concat({first, second})));
    CHECK_FALSE(rekey(next) == next);
}
