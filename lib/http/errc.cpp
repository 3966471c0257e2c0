#include "streamkit/http/errc.hpp"

#include "streamkit/base/error.hpp"

namespace streamkit::http {
namespace {

constexpr ErrorEntry entry(Errc errc, Failure failure, const char* message) {
    return {static_cast<int>(errc), failure, message};
}

constexpr ErrorEntry kEntries[] = {
    entry(Errc::malformed_head, Failure::malformed, "not a valid HTTP message"),
    entry(Errc::malformed_body, Failure::malformed, "not a valid chunked body"),
    entry(Errc::malformed_target, Failure::malformed, "not a valid request target"),
    entry(Errc::malformed_host, Failure::malformed, "HTTP/1.1 needs exactly one Host field"),
    entry(Errc::ambiguous_length, Failure::malformed, "the length of the body is ambiguous"),
    entry(Errc::unsupported_method, Failure::unsupported, "unknown request method"),
    entry(Errc::unsupported_version, Failure::unsupported, "only HTTP/1.0 and HTTP/1.1 are spoken"),
    entry(Errc::unsupported_coding, Failure::unsupported,
          "only the transfer coding chunked is read"),
    entry(Errc::unsupported_expectation, Failure::unsupported, "only 100-continue can be expected"),
    entry(Errc::tls_on_plain_port, Failure::protocol_violation,
          "a TLS handshake on a port for plain HTTP"),
    entry(Errc::rtmp_on_http_port, Failure::protocol_violation,
          "an RTMP handshake on a port for HTTP"),
    entry(Errc::target_too_long, Failure::limit_exceeded,
          "request target is longer than the limit"),
    entry(Errc::head_too_large, Failure::limit_exceeded, "header fields are larger than the limit"),
    entry(Errc::body_too_large, Failure::limit_exceeded, "body is larger than the limit"),
    entry(Errc::head_timed_out, Failure::timed_out, "the request did not arrive in time"),
    entry(Errc::body_timed_out, Failure::timed_out, "the body did not arrive in time"),
    entry(Errc::idle_timed_out, Failure::timed_out, "no request for too long"),
    entry(Errc::send_timed_out, Failure::timed_out, "the peer does not read what it asked for"),
    entry(Errc::response_timed_out, Failure::timed_out, "no response in time"),
    entry(Errc::closed_early, Failure::closed, "the peer closed in the middle of a message"),
    entry(Errc::aborted, Failure::closed, "the connection is closed"),
    entry(Errc::busy, Failure::protocol_violation, "the request before is not complete"),
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory table{"streamkit.http", kEntries};
    return table;
}

}  // namespace streamkit::http
