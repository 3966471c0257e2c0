// streamkit-push: pushes a file to an RTMP server at its own pace, and posts messages with it.

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/log.hpp"
#include "config.hpp"
#include "messages.hpp"
#include "pusher.hpp"
#include "streamkit/base/uri.hpp"
#include "streamkit/net/runtime.hpp"
#if defined(STREAMKIT_HAS_AV)
#include "streamkit/av/ffmpeg_log.hpp"
#include "streamkit/av/file_reader.hpp"
#include "streamkit/av/test_pattern.hpp"
#else
#include "streamkit/service/errc.hpp"
#include "streamkit/service/file_reader.hpp"
#endif

namespace sk = streamkit;
namespace push = streamkit::push;

namespace {

using Source = std::unique_ptr<sk::PacketSource>;

template <class T>
sk::Result<Source> as_source(sk::Result<T> opened) {
    if (!opened) return opened.error();
    return Source{std::make_unique<T>(*std::move(opened))};
}

sk::Result<Source> open_source(const push::Config& config, sk::cli::Log& log) {
#if defined(STREAMKIT_HAS_AV)
    sk::av::redirect_ffmpeg_log(log.logger("ffmpeg"));
    if (!config.pattern) {
        return as_source(sk::av::FileReader::open(config.file, {.log = log.logger("av")}));
    }
    sk::av::TestPatternConfig pattern;
    pattern.width = config.pattern->width;
    pattern.height = config.pattern->height;
    pattern.frame_rate_numerator = config.pattern->frame_rate_numerator;
    pattern.frame_rate_denominator = config.pattern->frame_rate_denominator;
    pattern.log = log.logger("av");
    return as_source(sk::av::TestPattern::open(std::move(pattern)));
#else
    if (config.pattern || config.file == "-") {
        log.logger("push").error("this build is without FFmpeg: it pushes FLV files only");
        return sk::Error{sk::ServiceErrc::unsupported_file, "source"};
    }
    return as_source(sk::FileReader::open(config.file));
#endif
}

/// "live/app" out of rtmp://host/live/app?token=…
std::string stream_of(const std::string& url) {
    const auto uri = sk::Uri::parse(url);
    if (!uri || uri->path.empty()) return {};
    return uri->path.substr(1);
}

sk::cli::ExitCode fail(const std::string& what, const sk::Error& error) {
    std::fprintf(stderr, "streamkit-push: %s: %s\n", what.c_str(), error.message().c_str());
    return sk::cli::exit_code_for(error);
}

}  // namespace

int main(int argc, char** argv) {
    push::Config config;
    if (const auto exit = push::parse(argc, argv, config)) return *exit;
    sk::cli::Log log;
    if (const auto exit = log.open(config.log)) return *exit;

    auto source = open_source(config, log);
    if (!source) return fail(config.pattern ? "test pattern" : config.file, source.error());
    const auto at_end = config.loop ? push::AtEnd::begin_again : push::AtEnd::stop;

    sk::net::Runtime runtime{{.log = log.sink()}};
    const auto reopen_log = runtime.on_hangup([&] { log.reopen(); });
    std::optional<push::Messages> messages;
    if (!config.metadata_url.empty()) {
        auto poster = push::JsonPoster::to(config.metadata_url);
        if (!poster) {
            fail("--metadata-url", poster.error());
            return sk::cli::exit_usage;
        }
        messages.emplace(*std::move(poster),
                         push::MessagesConfig{.stream = stream_of(config.url),
                                              .every = config.metadata_every,
                                              .count = config.metadata_count,
                                              .text = config.metadata_template,
                                              .log = log.logger("metadata")},
                         runtime.shard(0).get_executor());
    }
    push::Pusher pusher{runtime, config, push::Timeline{*std::move(source), at_end},
                        messages ? &*messages : nullptr, log.sink()};
    if (const auto pushed = runtime.run(pusher.run()); !pushed) {
        if (pushed.error().code == sk::net::Errc::interrupted) return sk::cli::exit_interrupted;
        return fail(sk::cli::mask_url(config.url), pushed.error());
    }
    return sk::cli::exit_ok;
}
