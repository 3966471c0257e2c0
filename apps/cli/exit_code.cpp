#include "cli/exit_code.hpp"

#include <algorithm>
#include <array>

#include "streamkit/net/errc.hpp"
#include "streamkit/service/errc.hpp"

namespace streamkit::cli {

ExitCode exit_code_for(const Error& error) noexcept {
    using net::Errc;
    constexpr std::array kCannotConnect{Errc::malformed_address, Errc::unknown_host,
                                        Errc::address_in_use,    Errc::address_not_available,
                                        Errc::permission_denied, Errc::connection_refused,
                                        Errc::unreachable};
    const auto is = [&](auto errc) { return error.code == errc; };
    if (std::ranges::any_of(kCannotConnect, is)) return exit_cannot_connect;
    if (error.code == ServiceErrc::refused_by_peer) return exit_refused;
    if (error.code == Errc::interrupted) return exit_interrupted;
    if (error.code == Failure::timed_out) return exit_timed_out;
    return exit_failed;
}

}  // namespace streamkit::cli
