#include "cli/port_file.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>

#include "streamkit/net/errc.hpp"

namespace streamkit::cli {

std::optional<ExitCode> write_port_file(const std::string& file, std::span<const NamedPort> ports) {
    const auto unfinished = file + ".tmp";
    std::ofstream out{unfinished};
    for (const auto& [name, port] : ports)
        out << name << '=' << port << '\n';
    out.close();
    std::error_code error;
    if (out) {
        std::filesystem::rename(unfinished, file, error);
        if (!error) return std::nullopt;
    }
    std::filesystem::remove(unfinished, error);
    std::cerr << "cannot write the port file " << file << '\n';
    return exit_configuration;
}

std::string bind_advice(const Error& error, std::uint16_t port, std::string_view flag) {
    const auto number = std::to_string(port);
    if (error.code == net::Errc::address_in_use) {
        return "port " + number + " is in use: end the other program or give another port with " +
               std::string{flag} + " (0 takes any)";
    }
    if (error.code == net::Errc::permission_denied) {
        return "port " + number + " is not allowed for this user: give one above 1023 with " +
               std::string{flag};
    }
    if (error.code == net::Errc::address_not_available) {
        return "this machine does not have the address to listen on: give another with --host "
               "(0.0.0.0 takes all)";
    }
    return "cannot listen on port " + number + ": " + error.message();
}

}  // namespace streamkit::cli
