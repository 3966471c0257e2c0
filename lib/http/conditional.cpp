#include "streamkit/http/conditional.hpp"

#include "streamkit/http/date.hpp"

namespace streamkit::http {
namespace {

constexpr std::string_view kWeakPrefix = "W/";

/// RFC 9110, 8.8.3: etagc = %x21 / %x23-7E / obs-text
bool is_etag_character(char c) noexcept {
    const auto code = static_cast<unsigned char>(c);
    return code == 0x21 || (code >= 0x23 && code != 0x7f);
}

std::string_view opaque_tag(std::string_view etag) noexcept {
    if (etag.starts_with(kWeakPrefix)) etag.remove_prefix(kWeakPrefix.size());
    return etag;
}

bool same_etag(std::string_view a, std::string_view b, bool weak) noexcept {
    if (!weak && (a.starts_with(kWeakPrefix) || b.starts_with(kWeakPrefix))) return false;
    return opaque_tag(a) == opaque_tag(b);
}

/// HTTP dates have whole seconds.
std::optional<WallTime> whole_seconds(std::optional<WallTime> time) noexcept {
    if (!time) return std::nullopt;
    return std::chrono::floor<std::chrono::seconds>(*time);
}

bool modified_since(const Validators& current, std::string_view date) noexcept {
    const auto since = parse_date(date);
    if (!since || !current.last_modified) return true;
    return *whole_seconds(current.last_modified) > *since;
}

}  // namespace

std::string make_etag(std::string_view text) {
    std::string etag = "\"";
    for (const char c : text) {
        if (is_etag_character(c)) etag += c;
    }
    return etag + '"';
}

bool etag_in_list(std::string_view list, std::string_view etag, bool weak) noexcept {
    if (list == "*") return true;
    while (!list.empty()) {
        if (list.front() == ' ' || list.front() == '\t' || list.front() == ',') {
            list.remove_prefix(1);
            continue;
        }
        const std::size_t quote = list.starts_with(kWeakPrefix) ? kWeakPrefix.size() : 0;
        if (list.size() <= quote || list[quote] != '"') return false;
        const auto end = list.find('"', quote + 1);
        if (end == std::string_view::npos) return false;
        if (!etag.empty() && same_etag(list.substr(0, end + 1), etag, weak)) return true;
        list.remove_prefix(end + 1);
    }
    return false;
}

Precondition evaluate_preconditions(const RequestHead& request, const Validators& current) {
    const auto& headers = request.headers;
    const bool safe = request.method == Method::get || request.method == Method::head;

    if (const auto list = headers.find("If-Match")) {
        if (!etag_in_list(*list, current.etag, false)) return Precondition::failed;
    } else if (const auto date = headers.find("If-Unmodified-Since")) {
        if (parse_date(*date) && modified_since(current, *date)) return Precondition::failed;
    }
    if (const auto list = headers.find("If-None-Match")) {
        if (!etag_in_list(*list, current.etag, true)) return Precondition::holds;
        return safe ? Precondition::not_modified : Precondition::failed;
    }
    const auto date = headers.find("If-Modified-Since");
    if (date && safe && !modified_since(current, *date)) return Precondition::not_modified;
    return Precondition::holds;
}

bool range_applies(const RequestHead& request, const Validators& current) {
    if (request.method != Method::get) return false;  // RFC 9110, 14.2
    const auto condition = request.headers.find("If-Range");
    if (!condition) return true;
    if (condition->starts_with('"')) return same_etag(*condition, current.etag, false);
    const auto date = parse_date(*condition);
    return date && whole_seconds(current.last_modified) == date;
}

}  // namespace streamkit::http
