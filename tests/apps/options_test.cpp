#include "cli/options.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/port_file.hpp"
#include "cli/progress.hpp"
#include "streamkit/net/errc.hpp"
#include "streamkit/service/errc.hpp"
#include "support/catch.hpp"

namespace streamkit::cli {
namespace {

using namespace std::chrono_literals;
using test::ContainsSubstring;
using test::StartsWith;

/// An environment variable for the length of a test.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { unsetenv(name_); }

private:
    const char* name_;
};

/// A file for the length of a test.
class File {
public:
    explicit File(std::string_view text) {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "streamkit-XXXXXX").string();
        close(mkstemp(pattern.data()));
        name = pattern;
        std::ofstream{name} << text;
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { std::filesystem::remove(name); }

    std::string name;
};

/// A program with an option of each kind.
struct Program {
    std::string source;
    std::optional<std::string> target;
    std::uint16_t port = 1935;
    std::chrono::milliseconds window = 60s;
    std::optional<double> seconds;
    std::vector<std::string> channels;
    std::string text = "message {n}";
    bool loop = false;

    std::ostringstream out;
    std::ostringstream err;
    Options options{{"program", "Does it.", "program clip.mp4"}, out, err};

    Program() {
        options.argument("FILE|-", source, "what to read");
        options.argument("URL", target, "where to", Need::optional);
        options.add("rtmp-port", port, "PORT", "where publishers connect", {"RTMP_PORT"});
        options.add("window", window, "DURATION", "how much is kept");
        options.add("duration", seconds, "SECONDS", "stop then");
        options.add("channel", channels, "N=DIR", "a channel");
        options.add("text", text, "TEXT", "a text");
        options.flag("loop", loop, "begin again at the end");
    }

