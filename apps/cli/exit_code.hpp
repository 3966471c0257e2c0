#pragma once

// The exit codes that all programs share.

#include "streamkit/base/error.hpp"

namespace streamkit::cli {

/// What a program ends with; converts to the `int` that `main` returns.
enum ExitCode : int {
    exit_ok = 0,
    exit_failed = 1,
    exit_usage = 2,           ///< the command line
    exit_configuration = 3,   ///< the configuration file or the environment
    exit_cannot_connect = 4,  ///< cannot bind or connect
    exit_refused = 5,         ///< by the peer
    exit_timed_out = 6,
    exit_integrity = 7,      ///< what arrived is not what was sent
    exit_interrupted = 130,  ///< SIGINT or SIGTERM
};

/// The code for an error that ends the program: by the network (4 and 6), by the peer's refusal, by
/// a signal, or else `exit_failed`.
[[nodiscard]] ExitCode exit_code_for(const Error& error) noexcept;

}  // namespace streamkit::cli
