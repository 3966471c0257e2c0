#include "cli/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <mutex>

#include "cli/progress.hpp"
#include "streamkit/base/overloaded.hpp"
#include "streamkit/base/utf8.hpp"
#include "streamkit/json/writer.hpp"

namespace streamkit::cli {
namespace {

constexpr std::size_t kKeptFiles = 5;
constexpr std::array<std::string_view, 5> kLevelNames{"trace", "debug", "info", "warn", "error"};

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::trace:
            return spdlog::level::trace;
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::error:
            break;
    }
    return spdlog::level::err;
}

std::string_view level_name(spdlog::level::level_enum level) {
    // The levels of spdlog below `critical`, which is not used, are ours in the same order.
    return kLevelNames[std::min(static_cast<std::size_t>(level), kLevelNames.size() - 1)];
}

/// `%*`: the level by our name, five columns wide.
class LevelColumn final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        auto name = std::string{level_name(message.level)};
        name.resize(5, ' ');
        out.append(name.data(), name.data() + name.size());
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<LevelColumn>();
    }
};

std::unique_ptr<spdlog::formatter> make_formatter(LogFormat format, bool on_terminal) {
    std::string pattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v)";
    if (format == LogFormat::text) {
        pattern = "%Y-%m-%dT%H:%M:%S.%eZ %^%*%$ %v";
        // Clears what is left of a progress line.
        if (on_terminal) pattern = "\x1b[K" + pattern;
    }
    auto formatter =
        std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "\n");
    formatter->add_flag<LevelColumn>('*').set_pattern(pattern);
    return formatter;
}

spdlog::sink_ptr make_console(LogFormat format) {
    const bool on_terminal = is_terminal(stderr);
    const char* no_color = std::getenv("NO_COLOR");
    const bool colored = on_terminal && (no_color == nullptr || *no_color == '\0');
    spdlog::sink_ptr console;
    if (colored) {
        console = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    } else {
        console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    }
    console->set_formatter(make_formatter(format, on_terminal));
    return console;
}

/// @throws spdlog::spdlog_ex if the file cannot be opened
spdlog::sink_ptr make_file(const LogConfig& config) {
    spdlog::sink_ptr file;
    if (config.rotate.bytes == 0) {
        file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.file);
    } else {
        file = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
            config.file, config.rotate.bytes, kKeptFiles);
    }
    file->set_formatter(make_formatter(config.format, false));
    return file;
}

/// The value as it may be shown.
std::string masked(std::string_view key, std::string_view text) {
    if (key == "stream_key") return mask_key(text);
    if (key == "url") return mask_url(text);
    if (key == "stream") {
        const auto slash = text.rfind('/');
        const auto begin = slash == std::string_view::npos ? 0 : slash + 1;
        return std::string{text.substr(0, begin)} + mask_key(text.substr(begin));
    }
    return std::string{text};
}

/// The record as a JSON object without its opening brace.
std::string to_json(const LogRecord& record) {
    json::JsonWriter out;
    out.begin_object();
    out.member("level", kLevelNames[static_cast<std::size_t>(record.level)]);
    out.member("component", record.component).member("message", record.message);
    for (const auto& field : record.fields) {
        out.key(field.key);
        std::visit(overloaded{
                       [&](std::string_view text) { out.value(masked(field.key, text)); },
                       [&](const auto& value) { out.value(value); },
                   },
                   field.value);
    }
    return out.end_object().take().substr(1);
}

/// Whether a text needs quotes to stand as one word on one line.
bool needs_quotes(std::string_view text) {
    return text.empty() || std::ranges::any_of(text, [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte <= ' ' || byte >= 0x7f || c == '"' || c == '=' || c == '\\';
           });
}

std::string to_text(const LogRecord& record) {
    std::string line;
    if (!record.component.empty()) line.append(record.component).append(": ");
    line.append(record.message);
    for (const auto& field : record.fields) {
        line.append(" ").append(field.key).append("=");
        json::JsonWriter value;
        std::visit(overloaded{
                       [&](std::string_view text) {
                           const auto shown = masked(field.key, text);
                           needs_quotes(shown) ? value.value(shown) : value.raw(shown);
                       },
                       [&](const auto& other) { value.value(other); },
                   },
                   field.value);
        line += value.take();
    }
    return line;
}

}  // namespace

