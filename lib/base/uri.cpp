#include "streamkit/base/uri.hpp"

#include <algorithm>
#include <charconv>

#include "streamkit/base/errc.hpp"

namespace streamkit {
namespace {

constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_unreserved(char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_scheme(std::string_view text) {
    return !text.empty() && is_alpha(text[0]) && std::ranges::all_of(text, [](char c) {
        return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
    });
}

/// Cuts `text` at the first `separator`; what follows it is returned, without it.
std::string_view cut(std::string_view& text, char separator) {
    const auto at = text.find(separator);
    if (at == std::string_view::npos) return {};
    const auto tail = text.substr(at + 1);
    text = text.substr(0, at);
    return tail;
}

std::string form_decode(std::string_view text) {
    std::string spaced{text};
    std::ranges::replace(spaced, '+', ' ');
    auto decoded = percent_decode(spaced);
    return decoded ? std::move(*decoded) : std::string{text};
}

}  // namespace

Result<Uri> Uri::parse(std::string_view text) {
    const auto bad = std::ranges::find_if(
        text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
    if (bad != text.end()) {
        return Error{BaseErrc::malformed_uri, "control character or space in URI",
                     static_cast<std::uint64_t>(bad - text.begin())};
    }
    Uri uri;
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos || !is_scheme(text.substr(0, scheme_end))) {
        return Error{BaseErrc::malformed_uri, "URI scheme"};
    }
    for (const char c : text.substr(0, scheme_end))
        uri.scheme += to_lower(c);

    auto rest = text.substr(scheme_end + 3);
    uri.fragment = cut(rest, '#');
    uri.query = cut(rest, '?');
    const auto authority_size = std::min(rest.find('/'), rest.size());
    uri.path = rest.substr(authority_size);
    auto authority = rest.substr(0, authority_size);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        uri.user = authority.substr(0, at);
        authority = authority.substr(at + 1);
    }

    const auto host_offset = static_cast<std::uint64_t>(authority.data() - text.data());
    std::string_view port;
    if (authority.starts_with('[')) {  // RFC 3986, 3.2.2: IP-literal
        const auto close = authority.find(']');
        if (close == std::string_view::npos) {
            return Error{BaseErrc::malformed_uri, "unclosed bracket in URI host", host_offset};
        }
        uri.host = authority.substr(1, close - 1);
        const auto tail = authority.substr(close + 1);
        if (!tail.empty() && tail[0] != ':') {
            return Error{BaseErrc::malformed_uri, "text after the bracket in URI host",
                         host_offset};
        }
        if (!tail.empty()) port = tail.substr(1);
    } else {
        port = cut(authority, ':');
        uri.host = authority;
    }
    if (uri.host.empty()) return Error{BaseErrc::malformed_uri, "URI host", host_offset};
    if (!port.empty()) {
        const auto [end, errc] = std::from_chars(port.data(), port.data() + port.size(), uri.port);
        if (errc != std::errc{} || end != port.data() + port.size()) {
            return Error{BaseErrc::port_out_of_range, "URI port",
                         static_cast<std::uint64_t>(port.data() - text.data())};
        }
    }
    return uri;
}

std::string Uri::authority() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    auto text = is_ipv6 ? "[" + host + "]" : host;
    if (port != 0) text += ":" + std::to_string(port);
    return text;
}

Result<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = text.size() - i > 2 ? hex_value(text[i + 1]) : -1;
        const int low = text.size() - i > 2 ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) return Error{BaseErrc::malformed_percent, "percent-encoding", i};
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_unreserved(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> query_parameters(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> out;
    while (!query.empty()) {
        auto name = query;
        query = cut(name, '&');
        if (name.empty()) continue;
        const auto value = cut(name, '=');
        out.emplace_back(form_decode(name), form_decode(value));
    }
    return out;
}

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
    for (auto& [key, value] : query_parameters(query)) {
        if (key == name) return std::move(value);
    }
    return std::nullopt;
}

}  // namespace streamkit
