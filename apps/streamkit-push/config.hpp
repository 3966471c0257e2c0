#pragma once

// The command line of streamkit-push.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/exit_code.hpp"
#include "cli/log.hpp"
#include "cli/value.hpp"

namespace streamkit::push {

/// `1280x720@30`, `640x360@30000/1001`.
struct Pattern {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t frame_rate_numerator = 0;
    std::uint32_t frame_rate_denominator = 1;

    friend bool operator==(const Pattern&, const Pattern&) = default;
};

struct Config {
    std::string file;  ///< `-` for the standard input; empty with `pattern`
    std::string url;
    bool loop = false;
    bool realtime_off = false;
    bool reconnect = false;
    std::optional<Pattern> pattern;
    std::optional<std::chrono::milliseconds> duration;
    std::string metadata_url;
    std::chrono::milliseconds metadata_every{500};
    std::uint64_t metadata_count = 99;
    std::string metadata_template = "message {n}";
    cli::LogConfig log;
};

/// @return the code to end the program with; nothing: go on
std::optional<cli::ExitCode> parse(int argc, const char* const* argv, Config& config);

}  // namespace streamkit::push

template <>
struct streamkit::cli::Format<streamkit::push::Pattern> {
    static std::optional<push::Pattern> read(std::string_view text);
    static std::string write(const push::Pattern& value);
    static std::string expected() { return "a picture such as 1280x720@30"; }
};
