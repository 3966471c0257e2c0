#include "streamkit/http/cors.hpp"

namespace streamkit::http {

Headers cors_headers() {
    return {{"Access-Control-Allow-Origin", "*"},
            {"Access-Control-Expose-Headers",
             "Accept-Ranges, Age, CMSD-Dynamic, CMSD-Static, Content-Length, Content-Range, Date, "
             "ETag, Last-Modified, Location, Retry-After"}};
}

std::optional<Response> cors_preflight(const RequestHead& request, std::string_view methods) {
    const bool preflight = request.method == Method::options &&
                           request.headers.contains("Origin") &&
                           request.headers.contains("Access-Control-Request-Method");
    if (!preflight) return std::nullopt;

    Response response{{204, cors_headers()}, {}};
    auto& headers = response.head.headers;
    headers.add("Access-Control-Allow-Methods", std::string{methods});
    // `*` does not cover Authorization; what is asked for is allowed, as no cookie can be sent.
    if (const auto wanted = request.headers.find("Access-Control-Request-Headers")) {
        headers.add("Access-Control-Allow-Headers", std::string{*wanted});
        headers.add("Vary", "Access-Control-Request-Headers");
    }
    headers.add("Access-Control-Max-Age", "86400");
    return response;
}

}  // namespace streamkit::http
