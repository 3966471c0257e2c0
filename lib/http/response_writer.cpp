#include "response_writer.hpp"

#include <algorithm>
#include <iterator>

#include "streamkit/http/date.hpp"

namespace streamkit::http {
namespace {

constexpr std::string_view kFramingFields[] = {"Connection", "Content-Length", "Keep-Alive",
                                               "Transfer-Encoding"};

bool is_framing_field(std::string_view name) noexcept {
    return std::any_of(std::begin(kFramingFields), std::end(kFramingFields),
                       [&](auto field) { return equal_ignoring_case(field, name); });
}

void append_framing(std::string& text, const ResponseFrame& frame) {
    switch (frame.framing) {
        case Framing::length:
            append_field(text, "Content-Length", std::to_string(frame.content_length));
            break;
        case Framing::chunked:
            append_field(text, "Transfer-Encoding", "chunked");
            break;
        case Framing::no_body:
        case Framing::until_close:
            break;
    }
}

}  // namespace

std::string write_head(const ResponseHead& head, const Headers& common_headers,
                       const ResponseFrame& frame) {
    std::string text;
    text.reserve(512);
    text += "HTTP/1.1 ";
    text += std::to_string(head.status);
    text += ' ';
    text += reason_phrase(head.status);
    text += "\r\n";
    if (!head.headers.contains("Date")) append_field(text, "Date", format_date(frame.date));
    for (const auto& field : head.headers) {
        if (!is_framing_field(field.name)) append_field(text, field.name, field.value);
    }
    for (const auto& field : common_headers) {
        if (!is_framing_field(field.name) && !head.headers.contains(field.name)) {
            append_field(text, field.name, field.value);
        }
    }
    append_framing(text, frame);
    if (!frame.connection.empty()) append_field(text, "Connection", frame.connection);
    text += "\r\n";
    return text;
}

void append_field(std::string& text, std::string_view name, std::string_view value) {
    text += name;
    text += ": ";
    std::transform(value.begin(), value.end(), std::back_inserter(text), [](char c) {
        const auto code = static_cast<unsigned char>(c);
        return code < 0x20 || code == 0x7f ? ' ' : c;
    });
    text += "\r\n";
}

}  // namespace streamkit::http
