#include "streamkit/av/ffmpeg_log.hpp"

#include <array>
#include <mutex>
#include <utility>

#include "ffmpeg.hpp"

namespace streamkit::av {
namespace {

/// FFmpeg's callback takes no context, so the one logger of the process stands here.
struct Destination {
    std::mutex mutex;
    Logger log;
};

Destination& destination() {
    static Destination the_one;
    return the_one;
}

/// FFmpeg warns of much that does no harm, and what it calls an error may be put right later.
LogLevel level_of(int ffmpeg_level) {
    if (ffmpeg_level <= AV_LOG_ERROR) return LogLevel::warn;
    if (ffmpeg_level <= AV_LOG_INFO) return LogLevel::debug;
    return LogLevel::trace;
}

void receive(void* context, int level, const char* format, va_list arguments) {
    if (level > AV_LOG_VERBOSE) return;
    std::array<char, 1024> line{};
    int print_prefix = 1;
    av_log_format_line(context, level, format, arguments, line.data(),
                       static_cast<int>(line.size()), &print_prefix);
    std::string_view text{line.data()};
    while (!text.empty() && text.back() == '\n')
        text.remove_suffix(1);
    auto& [mutex, log] = destination();
    const std::lock_guard lock{mutex};
    log.log(level_of(level), "FFmpeg", {{"text", text}});
}

}  // namespace

void redirect_ffmpeg_log(Logger log) {
    {
        auto& target = destination();
        const std::lock_guard lock{target.mutex};
        target.log = std::move(log);
    }
    av_log_set_callback(receive);
}

}  // namespace streamkit::av
