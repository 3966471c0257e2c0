#include "streamkit/rtmp/stream_name.hpp"

#include <algorithm>
#include <utility>

#include "streamkit/base/uri.hpp"
#include "streamkit/base/utf8.hpp"

namespace streamkit::rtmp {
namespace {

constexpr std::size_t kMaxEncodedExpansion = 3;  // "%41" for "A"

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

std::size_t find_control(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::find_if(text, is_control) - text.begin());
}

struct Cut {
    std::string_view path;
    std::string_view query;
};

Cut cut_at_query(std::string_view text) {
    const auto mark = text.find('?');
    if (mark == std::string_view::npos) return {text, {}};
    return {text.substr(0, mark), text.substr(mark + 1)};
}

// Decodes, checks and joins the parts between slashes.
Result<std::string> clean_path(std::string_view encoded, const NameLimits& limits) {
    if (encoded.size() > kMaxEncodedExpansion * limits.max_path_bytes) {
        return Error{Errc::stream_name_too_long, "stream name", encoded.size()};
    }
    const auto decoded = percent_decode(encoded).value_or(encoded);
    if (decoded.size() > limits.max_path_bytes) {
        return Error{Errc::stream_name_too_long, "stream name", decoded.size()};
    }
    if (const auto at = valid_utf8_prefix(decoded); at != decoded.size()) {
        return Error{Errc::stream_name_not_utf8, "stream name", at};
    }
    if (const auto at = find_control(decoded); at != decoded.size()) {
        return Error{Errc::stream_name_control_character, "stream name", at};
    }
    std::string path;
    for (std::size_t begin = 0; begin < decoded.size();) {
        const auto end = std::min(decoded.find('/', begin), decoded.size());
        const auto part = std::string_view{decoded}.substr(begin, end - begin);
        if (part == "." || part == ".." || part.find('\\') != std::string_view::npos) {
            return Error{Errc::stream_name_dot_segment, "stream name", begin};
        }
        if (!part.empty()) {
            if (!path.empty()) path += '/';
            path += part;
        }
        begin = end + 1;
    }
    return path;
}

Result<void> check_query(std::string_view query, const NameLimits& limits) {
    if (query.size() > limits.max_query_bytes) {
        return Error{Errc::stream_name_too_long, "query", query.size()};
    }
    if (const auto at = find_control(query); at != query.size()) {
        return Error{Errc::stream_name_control_character, "query", at};
    }
    if (const auto at = valid_utf8_prefix(query); at != query.size()) {
        return Error{Errc::stream_name_not_utf8, "query", at};
    }
    return {};
}

std::string_view without_type_prefix(std::string_view name) {
    for (const std::string_view prefix : {"mp4:", "flv:", "mp3:"}) {
        if (name.starts_with(prefix)) return name.substr(prefix.size());
    }
    return name;
}

}  // namespace

Result<AppName> AppName::parse(std::string_view app, std::string_view tc_url,
                               const NameLimits& limits) {
    auto [path, query] = cut_at_query(app);
    // `Uri` owns the parts that the views refer to.
    const auto url = Uri::parse(tc_url);
    if (url && path.empty()) path = url->path;
    if (url && query.empty()) query = url->query;
    auto clean = clean_path(path, limits);
    if (!clean) return clean.error();
    STREAMKIT_TRY(check_query(query, limits));
    return AppName{*std::move(clean), std::string{query}};
}

Result<StreamName> StreamName::parse(const AppName& app, std::string_view name,
                                     const NameLimits& limits) {
    const auto [encoded, query] = cut_at_query(without_type_prefix(name));
    auto path = clean_path(encoded, limits);
    if (!path) return path.error();
    if (!app.path.empty() && !path->empty()) {
        path = app.path + "/" + *path;
    } else if (path->empty()) {
        path = app.path;
    }
    if (path->size() > limits.max_path_bytes) {
        return Error{Errc::stream_name_too_long, "stream name", path->size()};
    }
    const auto last_slash = path->rfind('/');
    if (last_slash == std::string::npos) return Error{Errc::empty_stream_name, "stream name"};

    StreamName stream;
    stream.app = path->substr(0, last_slash);
    stream.name = path->substr(last_slash + 1);
    stream.query = app.query;
    if (!stream.query.empty() && !query.empty()) stream.query += '&';
    stream.query += query;
    STREAMKIT_TRY(check_query(stream.query, limits));
    return stream;
}

}  // namespace streamkit::rtmp