struct Log::State {
    LogConfig config;
    std::mutex mutex;  // guards `logger`, which `reopen` replaces
    std::shared_ptr<spdlog::logger> logger;

    /// @throws spdlog::spdlog_ex if the file cannot be opened
    void make_logger() {
        std::vector<spdlog::sink_ptr> sinks{make_console(config.format)};
        if (!config.file.empty()) sinks.push_back(make_file(config));
        auto made = std::make_shared<spdlog::logger>("", sinks.begin(), sinks.end());
        made->set_level(to_spdlog(config.level));
        made->flush_on(spdlog::level::trace);
        const std::lock_guard lock{mutex};
        logger = std::move(made);
    }

    void write(const LogRecord& record) {
        const auto level = to_spdlog(record.level);
        std::shared_ptr<spdlog::logger> current;
        {
            const std::lock_guard lock{mutex};
            current = logger;
        }
        if (!current || !current->should_log(level)) return;
        const auto line = config.format == LogFormat::json ? to_json(record) : to_text(record);
        current->log(level, spdlog::string_view_t{line.data(), line.size()});
    }
};

Log::Log() : state_(std::make_shared<State>()) {}

std::optional<ExitCode> Log::open(const LogConfig& config) {
    state_->config = config;
    try {
        state_->make_logger();
    } catch (const spdlog::spdlog_ex& error) {
        std::cerr << "cannot open the log: " << error.what() << '\n';
        return exit_configuration;
    }
    return std::nullopt;
}

LogSink Log::sink() {
    return [state = state_](const LogRecord& record) { state->write(record); };
}

void Log::reopen() {
    try {
        state_->make_logger();
    } catch (const spdlog::spdlog_ex& error) {
        std::cerr << "cannot open the log anew: " << error.what() << '\n';
    }
}

std::string mask_key(std::string_view key) {
    constexpr std::size_t kShown = 3;
    constexpr std::size_t kShort = 8;  // a shorter key shows less of itself
    auto shown = key.substr(0, key.size() < kShort ? 1 : kShown);
    shown = shown.substr(0, valid_utf8_prefix(shown));  // no half characters in a log
    return std::string{shown} + "***";
}

std::string mask_url(std::string_view url) {
    const auto query = url.find_first_of("?#");
    const auto scheme = url.find("://");
    auto path = url.substr(0, query);
    const auto authority = scheme == std::string_view::npos ? 0 : scheme + 3;
    std::string masked{path.substr(0, authority)};
    path.remove_prefix(authority);
    const auto host_end = std::min(path.find('/'), path.size());
    auto host = path.substr(0, host_end);
    if (const auto at = host.rfind('@'); at != std::string_view::npos) {
        masked += "***@";
        host.remove_prefix(at + 1);
    }
    masked += host;
    path.remove_prefix(host_end);
    if (const auto slash = path.rfind('/'); slash != std::string_view::npos) {
        masked += path.substr(0, slash + 1);
        if (slash + 1 < path.size()) masked += mask_key(path.substr(slash + 1));
    }
    if (query != std::string_view::npos) masked += "?***";
    return masked;
}

std::optional<LogLevel> Format<LogLevel>::read(std::string_view text) {
    if (text == "warning") return LogLevel::warn;
    const auto* const found = std::ranges::find(kLevelNames, text);
    if (found == kLevelNames.end()) return std::nullopt;
    return static_cast<LogLevel>(found - kLevelNames.begin());
}

std::string Format<LogLevel>::write(LogLevel value) {
    return std::string{kLevelNames[static_cast<std::size_t>(value)]};
}

std::optional<LogFormat> Format<LogFormat>::read(std::string_view text) {
    if (text == "text") return LogFormat::text;
    if (text == "json") return LogFormat::json;
    return std::nullopt;
}

std::string Format<LogFormat>::write(LogFormat value) {
    return value == LogFormat::json ? "json" : "text";
}

}  // namespace streamkit::cli
