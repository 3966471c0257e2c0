#include "streamkit/base/socket_address.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace streamkit {

bool IpAddress::is_v4() const noexcept {
    return std::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; }) &&
           bytes[10] == 0xff && bytes[11] == 0xff;
}

std::string to_string(const IpAddress& address) {
    const auto& b = address.bytes;
    if (address.is_v4()) {
        std::string out;
        for (std::size_t i = 12; i < 16; ++i) {
            if (i > 12) out += '.';
            out += std::to_string(b[i]);
        }
        return out;
    }
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < 8; ++i)
        groups[i] = static_cast<unsigned>(b[2 * i]) << 8 | b[2 * i + 1];
    // RFC 5952, 4.2: the longest run of zeros, of at least two groups, the first of equals.
    std::size_t best = 8;
    std::size_t best_length = 1;
    for (std::size_t i = 0; i < 8; ++i) {
        std::size_t length = 0;
        while (i + length < 8 && groups[i + length] == 0)
            ++length;
        if (length > best_length) {
            best = i;
            best_length = length;
        }
    }
    std::string out;
    for (std::size_t i = 0; i < 8; ++i) {
        if (i == best) {
            out += "::";
            i += best_length - 1;
            continue;
        }
        if (!out.empty() && out.back() != ':') out += ':';
        std::array<char, 8> text{};
        std::snprintf(text.data(), text.size(), "%x", groups[i]);
        out += text.data();
    }
    return out;
}

std::string to_string(const SocketAddress& address) {
    const auto ip = to_string(address.ip);
    const auto port = std::to_string(address.port);
    return address.ip.is_v4() ? ip + ':' + port : '[' + ip + "]:" + port;
}

}  // namespace streamkit