    std::optional<ExitCode> parse(std::vector<const char*> arguments) {
        arguments.insert(arguments.begin(), "program");
        return options.parse(static_cast<int>(arguments.size()), arguments.data());
    }
};

TEST_CASE("the defaults stand where nothing is given", "[apps][options]") {
    Program program;
    CHECK_FALSE(program.parse({"clip.mp4"}));
    CHECK(program.source == "clip.mp4");
    CHECK_FALSE(program.target);
    CHECK(program.port == 1935);
    CHECK(program.window == 60s);
    CHECK_FALSE(program.seconds);
    CHECK_FALSE(program.loop);
    CHECK(program.err.str().empty());
}

TEST_CASE("flags and arguments reach their variables", "[apps][options]") {
    Program program;
    CHECK_FALSE(
        program.parse({"--rtmp-port", "0", "-", "--window=200ms", "rtmp://h/live/app", "--loop",
                       "--channel", "0=a", "--channel", "1=b", "--duration", "1.5"}));
    CHECK(program.source == "-");
    CHECK(program.target == "rtmp://h/live/app");
    CHECK(program.port == 0);
    CHECK(program.window == 200ms);
    CHECK(program.seconds == 1.5);
    CHECK(program.loop);
    CHECK(program.channels == std::vector<std::string>{"0=a", "1=b"});
}

TEST_CASE("a flag beats the environment beats the file beats the default", "[apps][options]") {
    const File file{
        "# ports\nrtmp-port = 1\nwindow = 30 # short\nloop = true\n"
        "text = \"two words\"\nchannel = [\"0=a\", \"1=b\"]\n"};
    SECTION("the file") {
        Program program;
        CHECK_FALSE(program.parse({"x", "--config", file.name.c_str()}));
        CHECK(program.port == 1);
        CHECK(program.window == 30s);
        CHECK(program.loop);
        CHECK(program.text == "two words");
        CHECK(program.channels == std::vector<std::string>{"0=a", "1=b"});
    }
    SECTION("a further variable, over the file that a variable names") {
        const Variable config{"STREAMKIT_CONFIG", file.name.c_str()};
        const Variable port{"RTMP_PORT", "2"};
        Program program;
        CHECK_FALSE(program.parse({"x"}));
        CHECK(program.port == 2);
        CHECK(program.window == 30s);
    }
    SECTION("the option's own variable") {
        const Variable further{"RTMP_PORT", "2"};
        const Variable own{"STREAMKIT_RTMP_PORT", "3"};
        const Variable loop{"STREAMKIT_LOOP", "no"};
        Program program;
        CHECK_FALSE(program.parse({"x", "--config", file.name.c_str()}));
        CHECK(program.port == 3);
        CHECK_FALSE(program.loop);
    }
    SECTION("the flag") {
        const Variable own{"STREAMKIT_RTMP_PORT", "3"};
        Program program;
        CHECK_FALSE(program.parse({"x", "--rtmp-port", "4", "--config", file.name.c_str()}));
        CHECK(program.port == 4);
    }
    SECTION("an empty variable is none") {
        const Variable own{"STREAMKIT_RTMP_PORT", ""};
        Program program;
        CHECK_FALSE(program.parse({"x"}));
        CHECK(program.port == 1935);
    }
}

TEST_CASE("what is wrong is said, with the exit code of its place", "[apps][options]") {
    Program program;
    SECTION("an unknown flag") {
        CHECK(program.parse({"x", "--rtmp-prot", "1"}) == exit_usage);
        CHECK_THAT(program.err.str(), ContainsSubstring("--rtmp-prot"));
    }
    SECTION("a missing argument") {
        CHECK(program.parse({}) == exit_usage);
        CHECK_THAT(program.err.str(), StartsWith("program: FILE|- is missing"));
    }
    SECTION("one argument too many") { CHECK(program.parse({"a", "b", "c"}) == exit_usage); }
    SECTION("a missing value") { CHECK(program.parse({"x", "--rtmp-port"}) == exit_usage); }
    SECTION("a value given twice") {
        CHECK(program.parse({"x", "--rtmp-port", "1", "--rtmp-port", "2"}) == exit_usage);
    }
    SECTION("a value of the wrong kind") {
        CHECK(program.parse({"x", "--rtmp-port", "70000"}) == exit_usage);
        CHECK_THAT(
            program.err.str(),
            StartsWith("program: --rtmp-port: \"70000\" is not a whole number from 0 to 65535"));
    }
    SECTION("a variable of the wrong kind") {
        const Variable port{"RTMP_PORT", "http"};
        CHECK(program.parse({"x"}) == exit_configuration);
        CHECK_THAT(program.err.str(), StartsWith("program: RTMP_PORT: \"http\" is not"));
    }
    SECTION("a file that is not there") {
        CHECK(program.parse({"x", "--config", "/nowhere/at.all"}) == exit_configuration);
    }
    SECTION("options that do not go together") {
        CHECK(program.options.reject("--a needs --b") == exit_usage);
        CHECK_THAT(program.err.str(), StartsWith("program: --a needs --b"));
    }
}

TEST_CASE("a mistake in the file is named", "[apps][options]") {
    struct Case {
        const char* text;
        const char* complaint;
    };
    const Case cases[] = {
        {"rtmp-prot = 1\n", "unknown key rtmp-prot"},
        {"[server]\nrtmp-port = 1\n", "unknown key server.rtmp-port"},
        {"config = other.toml\n", "unknown key config"},
        {"rtmp-port = http\n", "rtmp-port: \"http\" is not"},
        {"rtmp-port = [1, 2]\n", "takes one value"},
        {"text = two words\n", "takes one value"},
        {"text = \"a # b\"\n", "no closing quote"},
        {"log-level = loud\n", "one of trace"},
    };
    for (const auto& [text, complaint] : cases) {
        CAPTURE(text);
        const File file{text};
        Program program;
        CHECK(program.parse({"x", "--config", file.name.c_str()}) == exit_configuration);
        CHECK_THAT(program.err.str(), ContainsSubstring(complaint));
        CHECK_THAT(program.err.str(), ContainsSubstring(file.name));
    }
}

TEST_CASE("help begins with an example and names every option", "[apps][options]") {
    Program program;
    CHECK(program.parse({"--help"}) == exit_ok);
    const auto help = program.out.str();
    CHECK_THAT(help, StartsWith("Example: program clip.mp4\n"));
    CHECK_THAT(help, ContainsSubstring("Usage: program FILE|- [URL] [OPTIONS]"));
    CHECK_THAT(help, ContainsSubstring("--rtmp-port PORT"));
    CHECK_THAT(help, ContainsSubstring("where publishers connect [1935] (RTMP_PORT)"));
    CHECK_THAT(help, ContainsSubstring("--log-rotate SIZE"));
}

TEST_CASE("version names the library and what it is built with", "[apps][options]") {
    Program program;
    CHECK(program.parse({"--version"}) == exit_ok);
    CHECK_THAT(program.out.str(), StartsWith("program "));
    CHECK_THAT(program.out.str(), ContainsSubstring("OpenSSL"));
    CHECK_THAT(program.out.str(), ContainsSubstring("spdlog"));
}

TEST_CASE("print-config shows values and sources, and serves as a file", "[apps][options]") {
    const Variable port{"RTMP_PORT", "7"};
    std::string shown;
    {
        Program program;
        CHECK(program.parse({"--print-config", "--loop", "--channel", "0=a b,c", "--text",
                             "it's"}) == exit_ok);
        shown = program.out.str();
    }
    CHECK_THAT(shown, ContainsSubstring(
                          "rtmp-port = 7                            # environment RTMP_PORT\n"));
    CHECK_THAT(shown,
               ContainsSubstring("loop = true                              # command line\n"));
    CHECK_THAT(shown, ContainsSubstring("window = \"60s\"                           # default\n"));
    CHECK_THAT(shown, ContainsSubstring("# duration = "));

    const File file{shown};
    Program program;
    CHECK_FALSE(program.parse({"x", "--config", file.name.c_str()}));
    CHECK(program.port == 7);
    CHECK(program.loop);
    CHECK(program.text == "it's");
    CHECK(program.channels == std::vector<std::string>{"0=a b,c"});
    CHECK_FALSE(program.seconds);
}

TEST_CASE("a common option takes a further variable", "[apps][options]") {
    const Variable level{"RTMP_LOG_LEVEL", "debug"};
    Program program;
    program.options.also_from("log-level", "RTMP_LOG_LEVEL");
    CHECK_FALSE(program.parse({"x"}));
    CHECK(program.options.log_config().level == LogLevel::debug);
}

TEST_CASE("the port file has a line a port", "[apps][port_file]") {
    const File file{"old"};
    const NamedPort ports[] = {{"rtmp", 1935}, {"http", 8080}};
    CHECK_FALSE(write_port_file(file.name, ports));
    std::stringstream text;
    text << std::ifstream{file.name}.rdbuf();
    CHECK(text.str() == "rtmp=1935\nhttp=8080\n");
    CHECK_FALSE(std::filesystem::exists(file.name + ".tmp"));
    CHECK(write_port_file("/nowhere/at/all", ports) == exit_configuration);
}

TEST_CASE("a busy port says what to do", "[apps][port_file]") {
    const Error busy{net::Errc::address_in_use, "bind"};
    CHECK(
        bind_advice(busy, 1935, "--rtmp-port") ==
        "port 1935 is in use: end the other program or give another port with --rtmp-port (0 takes any)");
}

TEST_CASE("errors have their exit codes", "[apps][exit_code]") {
    CHECK(exit_code_for({net::Errc::address_in_use, "bind"}) == exit_cannot_connect);
    CHECK(exit_code_for({net::Errc::connection_refused, "connect"}) == exit_cannot_connect);
    CHECK(exit_code_for({net::Errc::unknown_host, "connect"}) == exit_cannot_connect);
    CHECK(exit_code_for({net::Errc::timed_out, "connect"}) == exit_timed_out);
    CHECK(exit_code_for({net::Errc::interrupted, "run"}) == exit_interrupted);
    CHECK(exit_code_for({net::Errc::connection_reset, "send"}) == exit_failed);
    CHECK(exit_code_for({ServiceErrc::refused_by_peer, "publish"}) == exit_refused);
}

TEST_CASE("progress is a line every five seconds, rewritten in place on a terminal",
          "[apps][progress]") {
    const auto shown = [](bool terminal) {
        std::FILE* output = std::tmpfile();
        Progress progress{output, terminal};
        const TimePoint start{};
        progress.update(start, "one");
        progress.update(start + 50ms, "two");
        progress.update(start + 150ms, "three");
        progress.update(start + 5s, "four");
        progress.finish("done");
        std::string text(static_cast<std::size_t>(std::ftell(output)), '\0');
        std::rewind(output);
        CHECK(std::fread(text.data(), 1, text.size(), output) == text.size());
        std::fclose(output);
        return text;
    };
    CHECK(shown(false) == "one\nfour\ndone\n");
    CHECK(shown(true) == "one\x1b[K\rthree\x1b[K\rfour\x1b[K\rdone\x1b[K\n");
}

}  // namespace
}  // namespace streamkit::cli
