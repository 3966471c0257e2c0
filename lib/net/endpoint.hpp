#pragma once

#include "streamkit/net/asio.hpp"

namespace streamkit::net {

/// An IPv4 peer of a socket that serves IPv6 as well, in IPv4's own form.
inline tcp::endpoint unmapped(const tcp::endpoint& endpoint) {
    const auto address = endpoint.address();
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return endpoint;
    return {asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()), endpoint.port()};
}

}  // namespace streamkit::net
