#include "streamkit/http/static_response.hpp"

#include "streamkit/http/cors.hpp"
#include "streamkit/http/date.hpp"
#include "streamkit/http/problem.hpp"
#include "streamkit/http/range.hpp"

namespace streamkit::http {
namespace {

constexpr std::string_view kAllow = "GET, HEAD, OPTIONS";

std::uint64_t size_of(const std::vector<SharedBuffer>& slices) noexcept {
    std::uint64_t size = 0;
    for (const auto& slice : slices)
        size += slice.size();
    return size;
}

/// The fields that 200, 206 and 304 share: RFC 9110, 15.4.5.
Headers object_headers(const Object& object) {
    auto headers = cors_headers();
    if (!object.validators.etag.empty()) headers.add("ETag", object.validators.etag);
    if (object.validators.last_modified) {
        headers.add("Last-Modified", format_date(*object.validators.last_modified));
    }
    if (!object.cache_control.empty()) headers.add("Cache-Control", object.cache_control);
    return headers;
}

Response readable_by_pages(Response response) {
    for (const auto& field : cors_headers())
        response.head.headers.set(field.name, field.value);
    return response;
}

Response options_response(const RequestHead& request) {
    if (auto preflight = cors_preflight(request, kAllow)) return std::move(*preflight);
    return readable_by_pages({{204, {{"Allow", std::string{kAllow}}}}, {}});
}

}  // namespace

Response static_response(const RequestHead& request, const Object& object) {
    if (request.method == Method::options) return options_response(request);
    if (request.method != Method::get && request.method != Method::head) {
        return readable_by_pages(method_not_allowed(kAllow));
    }
    switch (evaluate_preconditions(request, object.validators)) {
        case Precondition::not_modified:
            return {{304, object_headers(object)}, {}};
        case Precondition::failed:
            return readable_by_pages(problem(412, "the object is another version by now"));
        case Precondition::holds:
            break;
    }

    const auto size = size_of(object.slices);
    RangeSelection selection;
    const auto range = request.headers.find("Range");
    if (range && range_applies(request, object.validators)) selection = select_range(*range, size);
    if (selection.kind == RangeSelection::Kind::unsatisfiable) {
        auto response = problem(416, "the range begins behind the end of the object");
        response.head.headers.add("Content-Range", content_range(selection, size));
        return readable_by_pages(std::move(response));
    }

    Response response{{200, object_headers(object)}, {}};
    auto& headers = response.head.headers;
    headers.add("Content-Type", object.content_type);
    headers.add("Accept-Ranges", "bytes");
    if (selection.kind == RangeSelection::Kind::whole) {
        response.body = object.slices;
        return response;
    }
    response.head.status = 206;
    headers.add("Content-Range", content_range(selection, size));
    response.body = slice_of(object.slices, selection.first, selection.length);
    return response;
}

Response method_not_allowed(std::string_view allow) {
    auto response = problem(405, "the method is not allowed here", "see the Allow field");
    response.head.headers.add("Allow", std::string{allow});
    return response;
}

}  // namespace streamkit::http
