#pragma once

// Where a program's log goes: stderr, and a file that rotates.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/exit_code.hpp"
#include "cli/value.hpp"
#include "streamkit/base/log.hpp"

namespace streamkit::cli {

enum class LogFormat : std::uint8_t {
    text,  ///< one line: time, level, component, message, key=value …
    json,  ///< one object a line
};

struct LogConfig {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    std::string file = {};  ///< beside stderr; empty: none
    /// A file that grows past this becomes `name.1.log` and so on, five are kept; 0: never.
    ByteSize rotate{10 << 20};
};

template <>
struct Format<LogLevel> {
    static std::optional<LogLevel> read(std::string_view text);
    static std::string write(LogLevel value);
    static std::string expected() { return "one of trace, debug, info, warn, error"; }
};

template <>
struct Format<LogFormat> {
    static std::optional<LogFormat> read(std::string_view text);
    static std::string write(LogFormat value);
    static std::string expected() { return "text or json"; }
};

/// Writes the log of a program. All members may be called from any thread once it is open.
///
/// The values of the fields `stream_key` (a bare key), `stream` (`app/key`) and `url` are masked as
/// `mask_key` and `mask_url` do.
class Log {
public:
    Log();

    /// @return `exit_configuration`, after a line on stderr, if the file cannot be written
    [[nodiscard]] std::optional<ExitCode> open(const LogConfig& config);
    /// For the library; may outlive this object.
    [[nodiscard]] LogSink sink();
    /// What the program itself logs to.
    [[nodiscard]] Logger logger(std::string component) { return {sink(), std::move(component)}; }
    /// Opens the file anew under its name, after it was moved away (SIGHUP). If that fails, says so
    /// on stderr and goes on with the old one.
    void reopen();

private:
    struct State;
    std::shared_ptr<State> state_;  // also held by the sinks
};

/// Hides a stream key but for its first characters: "live_2f8a1c" becomes "liv***".
[[nodiscard]] std::string mask_key(std::string_view key);
/// Hides the last segment of the path, user and query: "rtmp://host/live/liv***?***".
[[nodiscard]] std::string mask_url(std::string_view url);

}  // namespace streamkit::cli
