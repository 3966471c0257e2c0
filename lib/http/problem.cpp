#include "streamkit/http/problem.hpp"

#include "streamkit/http/errc.hpp"
#include "streamkit/json/writer.hpp"

namespace streamkit::http {

Response problem(int status, std::string_view detail, std::string_view hint) {
    json::JsonWriter body;
    body.begin_object().member("status", status).member("title", reason_phrase(status));
    if (!detail.empty()) body.member("detail", detail);
    if (!hint.empty()) body.member("hint", hint);
    body.end_object();
    auto response = text_response(status, "application/problem+json", body.take());
    response.head.headers.add("Cache-Control", "no-store");
    return response;
}

int status_of(const Error& error) noexcept {
    if (error.code.category() != category()) return 500;
    switch (static_cast<Errc>(error.code.value())) {
        case Errc::malformed_head:
        case Errc::malformed_body:
        case Errc::malformed_target:
        case Errc::malformed_host:
        case Errc::ambiguous_length:
        case Errc::tls_on_plain_port:
        case Errc::rtmp_on_http_port:
        case Errc::closed_early:
            return 400;
        case Errc::head_timed_out:
        case Errc::body_timed_out:
            return 408;
        case Errc::body_too_large:
            return 413;
        case Errc::target_too_long:
            return 414;
        case Errc::unsupported_expectation:
            return 417;
        case Errc::head_too_large:
            return 431;
        case Errc::unsupported_method:
        case Errc::unsupported_coding:
            return 501;
        case Errc::unsupported_version:
            return 505;
        default:
            return 500;
    }
}

}  // namespace streamkit::http
