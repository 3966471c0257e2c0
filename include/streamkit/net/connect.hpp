#pragma once

// Outgoing TCP connections.

#include <chrono>
#include <cstdint>
#include <string>

#include "streamkit/net/asio.hpp"

namespace streamkit::net {

/// Connects to the first address of `host` that answers; the socket lives on the shard of the
/// coroutine that calls, and has TCP_NODELAY set.
///
/// @param host     a name or an address, IPv6 without brackets
/// @param timeout  for everything together (a name server that hangs may exceed it)
/// @return `Errc::unknown_host`, `connection_refused`, `unreachable`, `timed_out` (the last address
///         that was tried decides), or an error of the system
[[nodiscard]] Task<tcp::socket> connect(std::string host, std::uint16_t port,
                                        std::chrono::milliseconds timeout);

}  // namespace streamkit::net
