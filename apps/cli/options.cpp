#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>

#include "cli/version.hpp"
#include "streamkit/base/assert.hpp"

namespace streamkit::cli {
namespace {

constexpr const char* kDefault = "default";

std::string variable_of(std::string_view name) {
    std::string variable = "STREAMKIT_";
    for (const char c : name) {
        const auto upper = std::toupper(static_cast<unsigned char>(c));
        variable += c == '-' ? '_' : static_cast<char>(upper);
    }
    return variable;
}

std::string help_of(std::string help, const std::string& default_value,
                    const std::vector<std::string>& further_variables) {
    if (!default_value.empty()) help += " [" + default_value + "]";
    for (const auto& variable : further_variables)
        help += " (" + variable + ")";
    return help;
}

std::string join(const std::vector<std::string>& texts) {
    std::string joined;
    for (const auto& text : texts)
        joined += (joined.empty() ? "" : ", ") + text;
    return joined;
}

/// Shows arguments by the names of their values.
class HelpFormatter final : public CLI::Formatter {
public:
    explicit HelpFormatter(std::string usage) : usage_(std::move(usage)) {}

    std::string make_usage(const CLI::App*, std::string name) const override {
        return "Usage: " + name + usage_ + " [OPTIONS]\n";
    }
    std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
        if (is_positional) return option->get_type_name();
        return CLI::Formatter::make_option_name(option, is_positional);
    }
    std::string make_option_opts(const CLI::Option* option) const override {
        if (option->get_positional() || option->get_type_name().empty()) return {};
        return " " + option->get_type_name();
    }

private:
    std::string usage_;
};

}  // namespace

/// CLI11, which takes the command line apart and writes the help; it converts nothing.
struct Options::Parser {
    explicit Parser(const Options& options) : app(options.description_.summary) {
        app.name(options.description_.name);
        app.set_help_flag("-h,--help", "this text");
        std::string usage;
        for (const auto& argument : options.arguments_) {
            auto* added = app.add_option(argument.name, CLI::callback_t{}, argument.help);
            added->type_name(argument.value_name);
            if (argument.binding.is_list) added->expected(-1);
            arguments.push_back(added);
            const auto name = argument.value_name + (argument.binding.is_list ? "..." : "");
            usage += argument.need == Need::required ? " " + name : " [" + name + "]";
        }
        const auto formatter = std::make_shared<HelpFormatter>(usage);
        formatter->label("Positionals", "Arguments");
        app.formatter(formatter);
        for (const auto& option : options.options_)
            flags.push_back(declare(option));
        const std::string print_config_help = "show each value and where it came from";
        const std::string version_help =
            "show the versions of the library and what it is built with";
        print_config = app.add_flag("--print-config", print_config_help);
        version = app.add_flag("--version", version_help);
    }

    CLI::Option* declare(const Option& option) {
        const auto name = "--" + option.name;
        if (option.value_name.empty()) {
            const auto help = help_of(option.help, "", further_variables(option));
            return app.add_flag(name, help)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        }
        const auto help =
            help_of(option.help, join(option.binding.get()), further_variables(option));
        auto* added = app.add_option(name, CLI::callback_t{}, help);
        added->type_name(option.value_name)->expected(1)->allow_extra_args(false);
        if (option.binding.is_list) {
            added->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        }
        return added;
    }

    static std::vector<std::string> further_variables(const Option& option) {
        return {option.environment.begin() + 1, option.environment.end()};
    }

    CLI::App app;
    std::vector<CLI::Option*> flags;      ///< in the order of `options_`
    std::vector<CLI::Option*> arguments;  ///< in the order of `arguments_`
    CLI::Option* print_config = nullptr;
    CLI::Option* version = nullptr;
};

Options::Options(ProgramDescription description)
    : Options(std::move(description), std::cout, std::cerr) {}

Options::Options(ProgramDescription description, std::ostream& out, std::ostream& err)
    : description_(std::move(description)), out_(out), err_(err) {
    add("log-level", log_config_.level, "LEVEL", "trace, debug, info, warn or error");
    add("log-format", log_config_.format, "FORMAT", "text or json (one object a line)");
    add("log-file", log_config_.file, "FILE", "log there too; SIGHUP opens it anew");
    add("log-rotate", log_config_.rotate, "SIZE",
        "start the next log file at this size, keep five; 0: never");
    add("config", config_file_, "FILE", "read options from a file: name = value");
    options_.back().in_file = false;
    common_options_ = options_.size();
}

void Options::flag(std::string name, bool& target, std::string help,
                   std::vector<std::string> environment) {
    declare(bind(target), std::move(name), "", std::move(help), std::move(environment));
}

void Options::also_from(std::string_view name, std::string environment_variable) {
    const auto option = std::ranges::find(options_, name, &Option::name);
    STREAMKIT_ASSERT(option != options_.end());
    option->environment.push_back(std::move(environment_variable));
}

