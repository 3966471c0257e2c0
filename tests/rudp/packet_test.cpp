#include "packet.hpp"

#include <functional>

#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp {
namespace {

using test::concat;
using test::every_truncation;
using test::hex;

constexpr ConnectionId kClientId = 0x0102030405060708;
constexpr ConnectionId kServerId = 0xa1a2a3a4a5a6a7a8;

Bytes padded(Bytes bytes, std::size_t size = kMinHelloBytes) {
    bytes.resize(size, 0);
    return bytes;
}

Bytes written(const PacketHeader& packet) {
    Bytes room(2000);
    SpanWriter out{room};
    if (const auto* hello = std::get_if<HelloPacket>(&packet)) write_hello(out, *hello);
    if (const auto* retry = std::get_if<RetryPacket>(&packet)) write_retry(out, *retry);
    if (const auto* reply = std::get_if<ReplyPacket>(&packet)) write_reply(out, *reply);
    if (const auto* versions = std::get_if<VersionsPacket>(&packet))
        write_versions(out, versions->destination);
    return {out.written().begin(), out.written().end()};
}

const Bytes kCookie = hex("c0 c1 c2");
const Bytes kNoise = hex("e0 e1 e2 e3");

struct Case {
    const char* name;
    Bytes bytes;
    PacketHeader packet;
    std::size_t fields;  // bytes up to the end of the last field
};

const Case kCases[] = {
    {"a first HELLO",
     padded(hex("81"                // HELLO
                "534b0001"          // version
                "0000000000000000"  // destination id: not known yet
                "0102030405060708"  // source id
                "00"                // no cookie
                "0004 e0e1e2e3"     // Noise message 1
                )),
     HelloPacket{.source = kClientId, .cookie = {}, .noise = kNoise}, 28},
    {"a HELLO with a cookie",
     padded(hex("81 534b0001 0000000000000000 0102030405060708"
                "03 c0c1c2"      // cookie
                "0004 e0e1e2e3"  // Noise message 1
                )),
     HelloPacket{.source = kClientId, .cookie = kCookie, .noise = kNoise}, 31},
    {"a RETRY",
     hex("82 534b0001"
         "0102030405060708"  // destination id: the client's
         "0000000000000000"  // no source id: there is no state yet
         "03 c0c1c2"         // cookie
         ),
     RetryPacket{.destination = kClientId, .cookie = kCookie}, 25},
    {"a REPLY",
     hex("83 534b0001"
         "0102030405060708"  // destination id
         "a1a2a3a4a5a6a7a8"  // source id
         "0004 e0e1e2e3"     // Noise message 2
         ),
     ReplyPacket{.destination = kClientId, .source = kServerId, .noise = kNoise}, 27},
    {"a VERSIONS",
     hex("84 00000000"       // of no version
         "0102030405060708"  // destination id
         "0000000000000000"  // no source id
         "01 534b0001"       // one version
         ),
     VersionsPacket{.destination = kClientId, .includes_ours = true}, 26},
};

TEST_CASE("handshake packets are written as laid out and read back", "[rudp][packet]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        CHECK(written(c.packet) == c.bytes);
        const auto packet = read_packet(c.bytes);
        REQUIRE(packet.has_value());
        CHECK(packet->index() == c.packet.index());
        CHECK(written(*packet) == c.bytes);
    }
}

TEST_CASE("handshake packets cut short are refused", "[rudp][packet]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const bool is_hello = std::holds_alternative<HelloPacket>(c.packet);
        every_truncation(c.bytes, [&](BytesView prefix) {
            const auto packet = read_packet(prefix);
            REQUIRE(!packet.has_value());
            CHECK(packet.error().code == (is_hello && prefix.size() >= kHandshakeHeaderBytes
                                              ? Errc::datagram_too_short
                                              : Errc::truncated));
        });
    }
}

