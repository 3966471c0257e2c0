#include "packet_protection.hpp"

#include <algorithm>
#include <vector>

#include "streamkit/base/random.hpp"
#include "streamkit/crypto/aead.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp {
namespace {

using test::concat;
using test::hex;
using test::text;

constexpr ConnectionId kId = 0x0102030405060708;

noise::Key key_of(std::uint8_t first) {
    Bytes bytes(32);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(first + i);
    return noise::Key::copy_of(bytes).value();
}

/// The two sides of one connection.
struct Pair {
    explicit Pair(Protection protection = Protection::aes_256_gcm,
                  std::uint64_t packets_per_key = PacketProtection::kPacketsPerKey)
        : client({key_of(0), key_of(100), {}}, protection, packets_per_key),
          server({key_of(100), key_of(0), {}}, protection, packets_per_key) {}

    PacketProtection client;
    PacketProtection server;
};

Bytes sealed(PacketProtection& from, std::uint64_t number, BytesView frames) {
    Bytes packet(kShortHeaderBytes);
    packet.insert(packet.end(), frames.begin(), frames.end());
    packet.resize(packet.size() + from.tag_bytes());
    from.seal(kId, number, packet);
    return packet;
}

struct Opened {
    std::uint64_t number;
    Bytes frames;
    friend bool operator==(const Opened&, const Opened&) = default;
};

Result<Opened> open(PacketProtection& by, Bytes packet, std::uint64_t next_expected) {
    const auto opened = by.open(packet, next_expected);
    if (!opened) return opened.error();
    // The frames stay where they were.
    CHECK(opened->frames.data() == packet.data() + kShortHeaderBytes);
    return Opened{opened->packet_number, {opened->frames.begin(), opened->frames.end()}};
}

void check_open(PacketProtection& by, const Bytes& packet, std::uint64_t number, BytesView frames) {
    const auto opened = open(by, packet, number);
    REQUIRE(opened);
    CHECK(opened->number == number);
    CHECK(std::ranges::equal(opened->frames, frames));
}

std::error_code open_error(PacketProtection& by, const Bytes& packet, std::uint64_t next) {
    const auto opened = open(by, packet, next);
    REQUIRE_FALSE(opened);
    return opened.error().code;
}

const Bytes kFrames = text("frames of a packet");

}  // namespace

TEST_CASE("packet protection opens what it sealed, both ways", "[rudp][protection]") {
    for (const auto protection : {Protection::aes_256_gcm, Protection::plaintext}) {
        Pair pair{protection};
        for (std::uint64_t number = 0; number < 5; ++number) {
            for (const std::size_t size : {0U, 1U, 4U, 100U, 1400U, 9000U}) {
                const Bytes frames(size, static_cast<std::uint8_t>(size + number));
                const auto packet = sealed(pair.client, number, frames);
                CHECK(packet.size() == size + pair.client.overhead());
                check_open(pair.server, packet, number, frames);
                check_open(pair.client, sealed(pair.server, number, frames), number, frames);
            }
        }
    }
    CHECK(Pair{}.client.overhead() == kShortHeaderBytes + kTagBytes);
    CHECK(Pair{}.client.tag_bytes() == 16);
    CHECK(Pair{Protection::plaintext}.client.overhead() == kShortHeaderBytes);
    CHECK(Pair{Protection::plaintext}.client.tag_bytes() == 0);
}

TEST_CASE("packet protection writes the packets of its description", "[rudp][protection]") {
    // What another implementation needs: every step once more, by hand.
    Pair pair;
    const auto packet = sealed(pair.client, 0x1'2345'6789, kFrames);

    const auto header =
        hex("40"                // short form, phase 0
            "0102030405060708"  // destination
            "23456789");        // the low half of the packet number
    const auto nonce =
        hex("00000000"            // Noise, 12.4
            "0000000123456789");  // all of the packet number
    auto aead = crypto::Aead::make(crypto::AeadAlgorithm::aes_256_gcm, key_of(0)).value();
    Bytes rest(kFrames.size() + kTagBytes);
    REQUIRE(aead.seal(nonce, header, kFrames, rest));

    CHECK(std::ranges::equal(BytesView{packet}.subspan(kShortHeaderBytes), rest));
    CHECK((packet[0] & 0xc0) == 0x40);  // what is needed to tell the packet's kind stays
    CHECK(std::ranges::equal(BytesView{packet}.subspan(1, 8), BytesView{header}.subspan(1, 8)));
    CHECK_FALSE(std::ranges::equal(BytesView{packet}.subspan(9, 4), BytesView{header}.subspan(9)));
    // Mask and all, as computed by an implementation in another language; the mask's key is
    // HKDF-Expand(key, "streamkit rudp header mask", 32).
    CHECK(packet == hex("600102030405060708 22a18423"
                        "29d580b762e609eb34ed0f9fc5c0a566b208"
                        "8257b694045c2c3d30b00b771c020749"));
}

