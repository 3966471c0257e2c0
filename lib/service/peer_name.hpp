#pragma once

// How logs call the other end of a connection.

#include <string>

#include "streamkit/net/asio.hpp"

namespace streamkit {

/// "127.0.0.1:51234", "[::1]:51234".
[[nodiscard]] inline std::string peer_name(const net::tcp::endpoint& peer) {
    const auto address = peer.address().to_string();
    const auto port = std::to_string(peer.port());
    return peer.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

}  // namespace streamkit
