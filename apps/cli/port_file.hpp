#pragma once

// Tells a script which ports a program listens on, for `--port-file FILE`.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "cli/exit_code.hpp"
#include "streamkit/base/error.hpp"

namespace streamkit::cli {

/// A line `name=port`; names: rtmp, rtmps, http, https, file, audio, relay, legacy.
using NamedPort = std::pair<std::string_view, std::uint16_t>;

/// Writes one `name=port` line a port, and puts the file in its place in one step: a reader sees
/// all of it or none. Call it once all of them listen.
///
/// @return `exit_configuration`, after a line on stderr, if the file cannot be written
[[nodiscard]] std::optional<ExitCode> write_port_file(const std::string& file,
                                                      std::span<const NamedPort> ports);

/// What to do when a port cannot be bound: "port 1935 is in use: end the other program or give
/// another port with --rtmp-port (0 takes any)".
///
/// @param flag  that chooses the port: "--rtmp-port"
[[nodiscard]] std::string bind_advice(const Error& error, std::uint16_t port,
                                      std::string_view flag);

}  // namespace streamkit::cli