TEST_CASE("packet protection leaves packets in the clear where both asked for it",
          "[rudp][protection]") {
    Pair pair{Protection::plaintext};
    CHECK(sealed(pair.client, 0x1'2345'6789, hex("aabb")) == hex("40"                // short form
                                                                 "0102030405060708"  // destination
                                                                 "23456789"          // number
                                                                 "aabb"));           // frames
    CHECK_FALSE(pair.client.update_key());
    CHECK(pair.client.phase() == 0);
    CHECK_FALSE(pair.client.key_is_used_up());
}

TEST_CASE("packet protection gives equal frames different bytes", "[rudp][protection]") {
    Pair pair;
    const auto first = sealed(pair.client, 1, kFrames);
    const auto second = sealed(pair.client, 2, kFrames);
    const auto other_way = sealed(pair.server, 1, kFrames);
    for (std::size_t i = kShortHeaderBytes; i + 8 <= first.size(); i += 8) {
        const auto part = [&](const Bytes& packet) { return BytesView{packet}.subspan(i, 8); };
        CHECK_FALSE(std::ranges::equal(part(first), part(second)));
        CHECK_FALSE(std::ranges::equal(part(first), part(other_way)));
    }
}

TEST_CASE("packet protection expands numbers around the places where fields wrap",
          "[rudp][protection]") {
    const std::uint64_t starts[] = {(std::uint64_t{1} << 32) - 10, (std::uint64_t{1} << 31) - 10,
                                    (std::uint64_t{1} << 62) - 10};
    for (const auto protection : {Protection::aes_256_gcm, Protection::plaintext}) {
        for (const auto start : starts) {
            Pair pair{protection};
            std::vector<Bytes> packets;
            const auto end = std::min(start + 20, kMaxPacketNumber + 1);
            for (auto number = start; number < end; ++number)
                packets.push_back(sealed(pair.client, number, kFrames));
            for (auto number = start; number < end; ++number) {
                const auto& packet = packets[static_cast<std::size_t>(number - start)];
                for (const auto next : {start, number, number + 1, end}) {
                    const auto opened = open(pair.server, packet, next);
                    REQUIRE(opened);
                    CHECK(*opened == Opened{number, kFrames});
                }
            }
        }
    }
}

TEST_CASE("packet protection opens no packet under another number", "[rudp][protection]") {
    // The number is 64 bits long in the nonce: the same low half in another epoch is another nonce.
    Pair pair;
    const auto packet = sealed(pair.client, 7, kFrames);
    CHECK(open_error(pair.server, packet, std::uint64_t{1} << 32) == Errc::not_authentic);
    check_open(pair.server, packet, 7, kFrames);
}

TEST_CASE("packet protection refuses a packet with any bit flipped", "[rudp][protection]") {
    Pair pair;
    const auto packet = sealed(pair.client, 3, kFrames);
    for (std::size_t i = 0; i < packet.size(); ++i) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            auto changed = packet;
            changed[i] = static_cast<std::uint8_t>(changed[i] ^ 1U << bit);
            INFO("byte " << i << ", bit " << bit);
            CHECK(open_error(pair.server, changed, 3) == Errc::not_authentic);
        }
    }
    check_open(pair.server, packet, 3, kFrames);
    CHECK(pair.server.phase() == 0);
}

TEST_CASE("packet protection refuses truncated and lengthened packets", "[rudp][protection]") {
    for (const auto protection : {Protection::aes_256_gcm, Protection::plaintext}) {
        Pair pair{protection};
        const auto packet = sealed(pair.client, 3, kFrames);
        test::every_truncation(packet, [&](BytesView prefix) {
            const Bytes shorter{prefix.begin(), prefix.end()};
            if (prefix.size() < pair.server.overhead()) {
                CHECK(open_error(pair.server, shorter, 3) == Errc::datagram_too_short);
            } else if (protection == Protection::aes_256_gcm) {
                CHECK(open_error(pair.server, shorter, 3) == Errc::not_authentic);
            } else {
                CHECK(open(pair.server, shorter, 3));  // nothing protects the length there
            }
        });
    }
    Pair pair;
    CHECK(open_error(pair.server, concat({sealed(pair.client, 3, kFrames), Bytes(1)}), 3) ==
          Errc::not_authentic);
}

