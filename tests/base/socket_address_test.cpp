#include "streamkit/base/socket_address.hpp"

#include "support/catch.hpp"

namespace streamkit {
namespace {

IpAddress v6(std::initializer_list<unsigned> groups) {
    IpAddress out;
    std::size_t at = 0;
    for (const auto group : groups) {
        out.bytes[at++] = static_cast<std::uint8_t>(group >> 8);
        out.bytes[at++] = static_cast<std::uint8_t>(group);
    }
    return out;
}

TEST_CASE("addresses are written as people write them", "[base][address]") {
    CHECK(to_string(IpAddress::v4(0xc0000201)) == "192.0.2.1");
    CHECK(to_string(IpAddress{}) == "::");
    CHECK(to_string(v6({0, 0, 0, 0, 0, 0, 0, 1})) == "::1");
    CHECK(to_string(v6({0x2001, 0xdb8, 0, 0, 0, 0, 0, 1})) == "2001:db8::1");
    CHECK(to_string(v6({0x2001, 0xdb8, 0, 0, 1, 0, 0, 1})) == "2001:db8::1:0:0:1");
    CHECK(to_string(v6({0x2001, 0xdb8, 0, 1, 1, 1, 1, 1})) == "2001:db8:0:1:1:1:1:1");
    CHECK(to_string(v6({0xfe80, 0, 0, 0, 0, 0, 0, 0})) == "fe80::");
    CHECK(to_string(SocketAddress{IpAddress::v4(0x7f000001), 9000}) == "127.0.0.1:9000");
    CHECK(to_string(SocketAddress{v6({0, 0, 0, 0, 0, 0, 0, 1}), 9000}) == "[::1]:9000");
}

TEST_CASE("an IPv4 address is a mapped IPv6 address", "[base][address]") {
    CHECK(IpAddress::v4(0x7f000001) == v6({0, 0, 0, 0, 0, 0xffff, 0x7f00, 1}));
    CHECK(IpAddress::v4(1).is_v4());
    CHECK_FALSE(IpAddress{}.is_v4());
}

}  // namespace
}  // namespace streamkit
