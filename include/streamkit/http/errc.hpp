#pragma once

// Error codes of the module `http`.

#include <system_error>

namespace streamkit::http {

/// Why a message, or a connection, was given up.
enum class Errc {
    malformed_head = 1,       ///< a request or status line, or a header field, against RFC 9112
    malformed_body,           ///< the framing of a chunked body against RFC 9112, section 7.1
    malformed_target,         ///< a request target that cannot be decoded, or has dot segments
    malformed_host,           ///< HTTP/1.1 without Host, or with more than one
    ambiguous_length,         ///< Content-Length and Transfer-Encoding, or two lengths: smuggling
    unsupported_method,       ///< a method that this server does not know
    unsupported_version,      ///< neither HTTP/1.0 nor HTTP/1.1
    unsupported_coding,       ///< a Transfer-Encoding other than `chunked`
    unsupported_expectation,  ///< an Expect other than `100-continue`
    tls_on_plain_port,        ///< the first bytes are a TLS handshake
    rtmp_on_http_port,        ///< the first bytes are an RTMP handshake
    target_too_long,          ///< longer than `Limits::max_target_bytes`
    head_too_large,           ///< more than `Limits::max_head_bytes` or `max_header_fields`
    body_too_large,           ///< more than `Limits::max_body_bytes`
    head_timed_out,           ///< the head did not arrive in time
    body_timed_out,           ///< the body came to a halt
    idle_timed_out,           ///< no request on a connection that was kept open
    send_timed_out,           ///< the peer does not read what was sent
    response_timed_out,       ///< no response to a request of ours
    closed_early,             ///< the peer ended the connection in the middle of a message
    aborted,                  ///< given up by the owner of the connection
    busy,                     ///< a request while the one before is not complete
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::http

template <>
struct std::is_error_code_enum<streamkit::http::Errc> : std::true_type {};