TEST_CASE("packet protection refuses a packet that is sent back to its sender",
          "[rudp][protection][attack]") {
    Pair pair;
    CHECK(open_error(pair.client, sealed(pair.client, 0, kFrames), 0) == Errc::not_authentic);
}

TEST_CASE("packet protection refuses packets of another connection", "[rudp][protection][attack]") {
    Pair pair;
    PacketProtection other{{key_of(1), key_of(2), {}}, Protection::aes_256_gcm};
    CHECK(open_error(pair.server, sealed(other, 0, kFrames), 0) == Errc::not_authentic);

    auto moved = sealed(pair.client, 0, kFrames);  // the id is authenticated too
    moved[8] ^= 0x01;
    CHECK(open_error(pair.server, moved, 0) == Errc::not_authentic);
    Pair plaintext{Protection::plaintext};
    CHECK(open_error(pair.server, sealed(plaintext.client, 0, Bytes(100)), 0) ==
          Errc::not_authentic);
}

TEST_CASE("packet protection leaves the last bytes of what it cannot open", "[rudp][protection]") {
    // A stateless reset is recognised there, after the attempt to open it. RFC 9000, 10.3.1.
    Pair pair;
    const auto token = reset_token(text("secret"), kId);
    auto reset = concat({hex("40"), Bytes(40, 0x55), token});
    REQUIRE_FALSE(pair.server.open(reset, 0));
    CHECK(std::ranges::equal(BytesView{reset}.last(token.size()), token));
}

TEST_CASE("packet protection changes keys when one side says so", "[rudp][protection][rekey]") {
    Pair pair;
    check_open(pair.server, sealed(pair.client, 0, kFrames), 0, kFrames);
    REQUIRE(pair.client.update_key());
    CHECK(pair.client.phase() == 1);
    CHECK(pair.server.phase() == 0);
    CHECK_FALSE(pair.client.update_key());  // the server has not followed yet

    check_open(pair.client, sealed(pair.server, 0, kFrames), 0, kFrames);  // still the old key
    CHECK_FALSE(pair.client.update_key());

    check_open(pair.server, sealed(pair.client, 1, kFrames), 1, kFrames);
    CHECK(pair.server.phase() == 1);  // followed
    CHECK_FALSE(pair.server.update_key());
    check_open(pair.client, sealed(pair.server, 1, kFrames), 1, kFrames);
    CHECK(pair.client.phase() == 1);
    pair.client.on_acknowledged(0);  // of the phase before
    CHECK_FALSE(pair.client.update_key());

    pair.server.on_acknowledged(1);
    REQUIRE(pair.server.update_key());  // the other one may say so as well
    pair.server.on_acknowledged(1);     // late
    CHECK_FALSE(pair.server.update_key());
    check_open(pair.client, sealed(pair.server, 2, kFrames), 2, kFrames);
    check_open(pair.server, sealed(pair.client, 2, kFrames), 2, kFrames);
    CHECK(pair.client.phase() == 2);
    CHECK(pair.server.phase() == 2);
}

TEST_CASE("packet protection changes keys again and again", "[rudp][protection][rekey]") {
    Pair pair;
    for (std::uint64_t number = 0; number < 50; ++number) {
        auto& one = number % 3 == 0 ? pair.server : pair.client;
        auto& other = number % 3 == 0 ? pair.client : pair.server;
        REQUIRE(one.update_key());
        check_open(other, sealed(one, number, kFrames), number, kFrames);
        check_open(one, sealed(other, number, kFrames), number, kFrames);
        one.on_acknowledged(number);
        other.on_acknowledged(number);
        CHECK(one.phase() == number + 1);
        CHECK(other.phase() == number + 1);
    }
}

