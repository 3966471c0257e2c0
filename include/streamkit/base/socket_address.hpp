#pragma once

// An IP address and a port as plain data: what a datagram core knows of the outside.

#include <array>
#include <compare>
#include <cstdint>
#include <string>

namespace streamkit {

/// An IPv6 address, or an IPv4 one in its IPv4-mapped form (RFC 4291, 2.5.5.2).
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};  ///< network order; all zeros: not known

    /// @param bits  host order: 0x7f000001 is 127.0.0.1
    [[nodiscard]] static constexpr IpAddress v4(std::uint32_t bits) noexcept {
        IpAddress out;
        out.bytes[10] = out.bytes[11] = 0xff;
        for (std::size_t i = 0; i < 4; ++i)
            out.bytes[12 + i] = static_cast<std::uint8_t>(bits >> (24 - 8 * i));
        return out;
    }
    [[nodiscard]] bool is_v4() const noexcept;

    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

struct SocketAddress {
    IpAddress ip{};
    std::uint16_t port = 0;

    friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

/// "192.0.2.1" or "2001:db8::1" (RFC 5952).
[[nodiscard]] std::string to_string(const IpAddress& address);
/// "192.0.2.1:9000" or "[2001:db8::1]:9000".
[[nodiscard]] std::string to_string(const SocketAddress& address);

}  // namespace streamkit
