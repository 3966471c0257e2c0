#include "streamkit/http/target.hpp"

#include <algorithm>

#include "streamkit/base/uri.hpp"
#include "streamkit/base/utf8.hpp"
#include "streamkit/http/errc.hpp"
#include "streamkit/http/message.hpp"

namespace streamkit::http {
namespace {

bool is_control(char c) noexcept {
    const auto code = static_cast<unsigned char>(c);
    return code < 0x20 || code == 0x7f;
}

bool has_dot_segment(std::string_view path) noexcept {
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const auto segment = path.substr(0, path.find('/'));
        if (segment == "." || segment == "..") return true;
        path.remove_prefix(segment.size());
    }
    return false;
}

/// The length of `scheme://authority` at the front of the absolute form; 0 for any other form.
std::size_t authority_end(std::string_view text) noexcept {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equal_ignoring_case(text.substr(0, scheme.size()), scheme)) continue;
        const auto end = std::min(text.find_first_of("/?", scheme.size()), text.size());
        return end > scheme.size() ? end : 0;
    }
    return 0;
}

}  // namespace

Result<Target> Target::parse(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto code = static_cast<unsigned char>(text[i]);
        if (code <= 0x20 || code >= 0x7f || code == '#') {
            return Error{Errc::malformed_target, "character", i};
        }
    }
    Target target;
    if (text == "*") {
        target.path = "*";
        return target;
    }
    // RFC 9112, 3.2.2: a server must accept the absolute form, whose path may be empty.
    const auto authority = authority_end(text);
    text.remove_prefix(authority);
    const auto question_mark = text.find('?');
    if (question_mark != std::string_view::npos) target.query = text.substr(question_mark + 1);

    auto path = text.substr(0, question_mark);
    if (path.empty() && authority != 0) path = "/";
    if (!path.starts_with('/')) return Error{Errc::malformed_target, "path without a slash"};
    auto decoded = percent_decode(path);
    if (!decoded) return Error{Errc::malformed_target, "percent-encoding", decoded.error().offset};
    for (const char c : *decoded) {
        if (is_control(c)) return Error{Errc::malformed_target, "encoded control character"};
    }
    if (!is_valid_utf8(*decoded)) return Error{Errc::malformed_target, "path that is not UTF-8"};
    if (has_dot_segment(*decoded)) return Error{Errc::malformed_target, "dot segment in the path"};
    target.path = std::move(*decoded);
    return target;
}

}  // namespace streamkit::http