TEST_CASE("packet protection survives that both sides change keys at once",
          "[rudp][protection][rekey]") {
    Pair pair;
    REQUIRE(pair.client.update_key());
    REQUIRE(pair.server.update_key());
    const auto from_client = sealed(pair.client, 0, kFrames);
    const auto from_server = sealed(pair.server, 0, kFrames);
    check_open(pair.server, from_client, 0, kFrames);
    check_open(pair.client, from_server, 0, kFrames);
    CHECK(pair.client.phase() == 1);  // the same change, not two
    CHECK(pair.server.phase() == 1);
    pair.client.on_acknowledged(0);
    REQUIRE(pair.client.update_key());
    check_open(pair.server, sealed(pair.client, 1, kFrames), 1, kFrames);
    CHECK(pair.server.phase() == 2);
}

TEST_CASE("packet protection lets the peer miss no phase", "[rudp][protection][rekey]") {
    // There is one bit for all phases: with a change too many the peer would try the wrong key for
    // good. Both change by themselves, and what the client sends under its new key is lost.
    Pair pair;
    REQUIRE(pair.client.update_key());
    REQUIRE(pair.server.update_key());
    static_cast<void>(sealed(pair.client, 0, kFrames));
    check_open(pair.client, sealed(pair.server, 0, kFrames), 0, kFrames);
    CHECK_FALSE(pair.client.update_key());
    check_open(pair.server, sealed(pair.client, 1, kFrames), 1, kFrames);
    pair.client.on_acknowledged(1);
    CHECK(pair.client.update_key());

    // And the same where one follows the other and nothing of that arrives.
    Pair other;
    REQUIRE(other.client.update_key());
    check_open(other.server, sealed(other.client, 0, kFrames), 0, kFrames);
    CHECK(other.server.phase() == 1);
    static_cast<void>(sealed(other.server, 0, kFrames));
    CHECK_FALSE(other.server.update_key());
}

TEST_CASE("packet protection opens packets that a key change has overtaken",
          "[rudp][protection][rekey]") {
    Pair pair;
    // Phase 0: 0 to 3, phase 1: 4 to 7, phase 2: 8 to 11, all sealed before one arrives out of order.
    std::vector<Bytes> packets;
    for (std::uint64_t number = 0; number < 12; ++number) {
        if (number == 4) REQUIRE(pair.client.update_key());
        if (number == 8) {
            check_open(pair.server, packets[6], 6, kFrames);
            check_open(pair.client, sealed(pair.server, 0, kFrames), 0, kFrames);
            pair.client.on_acknowledged(6);
            REQUIRE(pair.client.update_key());
        }
        packets.push_back(sealed(pair.client, number, kFrames));
    }
    check_open(pair.server, packets[2], 2, kFrames);  // the phase before
    check_open(pair.server, packets[7], 7, kFrames);
    check_open(pair.server, packets[4], 4, kFrames);  // this phase, below what came first
    check_open(pair.server, packets[3], 3, kFrames);
    check_open(pair.server, packets[10], 10, kFrames);  // the next, with the same bit as before
    CHECK(pair.server.phase() == 2);
    check_open(pair.server, packets[5], 5, kFrames);
    check_open(pair.server, packets[8], 8, kFrames);
    check_open(pair.server, packets[9], 9, kFrames);
    // Two phases ago: its key is gone, and its bit is that of the current one.
    CHECK(open_error(pair.server, packets[1], 11) == Errc::not_authentic);
    check_open(pair.server, packets[11], 11, kFrames);
    CHECK(pair.server.phase() == 2);
}

TEST_CASE("packet protection is not moved by a forged phase bit",
          "[rudp][protection][rekey][attack]") {
    constexpr std::uint8_t kPhaseBit = 0x20;
    Pair pair;
    for (std::uint64_t number = 0; number < 6; ++number) {
        if (number == 3) {  // and the same with a phase before
            REQUIRE(pair.client.update_key());
            check_open(pair.server, sealed(pair.client, 100, kFrames), 100, kFrames);
        }
        const auto from = number < 3 ? number : number + 100;
        const auto packet = sealed(pair.client, from, kFrames);
        const auto phase = pair.server.phase();
        for (int round = 0; round < 10; ++round) {
            auto forged = packet;
            forged[0] ^= kPhaseBit;
            CHECK(open_error(pair.server, forged, from) == Errc::not_authentic);
        }
        CHECK(pair.server.phase() == phase);
        check_open(pair.server, packet, from, kFrames);
    }
}

