#include "streamkit/http/router.hpp"

#include "streamkit/base/assert.hpp"

namespace streamkit::http {
namespace {

/// Cuts "/segment" off the front and gives the segment.
std::string_view next_segment(std::string_view& path) noexcept {
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

}  // namespace

PathPattern::PathPattern(std::string_view pattern) {
    STREAMKIT_ASSERT(pattern.starts_with('/'));
    while (!pattern.empty()) {
        const auto text = next_segment(pattern);
        if (!text.starts_with('{')) {
            segments_.push_back({Segment::Kind::literal, std::string{text}});
        } else if (text.ends_with("...}")) {
            STREAMKIT_ASSERT(pattern.empty());  // nothing can follow the rest
            segments_.push_back({Segment::Kind::rest, {}});
        } else {
            segments_.push_back({Segment::Kind::named, {}});
        }
    }
}

std::optional<std::vector<std::string>> PathPattern::match(std::string_view path) const {
    if (!path.starts_with('/')) return std::nullopt;  // `*` of OPTIONS
    std::vector<std::string> values;
    for (const auto& segment : segments_) {
        if (path.empty()) return std::nullopt;
        if (segment.kind == Segment::Kind::rest) {
            if (path.size() < 2) return std::nullopt;
            values.emplace_back(path.substr(1));
            return values;
        }
        const auto text = next_segment(path);
        if (segment.kind == Segment::Kind::literal) {
            if (text != segment.text) return std::nullopt;
        } else {
            if (text.empty()) return std::nullopt;
            values.emplace_back(text);
        }
    }
    if (!path.empty()) return std::nullopt;
    return values;
}

}  // namespace streamkit::http
