#pragma once

// The library logs through a function that the program hands in; silent by default.

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace streamkit {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };

/// One `key=value` of a log record; views live for the length of the call.
struct LogField {
    std::string_view key;
    std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;

    LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
    LogField(std::string_view k, const char* v) : key(k), value(std::string_view{v}) {}
    LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view{v}) {}
    LogField(std::string_view k, bool v) : key(k), value(v) {}
    LogField(std::string_view k, double v) : key(k), value(v) {}
    template <std::signed_integral I>
    LogField(std::string_view k, I v) : key(k), value(static_cast<std::int64_t>(v)) {}
    template <std::unsigned_integral U>
    LogField(std::string_view k, U v) : key(k), value(static_cast<std::uint64_t>(v)) {}
};

/// What a sink gets; everything lives for the length of the call.
struct LogRecord {
    LogLevel level;
    std::string_view component;  ///< module or connection, such as "rtmp"
    std::string_view message;    ///< a literal, the same for every record of this kind
    std::span<const LogField> fields;
};

/// May be called from any thread of the runtime it was handed to.
using LogSink = std::function<void(const LogRecord&)>;

/// A sink with a component name. Copies are cheap enough to keep one per service.
class Logger {
public:
    Logger() = default;  ///< silent
    Logger(LogSink sink, std::string component)
        : sink_(std::move(sink)), component_(std::move(component)) {}

    void log(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields = {}) const {
        if (sink_) sink_(LogRecord{level, component_, message, {fields.begin(), fields.size()}});
    }
    void debug(std::string_view m, std::initializer_list<LogField> f = {}) const {
        log(LogLevel::debug, m, f);
    }
    void info(std::string_view m, std::initializer_list<LogField> f = {}) const {
        log(LogLevel::info, m, f);
    }
    void warn(std::string_view m, std::initializer_list<LogField> f = {}) const {
        log(LogLevel::warn, m, f);
    }
    void error(std::string_view m, std::initializer_list<LogField> f = {}) const {
        log(LogLevel::error, m, f);
    }

    /// The same sink under another name.
    [[nodiscard]] Logger named(std::string component) const {
        return {sink_, std::move(component)};
    }

private:
    LogSink sink_;
    std::string component_;
};

}  // namespace streamkit
