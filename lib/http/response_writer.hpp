#pragma once

// The bytes of a response's head.

#include <cstdint>
#include <string>
#include <string_view>

#include "streamkit/base/time.hpp"
#include "streamkit/http/message.hpp"

namespace streamkit::http {

/// How the end of a body is told: RFC 9112, section 6.3.
enum class Framing : std::uint8_t {
    no_body,      ///< 204, 304: no field says a length
    length,       ///< Content-Length
    chunked,      ///< Transfer-Encoding
    until_close,  ///< the end of the connection; for HTTP/1.0
};

/// What a head is written from, beside the head itself.
struct ResponseFrame {
    Framing framing = Framing::no_body;
    std::uint64_t content_length = 0;
    std::string_view connection;  ///< "close", "keep-alive" (HTTP/1.0), or empty
    WallTime date;
};

/// The status line and the fields, the empty line included. Fields that frame the message are
/// ours to write and left out of what the application gave; control characters in a value, which
/// could begin another field, become spaces.
[[nodiscard]] std::string write_head(const ResponseHead& head, const Headers& common_headers,
                                     const ResponseFrame& frame);

/// "Name: value\r\n", with the control characters of the value as spaces.
void append_field(std::string& text, std::string_view name, std::string_view value);

}  // namespace streamkit::http
