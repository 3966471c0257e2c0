#include "config.hpp"

#include <charconv>

#include "cli/options.hpp"
#include "streamkit/base/uri.hpp"

namespace streamkit::push {

std::optional<cli::ExitCode> parse(int argc, const char* const* argv, Config& config) {
    std::string first;
    std::optional<std::string> second;
    cli::Options options{{"streamkit-push",
                          "Pushes a media file to an RTMP server at its own pace, and posts "
                          "messages along with it.",
                          "streamkit-push clip.mp4 rtmp://localhost/live/app --loop "
                          "--metadata-url http://localhost:8080/metadata"}};
    options.argument("FILE|-", first,
                     "what to push, - for the standard input; not with "
                     "--test-pattern");
    options.argument("URL", second, "where to: rtmp://host[:port]/app/key", cli::Need::optional);
    options.flag("loop", config.loop, "begin again at the end of the file");
    options.flag("realtime-off", config.realtime_off, "as fast as the server takes it");
    options.flag("reconnect", config.reconnect, "try again when the connection fails");
    options.add("duration", config.duration, "SECONDS", "stop after so much media");
    options.add("test-pattern", config.pattern, "WxH@FPS", "push a test picture and a tone");
    options.add("metadata-url", config.metadata_url, "URL", "post messages there while pushing");
    options.add("metadata-every", config.metadata_every, "SECONDS", "time between two messages");
    options.add("metadata-count", config.metadata_count, "N", "messages in all");
    options.add("metadata-template", config.metadata_template, "TEXT",
                "the message; {n} is its number, from 1");
    if (const auto exit = options.parse(argc, argv)) return exit;
    if (config.pattern) {
        if (second)
            return options.reject("--test-pattern takes the place of FILE: give the URL only");
        config.url = first;
    } else {
        if (!second) return options.reject("URL is missing");
        config.file = first;
        config.url = *second;
    }
    const auto url = Uri::parse(config.url);
    if (!url || !url->scheme.starts_with("rtmp") || url->path.size() < 2) {
        return options.reject("the URL to push to is written rtmp://host[:port]/app/key");
    }
    if (config.loop && config.file == "-") {
        return options.reject("--loop: the standard input cannot be read twice");
    }
    if (config.metadata_every.count() == 0) {
        return options.reject("--metadata-every must be more than 0");
    }
    config.log = options.log_config();
    return std::nullopt;
}

}  // namespace streamkit::push

namespace streamkit::cli {
namespace {

/// Takes a number off the front of the text; 0 (which no field may be) if there is none.
std::uint32_t take_number(std::string_view& text) {
    std::uint32_t number = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(result.ptr - text.data()));
    return result.ec == std::errc{} ? number : 0;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::optional<push::Pattern> Format<push::Pattern>::read(std::string_view text) {
    push::Pattern pattern;
    pattern.width = take_number(text);
    if (!take(text, 'x')) return std::nullopt;
    pattern.height = take_number(text);
    if (!take(text, '@')) return std::nullopt;
    pattern.frame_rate_numerator = take_number(text);
    if (take(text, '/')) pattern.frame_rate_denominator = take_number(text);
    const bool complete = text.empty() && pattern.width != 0 && pattern.height != 0 &&
                          pattern.frame_rate_numerator != 0 && pattern.frame_rate_denominator != 0;
    // The encoder's chroma has half the size.
    if (!complete || pattern.width % 2 != 0 || pattern.height % 2 != 0) return std::nullopt;
    return pattern;
}

std::string Format<push::Pattern>::write(const push::Pattern& value) {
    auto text = std::to_string(value.width) + "x" + std::to_string(value.height) + "@" +
                std::to_string(value.frame_rate_numerator);
    if (value.frame_rate_denominator != 1) {
        text += "/" + std::to_string(value.frame_rate_denominator);
    }
    return text;
}

}  // namespace streamkit::cli
