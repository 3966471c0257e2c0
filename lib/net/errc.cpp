#include "streamkit/net/errc.hpp"

#include <asio/error.hpp>

namespace streamkit::net {
namespace {

constexpr ErrorEntry entry(Errc errc, Failure failure, const char* message) {
    return {static_cast<int>(errc), failure, message};
}

constexpr ErrorEntry kEntries[] = {
    entry(Errc::malformed_address, Failure::malformed, "address is not host:port"),
    entry(Errc::unknown_host, Failure::closed, "host name does not resolve"),
    entry(Errc::address_in_use, Failure::closed,
          "another program listens on this port: stop it, or choose another port (0: any)"),
    entry(Errc::address_not_available, Failure::closed, "this machine does not have the address"),
    entry(Errc::permission_denied, Failure::closed,
          "not permitted (ports below 1024 need privileges)"),
    entry(Errc::connection_refused, Failure::closed, "nobody listens there"),
    entry(Errc::unreachable, Failure::closed, "no route to the host"),
    entry(Errc::timed_out, Failure::timed_out, "no answer within the time allowed"),
    entry(Errc::peer_closed, Failure::closed, "peer has closed the connection"),
    entry(Errc::connection_reset, Failure::closed, "connection was broken by the peer"),
    entry(Errc::stalled, Failure::timed_out, "peer does not take our output"),
    entry(Errc::too_many_connections, Failure::limit_exceeded, "too many connections"),
    entry(Errc::too_many_from_address, Failure::limit_exceeded,
          "too many connections from one address"),
    entry(Errc::out_of_descriptors, Failure::limit_exceeded, "out of file descriptors"),
    entry(Errc::closed_here, Failure::closed, "connection was closed by this side"),
    entry(Errc::interrupted, Failure::closed, "interrupted"),
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory table{"streamkit.net", kEntries};
    return table;
}

Error to_error(const std::error_code& given, const char* what) noexcept {
    using std::errc;
    // Asio's own category for the system's errors does not know the generic conditions.
    const bool of_system = given.category() == asio::error::get_system_category();
    const auto code = of_system ? std::error_code(given.value(), std::system_category()) : given;
    if (code == asio::error::eof) return {Errc::peer_closed, what};
    if (code == asio::error::host_not_found || code == asio::error::host_not_found_try_again ||
        code == asio::error::no_data || code == asio::error::no_recovery ||
        code == asio::error::service_not_found) {
        return {Errc::unknown_host, what};
    }
    if (code == errc::address_in_use) return {Errc::address_in_use, what};
    if (code == errc::address_not_available) return {Errc::address_not_available, what};
    if (code == errc::permission_denied || code == errc::operation_not_permitted) {
        return {Errc::permission_denied, what};
    }
    if (code == errc::connection_refused) return {Errc::connection_refused, what};
    if (code == errc::host_unreachable || code == errc::network_unreachable ||
        code == errc::network_down) {
        return {Errc::unreachable, what};
    }
    if (code == errc::timed_out) return {Errc::timed_out, what};
    if (code == errc::connection_reset || code == errc::broken_pipe ||
        code == errc::connection_aborted || code == errc::not_connected) {
        return {Errc::connection_reset, what};
    }
    if (code == errc::too_many_files_open || code == errc::too_many_files_open_in_system) {
        return {Errc::out_of_descriptors, what};
    }
    if (code == errc::operation_canceled) return {Errc::interrupted, what};
    return {code, what};
}

}  // namespace streamkit::net