TEST_CASE("a HELLO whose lengths run past the datagram is refused", "[rudp][packet]") {
    auto bytes = kCases[0].bytes;
    SECTION("its Noise message") {
        bytes[22] = 0x04;
        bytes[23] = 0xb0;  // 1200
        CHECK(read_packet(bytes).error() == Error{Errc::truncated, "HELLO", 24});
    }
    SECTION("its cookie") {
        bytes[21] = 65;
        CHECK(read_packet(bytes).error() ==
              Error{Errc::invalid_parameter, "HELLO: Cookie Length", 21});
    }
}

TEST_CASE("a HELLO may be longer than the least, and its padding is not looked at",
          "[rudp][packet]") {
    auto bytes = padded(kCases[0].bytes, 1472);
    bytes.back() = 0xff;
    const auto packet = read_packet(bytes);
    REQUIRE(packet.has_value());
    CHECK(written(*packet) == kCases[0].bytes);
}

TEST_CASE("a HELLO of another version asks for a list of versions", "[rudp][packet]") {
    auto bytes = kCases[0].bytes;
    bytes[4] = 0x02;
    bytes[21] = 0xff;  // what follows the ids is that version's own business
    const auto packet = read_packet(bytes);
    REQUIRE(packet.has_value());
    const auto* unknown = std::get_if<UnknownVersion>(&*packet);
    REQUIRE(unknown != nullptr);
    CHECK(unknown->source == kClientId);
    CHECK(unknown->version == 0x534b'0002);

    // The answer must not be larger than the question.
    bytes.resize(kMinHelloBytes - 1);
    CHECK(read_packet(bytes).error().code == Errc::datagram_too_short);
}

TEST_CASE("packets of another version are refused", "[rudp][packet]") {
    for (const auto& c : kCases) {
        if (std::holds_alternative<HelloPacket>(c.packet)) continue;
        INFO(c.name);
        auto bytes = c.bytes;
        bytes[4] ^= 0x10;
        const auto packet = read_packet(bytes);
        if (std::holds_alternative<VersionsPacket>(c.packet)) {
            CHECK(packet.has_value());  // it is the same in all versions
        } else {
            CHECK(packet.error() == Error{Errc::unknown_packet_type, "Version", 1});
        }
    }
}

TEST_CASE("a VERSIONS says whether ours is among them", "[rudp][packet]") {
    const auto header = hex("84 00000000 0102030405060708 0000000000000000");
    const auto includes_ours = [&](std::string_view list) {
        const auto packet = read_packet(concat({header, hex(list)}));
        REQUIRE(packet.has_value());
        return std::get<VersionsPacket>(*packet).includes_ours;
    };
    CHECK_FALSE(includes_ours("00"));
    CHECK_FALSE(includes_ours("01 534b0002"));
    CHECK(includes_ours("02 534b0002 534b0001"));
    CHECK_FALSE(includes_ours("01 534b0002 534b0001"));  // the second one is behind the list
}

TEST_CASE("a RETRY without a cookie, or with one too long, is refused", "[rudp][packet]") {
    auto bytes = hex("82 534b0001 0102030405060708 0000000000000000 00");
    CHECK(read_packet(bytes).error() == Error{Errc::invalid_parameter, "RETRY: Cookie Length", 21});
    bytes.back() = 65;
    bytes.resize(bytes.size() + 65);
    CHECK(read_packet(bytes).error() == Error{Errc::invalid_parameter, "RETRY: Cookie Length", 21});
    bytes[21] = 64;
    CHECK(read_packet(bytes).has_value());
}

TEST_CASE("first bytes that stand for nothing are refused", "[rudp][packet]") {
    CHECK(read_packet({}).error() == Error{Errc::truncated, "first byte", 0});
    for (unsigned first = 0; first < 256; ++first) {
        auto bytes = kCases[0].bytes;
        bytes[0] = static_cast<std::uint8_t>(first);
        const bool known = (first & 0xc0) == 0x40 || (first >= 0x81 && first <= 0x84);
        INFO("first byte " << first);
        const auto packet = read_packet(bytes);
        if (known) {
            // As another type these bytes may be wrong, but not for their type.
            CHECK((packet || packet.error().code != Errc::unknown_packet_type));
        } else {
            CHECK(packet.error() == Error{Errc::unknown_packet_type, "Type", 0});
        }
    }
}

TEST_CASE("a short header gives away its connection id and nothing else", "[rudp][packet]") {
    const auto bytes =
        hex("7f"                // short, the six bits masked
            "a1a2a3a4a5a6a7a8"  // destination id
            "99999999"          // packet number, masked
        );
    const auto packet = read_packet(bytes);
    REQUIRE(packet.has_value());
    CHECK(std::get<ShortPacket>(*packet).destination == kServerId);
    every_truncation(bytes, [](BytesView prefix) {
        CHECK(read_packet(prefix).error().code == Errc::truncated);
    });
}

TEST_CASE("a packet number is the one nearest to the next expected", "[rudp][packet]") {
    struct NumberCase {
        const char* name;
        std::uint32_t truncated;
        std::uint64_t next_expected;
        std::uint64_t number;
    };
    constexpr std::uint64_t k32 = std::uint64_t{1} << 32;
    constexpr std::uint64_t kHalf = k32 / 2;
    const NumberCase cases[] = {
        {"the first", 0, 0, 0},
        {"in order", 7, 7, 7},
        {"late", 3, 7, 3},
        {"never below zero", 0xffff'ffff, 7, 0xffff'ffff},
        {"RFC 9000, A.3, in 32 bits", 0xa82f'9b32, 0xa82f'30eb, 0xa82f'9b32},
        {"across 2^32, upwards", 5, k32 - 10, k32 + 5},
        {"across 2^32, downwards", 0xffff'fffa, k32 + 5, k32 - 6},
        {"half a window ahead", static_cast<std::uint32_t>(kHalf), k32, k32 + kHalf},
        {"one more is behind", static_cast<std::uint32_t>(kHalf + 1), k32, kHalf + 1},
        {"half a window behind is ahead", 0, k32 + kHalf, 2 * k32},
        {"the largest", 0xffff'ffff, kMaxPacketNumber, kMaxPacketNumber},
        {"at 2^62 - 10", 0xffff'fff6, kMaxPacketNumber - 9, kMaxPacketNumber - 9},
        {"never above the largest", 5, kMaxPacketNumber - 9, kMaxPacketNumber - k32 + 6},
        {"after the largest", 0, kMaxPacketNumber + 1, kMaxPacketNumber + 1 - k32},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(expand_packet_number(c.truncated, c.next_expected) == c.number);
    }
}

TEST_CASE("varints take one, two, four or eight bytes", "[rudp][packet]") {
    struct VarintCase {
        std::uint64_t value;
        Bytes bytes;
    };
    const VarintCase cases[] = {
        // RFC 9000, A.1
        {37, hex("25")},
        {15'293, hex("7bbd")},
        {494'878'333, hex("9d7f3e7d")},
        {151'288'809'941'952'652, hex("c2197c5eff14e88c")},
        // The ends of each length.
        {0, hex("00")},
        {63, hex("3f")},
        {64, hex("4040")},
        {16'383, hex("7fff")},
        {16'384, hex("80004000")},
        {1'073'741'823, hex("bfffffff")},
        {1'073'741'824, hex("c000000040000000")},
        {kMaxVarint, hex("ffffffffffffffff")},
    };
    for (const auto& c : cases) {
        INFO(c.value);
        Bytes room(8);
        SpanWriter out{room};
        out.varint(c.value);
        CHECK(Bytes(out.written().begin(), out.written().end()) == c.bytes);
        CHECK(varint_size(c.value) == c.bytes.size());
        ByteReader in{c.bytes};
        CHECK(read_varint(in) == c.value);
        CHECK(in.at_end());
        every_truncation(c.bytes, [](BytesView prefix) {
            ByteReader cut{prefix};
            CHECK(read_varint(cut) == 0);
            CHECK_FALSE(cut.ok());
        });
    }
    // RFC 9000, A.1: 37 in two bytes.
    const auto long_form = hex("4025");
    ByteReader in{long_form};
    CHECK(read_varint(in) == 37);
}

}  // namespace
}  // namespace streamkit::rudp