TEST_CASE("packet protection keeps in step over a path that reorders, loses and forges",
          "[rudp][protection][rekey][attack]") {
    const auto seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{41}));
    INFO("seed " << seed);
    SeededRandom random{seed};

    struct Flying {
        std::uint64_t number;
        std::uint64_t phase;
        Bytes bytes;
        std::optional<std::uint64_t> acknowledges;
    };
    struct Side {
        PacketProtection protection;
        std::uint64_t next_number;
        std::uint64_t next_expected;
        std::uint64_t phase_seen = 0;
        std::optional<std::uint64_t> largest_received{};
        std::vector<Flying> flying{};  // from this side
    };
    const auto start = (std::uint64_t{1} << 32) - 100;
    Pair pair;
    Side sides[] = {{std::move(pair.client), start, start}, {std::move(pair.server), start, start}};
    for (int step = 0; step < 1000; ++step) {
        auto& from = sides[random.below(2)];
        auto& to = &from == &sides[0] ? sides[1] : sides[0];
        if (random.below(20) == 0) from.protection.update_key();
        const auto bytes = sealed(from.protection, from.next_number, kFrames);
        from.flying.push_back(
            {from.next_number, from.protection.phase(), bytes, from.largest_received});
        from.next_number += 1 + random.below(2);
        if (random.below(3) == 0) continue;

        const auto arrives =
            from.flying.begin() + static_cast<std::ptrdiff_t>(random.below(from.flying.size()));
        const auto packet = *arrives;
        from.flying.erase(arrives);
        if (random.below(10) == 0) continue;  // lost
        if (random.below(5) == 0) {
            auto forged = packet.bytes;
            const auto at = static_cast<std::size_t>(random.below(forged.size()));
            forged[at] = static_cast<std::uint8_t>(forged[at] ^ 1U << random.below(8));
            CHECK(open_error(to.protection, forged, to.next_expected) == Errc::not_authentic);
        }
        if (packet.phase + 2 <= to.phase_seen) {  // two changes have overtaken it: its key is gone
            CHECK(open_error(to.protection, packet.bytes, to.next_expected) == Errc::not_authentic);
            continue;
        }
        const auto opened = open(to.protection, packet.bytes, to.next_expected);
        REQUIRE(opened);
        CHECK(*opened == Opened{packet.number, kFrames});
        to.next_expected = std::max(to.next_expected, packet.number + 1);
        to.largest_received = to.next_expected - 1;
        if (packet.acknowledges) to.protection.on_acknowledged(*packet.acknowledges);
        to.phase_seen = std::max(to.phase_seen, packet.phase);
        CHECK(to.protection.phase() >= to.phase_seen);  // followed
    }
    CHECK(sides[0].protection.phase() > 5);
}

TEST_CASE("packet protection says when a key is used up", "[rudp][protection][rekey]") {
    Pair pair{Protection::aes_256_gcm, 3};
    for (std::uint64_t number = 0; number < 3; ++number) {
        CHECK_FALSE(pair.client.key_is_used_up());
        check_open(pair.server, sealed(pair.client, number, kFrames), number, kFrames);
    }
    CHECK(pair.client.key_is_used_up());
    CHECK_FALSE(pair.server.key_is_used_up());  // it has sent nothing
    REQUIRE(pair.client.update_key());
    CHECK_FALSE(pair.client.key_is_used_up());

    for (std::uint64_t number = 0; number < 3; ++number)
        static_cast<void>(sealed(pair.server, number, kFrames));
    CHECK(pair.server.key_is_used_up());
    check_open(pair.server, sealed(pair.client, 3, kFrames), 3, kFrames);
    CHECK_FALSE(pair.server.key_is_used_up());  // followed, so it has a new one too
}

TEST_CASE("packet protection can be moved", "[rudp][protection]") {
    Pair pair;
    auto client = std::move(pair.client);
    pair.client = PacketProtection{{key_of(9), key_of(9), {}}, Protection::plaintext};
    check_open(pair.server, sealed(client, 0, kFrames), 0, kFrames);
}

TEST_CASE("reset tokens depend on the secret and on the id", "[rudp][reset]") {
    const auto token = reset_token(text("secret"), kId);
    CHECK(reset_token(text("secret"), kId) == token);
    CHECK(reset_token(text("secret"), kId + 1) != token);
    CHECK(reset_token(text("Secret"), kId) != token);
}

}  // namespace streamkit::rudp
