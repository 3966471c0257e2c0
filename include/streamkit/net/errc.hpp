#pragma once

// Error codes of the module `net`.

#include <system_error>

#include "streamkit/base/error.hpp"

namespace streamkit::net {

enum class Errc {
    malformed_address = 1,  ///< not `host:port`
    unknown_host,           ///< the name does not resolve
    address_in_use,         ///< another program listens there
    address_not_available,  ///< this machine has no such address
    permission_denied,      ///< a port that only root may listen on, or a firewall
    connection_refused,     ///< nobody listens there
    unreachable,            ///< no route to the host or its network
    timed_out,              ///< no connection within the time allowed
    peer_closed,            ///< the peer has ended the connection in order
    connection_reset,       ///< the peer or the network broke the connection
    stalled,                ///< the peer took nothing of our output for too long
    too_many_connections,   ///< over the limit of the listener
    too_many_from_address,  ///< over the limit of the listener for one address
    out_of_descriptors,     ///< the process or the system has no file descriptor left
    closed_here,            ///< this side has ended the connection in order
    interrupted,            ///< a signal, or `Runtime::stop`, ended the program
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

/// An error of the system or of Asio as one of ours, where there is one that fits.
///
/// @param what  the operation; a string literal
[[nodiscard]] Error to_error(const std::error_code& code, const char* what) noexcept;

}  // namespace streamkit::net

template <>
struct std::is_error_code_enum<streamkit::net::Errc> : std::true_type {};
