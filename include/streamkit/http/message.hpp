#pragma once

// Requests and responses as values: methods, header fields, heads.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/http/target.hpp"

namespace streamkit::http {

/// RFC 9110, section 9; PATCH: RFC 5789.
enum class Method : std::uint8_t { get, head, post, put, delete_, options, patch };

/// "GET", "HEAD", …
[[nodiscard]] std::string_view to_string(Method method) noexcept;

/// The reason phrase of RFC 9110, section 15; "Unknown" for a code that has none.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

/// Compares ASCII letters without their case; field names and tokens of HTTP are compared so.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// One header field line.
struct HeaderField {
    std::string name;
    std::string value;

    friend bool operator==(const HeaderField&, const HeaderField&) = default;
};

/// Header fields in the order they came or will be sent. Names are found in any case.
class Headers {
public:
    Headers() = default;
    Headers(std::initializer_list<HeaderField> fields) : fields_(fields) {}

    /// Adds a field line at the end, also where there is one of that name already.
    void add(std::string name, std::string value);
    /// Replaces all fields of that name by one.
    void set(std::string_view name, std::string value);
    void remove(std::string_view name);

    /// The value of the first field of that name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
    [[nodiscard]] bool contains(std::string_view name) const noexcept;
    /// The number of field lines of that name.
    [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
    /// Is the token in the comma-separated list that all fields of that name make?
    /// @see RFC 9110, section 5.6.1
    [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const noexcept;

    [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
    [[nodiscard]] auto end() const noexcept { return fields_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
    [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }

    friend bool operator==(const Headers&, const Headers&) = default;

private:
    std::vector<HeaderField> fields_;
};

/// What a client asks for.
struct RequestHead {
    Method method = Method::get;
    Target target{};                 ///< decoded and checked
    std::uint8_t version_minor = 1;  ///< HTTP/1.x: 0 or 1
    Headers headers{};

    friend bool operator==(const RequestHead&, const RequestHead&) = default;
};

/// What a server answers. `Date`, `Content-Length`, `Transfer-Encoding` and `Connection` are
/// written by the connection; a `Date` that is there already is kept.
struct ResponseHead {
    int status = 200;
    Headers headers{};

    friend bool operator==(const ResponseHead&, const ResponseHead&) = default;
};

/// A whole answer; the slices of the body are shared and never copied.
struct Response {
    ResponseHead head;
    std::vector<SharedBuffer> body{};
};

/// A body of one text, for JSON, pages and the like.
[[nodiscard]] Response text_response(int status, std::string_view content_type, std::string body);

}  // namespace streamkit::http
