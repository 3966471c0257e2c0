#include "streamkit/http/sse.hpp"

#include <algorithm>
#include <iterator>

namespace streamkit::http {
namespace {

void append_field(std::string& text, std::string_view name, std::string_view value) {
    text += name;
    text += ": ";
    std::copy_if(value.begin(), value.end(), std::back_inserter(text),
                 [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
    text += '\n';
}

/// Cuts the first line off; CR, LF and CRLF end one, as clients read them.
std::string_view next_line(std::string_view& text) noexcept {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(end);
    text.remove_prefix(text.starts_with("\r\n") ? 2 : std::min<std::size_t>(1, text.size()));
    return line;
}

}  // namespace

std::string format_event(const ServerSentEvent& event) {
    std::string text;
    if (!event.event.empty()) append_field(text, "event", event.event);
    if (!event.id.empty()) append_field(text, "id", event.id);
    if (event.retry) append_field(text, "retry", std::to_string(event.retry->count()));
    std::string_view data = event.data;
    do {
        text += "data: ";
        text += next_line(data);
        text += '\n';
    } while (!data.empty());
    return text + '\n';
}

}  // namespace streamkit::http
