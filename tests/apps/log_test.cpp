#include "cli/log.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

namespace streamkit::cli {
namespace {

using test::ContainsSubstring;

std::string text_of(const std::filesystem::path& file) {
    std::stringstream text;
    text << std::ifstream{file}.rdbuf();
    return text.str();
}

TEST_CASE("a text line has time, level, component, message and fields", "[apps][log]") {
    const test::TemporaryDirectory folder;
    const auto file = folder.path() / "log";
    Log log;
    REQUIRE_FALSE(log.open({.level = LogLevel::info, .file = file.string()}));
    log.logger("rtmp").info("publish",
                            {{"connection", 7U}, {"reason", "two \"words\"\n"}, {"ok", true}});
    log.logger("rtmp").debug("not shown");
    const auto text = text_of(file);
    CHECK(text.substr(10, 1) == "T");
    CHECK(text.substr(23) ==
          "Z info  rtmp: publish connection=7 reason=\"two \\\"words\\\"\\n\" ok=true\n");
}

TEST_CASE("a JSON line is one object", "[apps][log]") {
    const test::TemporaryDirectory folder;
    const auto file = folder.path() / "log";
    Log log;
    REQUIRE_FALSE(
        log.open({.level = LogLevel::trace, .format = LogFormat::json, .file = file.string()}));
    log.logger("http").warn("slow \x01", {{"bytes", -1}, {"share", 0.5}, {"agent", "a\"b"}});
    const auto text = text_of(file);
    CHECK(text.substr(0, 9) == "{\"time\":\"");
    CHECK(text.substr(33) ==
          "\",\"level\":\"warn\",\"component\":\"http\",\"message\":\"slow \\u0001\",\"bytes\":-1,"
          "\"share\":0.5,\"agent\":\"a\\\"b\"}\n");
}

TEST_CASE("the log file is opened anew after it was moved away", "[apps][log]") {
    const test::TemporaryDirectory folder;
    const auto file = folder.path() / "log";
    Log log;
    REQUIRE_FALSE(log.open({.file = file.string()}));
    const auto logger = log.logger("server");
    logger.info("before");
    std::filesystem::rename(file, folder.path() / "old");
    log.reopen();
    logger.info("after");
    CHECK_THAT(text_of(folder.path() / "old"), ContainsSubstring("before"));
    CHECK_THAT(text_of(file), ContainsSubstring("after"));
}

TEST_CASE("the log file rotates", "[apps][log]") {
    const test::TemporaryDirectory folder;
    const auto file = folder.path() / "server.log";
    Log log;
    REQUIRE_FALSE(log.open({.file = file.string(), .rotate = ByteSize{200}}));
    for (int i = 0; i < 30; ++i)
        log.logger("server").info("a line of some length", {{"i", i}});
    CHECK(std::filesystem::exists(folder.path() / "server.1.log"));
    CHECK(std::filesystem::exists(folder.path() / "server.5.log"));
    CHECK_FALSE(std::filesystem::exists(folder.path() / "server.6.log"));
}

TEST_CASE("a log file that cannot be written is a configuration error", "[apps][log]") {
    Log log;
    CHECK(log.open({.file = "/dev/null/log"}) == exit_configuration);
}

TEST_CASE("stream keys are masked", "[apps][log]") {
    CHECK(mask_key("live_2f8a1c") == "liv***");
    CHECK(mask_key("app") == "a***");
    CHECK(mask_key("") == "***");
    CHECK(mask_url("rtmp://host/live/live_2f8a1c") == "rtmp://host/live/liv***");
    CHECK(mask_url("rtmp://me:secret@host:1935/live/app?token=1") ==
          "rtmp://***@host:1935/live/a***?***");
    CHECK(mask_url("rtmp://host") == "rtmp://host");
    CHECK(mask_url("rtmp://host/") == "rtmp://host/");
    CHECK(mask_url("clip.mp4") == "clip.mp4");
    CHECK(mask_url("") == "");

    const test::TemporaryDirectory folder;
    const auto file = folder.path() / "log";
    Log log;
    REQUIRE_FALSE(log.open({.file = file.string()}));
    log.logger("rtmp").info("publish", {{"stream_key", "live_2f8a1c"},
                                        {"stream", "live/live_2f8a1c"},
                                        {"url", "rtmp://host/live/live_2f8a1c"}});
    CHECK_THAT(text_of(file), ContainsSubstring("stream_key=liv*** stream=live/liv*** "
                                                "url=rtmp://host/live/liv***"));
}

}  // namespace
}  // namespace streamkit::cli
