#include "cookie.hpp"

#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow = TimePoint{} + 100h;
constexpr SocketAddress kClient{IpAddress::v4(0xc0000201), 4000};  // 192.0.2.1
constexpr ConnectionId kId = 0x0102030405060708;

struct Jar {
    SeededRandom random{1};
    CookieJar jar{random, 15s};
};

}  // namespace

TEST_CASE("cookie is valid for its lifetime", "[rudp][cookie]") {
    const Jar j;
    const auto cookie = j.jar.make(kClient, kId, kNow);
    CHECK(cookie.size() <= kMaxCookieBytes);
    for (const auto age : {0ms, 1ms, 14'999ms, 15'000ms})
        CHECK(j.jar.is_valid(cookie, kClient, kId, kNow + age));
    for (const auto age : {15'001ms, 3'600'000ms})
        CHECK_FALSE(j.jar.is_valid(cookie, kClient, kId, kNow + age));
    // From the future: not by a monotonic clock.
    CHECK_FALSE(j.jar.is_valid(cookie, kClient, kId, kNow - 1ms));
    CHECK_FALSE(j.jar.is_valid(cookie, kClient, kId, TimePoint{} - 1h));
}

TEST_CASE("cookie is valid for one address and one connection", "[rudp][cookie][attack]") {
    const Jar j;
    const auto cookie = j.jar.make(kClient, kId, kNow);
    auto other_port = kClient;
    ++other_port.port;
    auto other_ip = kClient;
    other_ip.ip.bytes[15] ^= 0x01;
    auto not_mapped = kClient;  // ::192.0.2.1 is not ::ffff:192.0.2.1
    not_mapped.ip.bytes[10] = not_mapped.ip.bytes[11] = 0;
    CHECK_FALSE(j.jar.is_valid(cookie, other_port, kId, kNow));
    CHECK_FALSE(j.jar.is_valid(cookie, other_ip, kId, kNow));
    CHECK_FALSE(j.jar.is_valid(cookie, not_mapped, kId, kNow));
    CHECK_FALSE(j.jar.is_valid(cookie, kClient, kId + 1, kNow));
    CHECK(j.jar.is_valid(cookie, kClient, kId, kNow));
}

TEST_CASE("cookie is valid for the endpoint that made it", "[rudp][cookie][attack]") {
    const Jar j;
    SeededRandom random{2};
    const CookieJar other{random, 15s};
    CHECK_FALSE(other.is_valid(j.jar.make(kClient, kId, kNow), kClient, kId, kNow));
}

TEST_CASE("cookie with any bit flipped is refused", "[rudp][cookie][attack]") {
    const Jar j;
    const auto cookie = j.jar.make(kClient, kId, kNow);
    for (std::size_t i = 0; i < cookie.size(); ++i) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            auto changed = cookie;
            changed[i] = static_cast<std::uint8_t>(changed[i] ^ 1U << bit);
            CHECK_FALSE(j.jar.is_valid(changed, kClient, kId, kNow));
        }
    }
}

TEST_CASE("cookie of another length is refused", "[rudp][cookie][attack]") {
    const Jar j;
    const auto cookie = j.jar.make(kClient, kId, kNow);
    test::every_truncation(
        cookie, [&](BytesView prefix) { CHECK_FALSE(j.jar.is_valid(prefix, kClient, kId, kNow)); });
    CHECK_FALSE(j.jar.is_valid(test::concat({cookie, Bytes(1)}), kClient, kId, kNow));
    CHECK_FALSE(j.jar.is_valid(Bytes(kMaxCookieBytes), kClient, kId, kNow));
    CHECK_FALSE(j.jar.is_valid(Bytes(cookie.size(), 0xff), kClient, kId, kNow));
}

TEST_CASE("cookie differs from one moment to the next", "[rudp][cookie]") {
    const Jar j;
    const auto cookie = j.jar.make(kClient, kId, kNow);
    CHECK(j.jar.make(kClient, kId, kNow) == cookie);  // no state
    CHECK(j.jar.make(kClient, kId, kNow + 1ms) != cookie);
}

}  // namespace streamkit::rudp
