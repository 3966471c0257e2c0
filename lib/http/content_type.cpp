#include "streamkit/http/content_type.hpp"

#include "streamkit/http/message.hpp"

namespace streamkit::http {
namespace {

struct Entry {
    std::string_view extension;
    std::string_view content_type;
};

constexpr Entry kEntries[] = {
    {"mpd", "application/dash+xml"},
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"mp4", "video/mp4"},
    {"m4v", "video/mp4"},
    {"cmfv", "video/mp4"},
    {"m4a", "audio/mp4"},
    {"cmfa", "audio/mp4"},
    {"m4s", "video/iso.segment"},
    {"ts", "video/mp2t"},
    {"flv", "video/x-flv"},
    {"webm", "video/webm"},
    {"mkv", "video/matroska"},
    {"aac", "audio/aac"},
    {"mp3", "audio/mpeg"},
    {"wav", "audio/wav"},
    {"vtt", "text/vtt; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"txt", "text/plain; charset=utf-8"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"ico", "image/vnd.microsoft.icon"},
    {"woff2", "font/woff2"},
};

}  // namespace

std::string_view content_type_of(std::string_view file_name) noexcept {
    const auto dot = file_name.rfind('.');
    if (dot != std::string_view::npos) {
        const auto extension = file_name.substr(dot + 1);
        for (const auto& entry : kEntries) {
            if (equal_ignoring_case(entry.extension, extension)) return entry.content_type;
        }
    }
    return "application/octet-stream";
}

}  // namespace streamkit::http
