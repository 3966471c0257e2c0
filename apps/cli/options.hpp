#pragma once

// The command line, environment and configuration file of a program, as one table of options.

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "cli/exit_code.hpp"
#include "cli/log.hpp"
#include "cli/value.hpp"

namespace streamkit::cli {

/// What `--help` begins with.
struct ProgramDescription {
    std::string name;     ///< "streamkit-push"
    std::string summary;  ///< one sentence
    std::string example;  ///< a command that works, shown first
};

/// Whether a program can do without an argument.
enum class Need { required, optional };

/// The options of a program, each bound to a variable that holds its default and gets its value.
///
/// A flag beats the environment variable `STREAMKIT_<FLAG>`, which beats the options' further
/// variables in their order, which beat the file named by `--config`, which beats the default. An
/// unknown flag or key is an error. Every program also has `--help`, `--version`, `--config`,
/// `--print-config`, `--log-level`, `--log-file`, `--log-rotate` and `--log-format`.
///
///     Config config;
///     cli::Options options{{"streamkit-server", "Live media server.", "streamkit-server"}};
///     options.add("rtmp-port", config.rtmp_port, "PORT", "where publishers connect", {"RTMP_PORT"});
///     options.flag("realtime", config.realtime, "send each packet when it is due");
///     if (const auto exit = options.parse(argc, argv)) return *exit;
///     cli::Log log;
///     if (const auto exit = log.open(options.log_config())) return *exit;
class Options {
public:
    explicit Options(ProgramDescription description);
    /// @param out  for `--help`, `--version` and `--print-config`
    /// @param err  for what is wrong
    Options(ProgramDescription description, std::ostream& out, std::ostream& err);
    Options(const Options&) = delete;
    Options& operator=(const Options&) = delete;

    /// An option with a value: `--name VALUE`, `name = VALUE` in the file.
    ///
    /// @param name         without its dashes, words joined by `-`
    /// @param target       holds the default now and the value after `parse`; outlives the options
    /// @param value_name   how `--help` calls the value: "PORT"
    /// @param help         one line without a full stop
    /// @param environment  further environment variables
    template <class T>
    void add(std::string name, T& target, std::string value_name, std::string help,
             std::vector<std::string> environment = {}) {
        declare(bind(target), std::move(name), std::move(value_name), std::move(help),
                std::move(environment));
    }
    /// An option that may be given more than once; the file writes `name = [VALUE, VALUE]`.
    template <class T>
    void add(std::string name, std::vector<T>& targets, std::string value_name, std::string help,
             std::vector<std::string> environment = {}) {
        declare(bind_list(targets), std::move(name), std::move(value_name), std::move(help),
                std::move(environment));
    }
    /// A switch: `--name` turns it on; `true` or `false` elsewhere.
    void flag(std::string name, bool& target, std::string help,
              std::vector<std::string> environment = {});
    /// An argument without a name, in the order of the calls.
    template <class T>
    void argument(std::string value_name, T& target, std::string help, Need need = Need::required) {
        declare_argument(bind(target), std::move(value_name), std::move(help), need);
    }
    /// All the arguments that are left.
    template <class T>
    void arguments(std::string value_name, std::vector<T>& targets, std::string help,
                   Need need = Need::required) {
        declare_argument(bind_list(targets), std::move(value_name), std::move(help), need);
    }

    /// Gives a common option a further environment variable: `("log-level", "RTMP_LOG_LEVEL")`.
    void also_from(std::string_view name, std::string environment_variable);

    /// Reads everything into the targets, prints what was asked for or what is wrong.
    ///
    /// @return the code to end the program with now; nothing: go on
    [[nodiscard]] std::optional<ExitCode> parse(int argc, const char* const* argv);

    /// Says on the error stream what is wrong with the options taken together.
    ///
    /// @return `exit_usage`
    ExitCode reject(std::string_view why) const;

    /// Where the log goes; complete after `parse`.
    [[nodiscard]] const LogConfig& log_config() const { return log_config_; }

private:
    /// A variable, as text.
    struct Binding {
        /// Gives "", or what would have been right.
        std::function<std::string(const std::vector<std::string>&)> set;
        std::function<std::vector<std::string>()> get;
        bool is_list = false;
        bool is_quoted = true;  ///< in a file
    };
    struct Option {
        std::string name;
        Binding binding;
        std::string value_name;  ///< empty for a switch
        std::string help;
        std::vector<std::string> environment;
        Need need = Need::optional;
        bool in_file = true;
        std::string source = {};  ///< where its value came from; empty: the default
    };
    struct Parser;

    template <class T>
    static Binding bind(T& target) {
        return {[&target](const std::vector<std::string>& texts) -> std::string {
                    auto value = Format<T>::read(texts.front());
                    if (!value) return Format<T>::expected();
                    target = std::move(*value);
                    return {};
                },
                [&target]() -> std::vector<std::string> {
                    if (is_absent(target)) return {};
                    return {Format<T>::write(target)};
                },
                false, !std::is_arithmetic_v<T>};
    }
    template <class T>
    static Binding bind_list(std::vector<T>& targets) {
        return {[&targets](const std::vector<std::string>& texts) -> std::string {
                    std::vector<T> values;
                    for (const auto& text : texts) {
                        auto value = Format<T>::read(text);
                        if (!value) return Format<T>::expected();
                        values.push_back(std::move(*value));
                    }
                    targets = std::move(values);
                    return {};
                },
                [&targets] {
                    std::vector<std::string> texts;
                    for (const auto& value : targets)
                        texts.push_back(Format<T>::write(value));
                    return texts;
                },
                true, !std::is_arithmetic_v<T>};
    }
    template <class T>
    static bool is_absent(const T&) {
        return false;
    }
    template <class T>
    static bool is_absent(const std::optional<T>& value) {
        return !value;
    }

    void declare(Binding binding, std::string name, std::string value_name, std::string help,
                 std::vector<std::string> environment);
    void declare_argument(Binding binding, std::string value_name, std::string help, Need need);
    [[nodiscard]] std::optional<ExitCode> apply_command_line(const Parser& parser);
    [[nodiscard]] std::optional<ExitCode> apply_environment();
    [[nodiscard]] std::optional<ExitCode> apply_file();
    /// @return what is wrong, or ""
    [[nodiscard]] static std::string assign(Option& option, const std::vector<std::string>& texts,
                                            std::string source);
    [[nodiscard]] ExitCode fail(ExitCode code, std::string_view why) const;
    void print_config() const;

    ProgramDescription description_;
    std::ostream& out_;
    std::ostream& err_;
    std::vector<Option> options_;  ///< the common ones first
    std::size_t common_options_ = 0;
    std::vector<Option> arguments_;
    LogConfig log_config_;
    std::string config_file_;
};

}  // namespace streamkit::cli
