#include "streamkit/rtmp/handshake.hpp"

#include <algorithm>

#include "streamkit/crypto/sha256.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rtmp {
namespace {

using test::hex;

const Bytes kKeyTail = hex("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae");
const Bytes kServerKey = test::concat({as_bytes("Genuine Adobe Flash Media Server 001"), kKeyTail});

// C0 and C1 with time 0, version 9.0.124.2, and a pattern; signed where `position` says.
Bytes signed_c0_c1(std::size_t position, const Bytes& digest) {
    Bytes bytes = hex("03 00000000 09007c02");
    for (std::size_t i = 8; i < kHandshakeBytes; ++i)
        bytes.push_back(static_cast<std::uint8_t>(i * 7));
    std::ranges::copy(digest, bytes.begin() + 1 + static_cast<std::ptrdiff_t>(position));
    return bytes;
}

// Made with Python's hmac and hashlib: HMAC-SHA-256 under "Genuine Adobe Flash Player 001" over the
// 1504 bytes around the digest.
struct Signed {
    const char* name;
    std::size_t position;
    Bytes digest;
    std::size_t block;  // where the server's digest block begins
};
const Signed kSigned[] = {
    {"digest first", 278, hex("946f4f19deb3c79607c8992107201d6d62a44ab8cfaf5317601390a8efe3d44f"),
     8},
    {"key first", 930, hex("74eeec9b501667027a6c90300c8d37284e10994c072dc97f1f6edef681902a6a"),
     772},
};

Bytes simple_c0_c1() {
    Bytes bytes = hex("03 00000001 00000000");
    bytes.resize(1 + kHandshakeBytes, 0x5a);
    return bytes;
}

Result<void> feed(ServerHandshake& server, BytesView input) { return server.handle_input(input); }

TEST_CASE("the server answers a simple handshake with an echo", "[rtmp][handshake]") {
    SeededRandom random{1};
    ServerHandshake server{random};
    const auto c0_c1 = simple_c0_c1();
    REQUIRE(feed(server, c0_c1));
    const auto output = server.take_output();
    REQUIRE(output.size() == 1 + 2 * kHandshakeBytes);
    CHECK(output[0] == 3);                                                    // S0
    CHECK(Bytes(output.begin() + 5, output.begin() + 9) == hex("00000000"));  // S1: zero
    CHECK(std::equal(c0_c1.begin() + 1, c0_c1.end(), output.begin() + 1 + kHandshakeBytes));  // S2
    CHECK(server.kind() == HandshakeKind::simple);
    CHECK_FALSE(server.done());

    // C2, with early data behind it
    Bytes c2(kHandshakeBytes, 0);
    c2.push_back(0x42);
    BytesView input = c2;
    REQUIRE(server.handle_input(input));
    CHECK(server.done());
    REQUIRE(input.size() == 1);
    CHECK(input[0] == 0x42);
    CHECK(server.take_output().empty());
}

TEST_CASE("the server signs where the client signed", "[rtmp][handshake]") {
    for (const auto& c : kSigned) {
        INFO(c.name);
        SeededRandom random{2};
        ServerHandshake server{random};
        REQUIRE(feed(server, signed_c0_c1(c.position, c.digest)));
        CHECK(server.kind() == HandshakeKind::digest);
        const auto output = server.take_output();
        const auto s1 = BytesView{output}.subspan(1, kHandshakeBytes);
        const auto s2 = BytesView{output}.subspan(1 + kHandshakeBytes);

        std::size_t offset = 0;
        for (std::size_t i = 0; i < 4; ++i)
            offset += s1[c.block + i];
        const auto position = c.block + 4 + offset % 728;
        const auto around = test::concat({s1.first(position), s1.subspan(position + 32)});
        const auto s1_digest =
            crypto::hmac_sha256(as_bytes("Genuine Adobe Flash Media Server 001"), around);
        CHECK(std::ranges::equal(s1.subspan(position, 32), s1_digest));

        const auto key = crypto::hmac_sha256(kServerKey, c.digest);
        CHECK(std::ranges::equal(s2.last(32), crypto::hmac_sha256(key, s2.first(1504))));
    }
}

TEST_CASE("a version with a wrong digest gets a simple answer", "[rtmp][handshake]") {
    SeededRandom random{3};
    ServerHandshake server{random};
    REQUIRE(feed(server, signed_c0_c1(278, Bytes(32, 0))));
    CHECK(server.kind() == HandshakeKind::simple);
}

TEST_CASE("client and server complete each kind of handshake in pieces of any size",
          "[rtmp][handshake]") {
    for (const auto kind : {HandshakeKind::simple, HandshakeKind::digest}) {
        for (const std::size_t piece : {1UL, 2UL, 700UL, 1536UL, 1537UL, 5000UL}) {
            SeededRandom client_random{4};
            SeededRandom server_random{5};
            ClientHandshake client{kind, client_random};
            ServerHandshake server{server_random};
            for (int round = 0; round < 3; ++round) {
                test::in_pieces(client.take_output(), piece,
                                [&](BytesView bytes) { REQUIRE(server.handle_input(bytes)); });
                test::in_pieces(server.take_output(), piece,
                                [&](BytesView bytes) { REQUIRE(client.handle_input(bytes)); });
            }
            CHECK(client.done());
            CHECK(server.done());
            CHECK(client.kind() == kind);
            CHECK(server.kind() == kind);
        }
    }
}

TEST_CASE("C0 and C1 may be cut anywhere", "[rtmp][handshake]") {
    const auto whole = signed_c0_c1(kSigned[0].position, kSigned[0].digest);
    SeededRandom expected_random{6};
    ServerHandshake expected{expected_random};
    REQUIRE(feed(expected, whole));
    const auto output = expected.take_output();
    test::every_split(whole, [&](BytesView first, BytesView second) {
        SeededRandom random{6};
        ServerHandshake server{random};
        REQUIRE(server.handle_input(first));
        REQUIRE(server.handle_input(second));
        CHECK(server.take_output() == output);
    });
}

TEST_CASE("what is not RTMP is named as soon as the bytes show it", "[rtmp][handshake]") {
    struct Case {
        const char* name;
        Bytes bytes;
        Errc errc;
        std::size_t needed;
    };
    const Case cases[] = {
        {"version 2", hex("02"), Errc::unsupported_version, 1},
        {"RTMPE", hex("06"), Errc::unsupported_version, 1},
        {"garbage", hex("ff00ff"), Errc::unsupported_version, 1},
        {"letters that are no method", test::text("GOT IT"), Errc::unsupported_version, 2},
        {"HTTP GET", test::text("GET / HTTP/1.1\r\n"), Errc::http_request, 4},
        {"HTTP POST, as RTMPT begins", test::text("POST /open/1 HTTP/1.1\r\n"), Errc::http_request,
         5},
        {"HTTP/2", test::text("PRI * HTTP/2.0\r\n"), Errc::http_request, 4},
        {"TLS ClientHello", hex("16 0301 0200 01"), Errc::tls_client_hello, 2},
        {"0x16 and something else", hex("16 07"), Errc::unsupported_version, 2},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        for (std::size_t size = 1; size <= c.bytes.size(); ++size) {
            SeededRandom random{7};
            ServerHandshake server{random};
            const auto result = feed(server, BytesView{c.bytes}.first(size));
            CHECK(result.has_value() == (size < c.needed));
            if (!result) CHECK(result.error().code == c.errc);
            CHECK(server.take_output().empty());
        }
    }
}

TEST_CASE("the client refuses another version, and does without a digest", "[rtmp][handshake]") {
    SeededRandom random{8};
    ClientHandshake client{HandshakeKind::digest, random};
    const auto output = client.take_output();
    CHECK(output.size() == 1 + kHandshakeBytes);
    CHECK(output[5] >= 9);  // Flash Player 9
    const auto http = test::text("HTTP/1.1 400 Bad Request");
    BytesView input = http;
    CHECK(client.handle_input(input).error().code == Errc::unsupported_version);

    ClientHandshake fallback{HandshakeKind::digest, random};
    const auto c0_c1 = fallback.take_output();
    const auto s0_s1_s2 = test::concat({simple_c0_c1(), BytesView{c0_c1}.subspan(1)});
    input = s0_s1_s2;
    REQUIRE(fallback.handle_input(input));
    CHECK(fallback.done());
    CHECK(fallback.kind() == HandshakeKind::simple);
    const auto c2 = fallback.take_output();
    CHECK(std::equal(c2.begin(), c2.end(), s0_s1_s2.begin() + 1));  // echoes S1
}

}  // namespace
}  // namespace streamkit::rtmp