std::optional<ExitCode> Options::parse(int argc, const char* const* argv) {
    // In the help, a program's own options come before the common ones.
    std::rotate(options_.begin(), options_.begin() + static_cast<std::ptrdiff_t>(common_options_),
                options_.end());
    common_options_ = 0;
    Parser parser{*this};
    try {
        parser.app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        out_ << "Example: " << description_.example << "\n\n" << parser.app.help();
        return exit_ok;
    } catch (const CLI::ParseError& error) {
        return fail(exit_usage, error.what());
    }
    if (parser.version->count() > 0) {
        out_ << version_text(description_.name);
        return exit_ok;
    }
    if (const auto exit = apply_command_line(parser)) return exit;
    if (const auto exit = apply_environment()) return exit;
    if (const auto exit = apply_file()) return exit;
    if (parser.print_config->count() > 0) {
        print_config();
        return exit_ok;
    }
    for (const auto& argument : arguments_) {
        if (argument.need == Need::required && argument.source.empty()) {
            return fail(exit_usage, argument.value_name + " is missing");
        }
    }
    return std::nullopt;
}

std::optional<ExitCode> Options::apply_command_line(const Parser& parser) {
    const auto apply = [](Option& option, const CLI::Option& parsed) -> std::string {
        if (parsed.count() == 0) return {};
        return assign(option, parsed.results(), "command line");
    };
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
        const auto why = apply(arguments_[i], *parser.arguments[i]);
        if (!why.empty()) return fail(exit_usage, arguments_[i].value_name + ": " + why);
    }
    for (std::size_t i = 0; i < options_.size(); ++i) {
        const auto why = apply(options_[i], *parser.flags[i]);
        if (!why.empty()) return fail(exit_usage, "--" + options_[i].name + ": " + why);
    }
    return std::nullopt;
}

std::optional<ExitCode> Options::apply_environment() {
    for (auto& option : options_) {
        for (const auto& variable : option.environment) {
            const char* value = std::getenv(variable.c_str());
            if (!option.source.empty() || value == nullptr || *value == '\0') continue;
            const auto why = assign(option, {value}, "environment " + variable);
            if (!why.empty()) return fail(exit_configuration, variable + ": " + why);
        }
    }
    return std::nullopt;
}

std::optional<ExitCode> Options::apply_file() {
    if (config_file_.empty()) return std::nullopt;
    std::ifstream file{config_file_};
    if (!file) return fail(exit_configuration, "cannot read " + config_file_);
    for (const auto& item : CLI::ConfigTOML{}.from_config(file)) {
        if (item.name == "++" || item.name == "--") continue;  // begin and end of a section
        const auto key = item.fullname();
        const auto option = std::ranges::find_if(
            options_, [&](const Option& o) { return o.in_file && o.name == key; });
        if (option == options_.end()) {
            return fail(exit_configuration, config_file_ + ": unknown key " + key);
        }
        if (!option->source.empty()) continue;
        const auto why = assign(*option, item.inputs, config_file_);
        if (!why.empty()) return fail(exit_configuration, config_file_ + ": " + key + ": " + why);
    }
    return std::nullopt;
}

std::string Options::assign(Option& option, const std::vector<std::string>& texts,
                            std::string source) {
    if (!option.binding.is_list && texts.size() != 1) {
        return "takes one value (a text with spaces or commas goes in quotes)";
    }
    for (const auto& text : texts) {
        // CLI11 ends a line of the file at `#`, also inside quotes.
        if (!text.empty() && text.front() == '"') return text + " has no closing quote";
    }
    const auto expected = option.binding.set(texts);
    if (!expected.empty()) return '"' + join(texts) + "\" is not " + expected;
    option.source = std::move(source);
    return {};
}

void Options::print_config() const {
    for (const auto& option : options_) {
        if (!option.in_file) continue;
        auto values = option.binding.get();
        if (option.binding.is_quoted) {
            for (auto& value : values) {
                const char quote = value.find('"') == std::string::npos ? '"' : '\'';
                value = quote + value + quote;
            }
        }
        // What has no value is shown as a comment, so that the output serves as a file.
        const auto value = option.binding.is_list ? "[" + join(values) + "]" : join(values);
        const auto line = (values.empty() ? "# " : "") + option.name + " = " + value;
        out_ << std::left << std::setw(40) << line << " # "
             << (option.source.empty() ? kDefault : option.source) << '\n';
    }
}

ExitCode Options::reject(std::string_view why) const { return fail(exit_usage, why); }

ExitCode Options::fail(ExitCode code, std::string_view why) const {
    err_ << description_.name << ": " << why << '\n';
    if (code == exit_usage) err_ << "See " << description_.name << " --help\n";
    return code;
}

void Options::declare(Binding binding, std::string name, std::string value_name, std::string help,
                      std::vector<std::string> environment) {
    environment.insert(environment.begin(), variable_of(name));
    options_.push_back(Option{std::move(name), std::move(binding), std::move(value_name),
                              std::move(help), std::move(environment)});
}

void Options::declare_argument(Binding binding, std::string value_name, std::string help,
                               Need need) {
    arguments_.push_back(Option{"argument" + std::to_string(arguments_.size() + 1),
                                std::move(binding),
                                std::move(value_name),
                                std::move(help),
                                {},
                                need});
}

}  // namespace streamkit::cli
