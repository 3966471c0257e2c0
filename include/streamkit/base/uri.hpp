#pragma once

// Uniform resource identifiers, RFC 3986, as far as media URLs use them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "streamkit/base/result.hpp"

namespace streamkit {

/// `scheme://user@host:port/path?query#fragment`, split but not decoded.
struct Uri {
    std::string scheme;      ///< lower case, without the colon
    std::string user;        ///< user information, without the `@`
    std::string host;        ///< IPv6 literals without their brackets
    std::uint16_t port = 0;  ///< 0: none was given
    std::string path;        ///< with its leading slash; may be empty
    std::string query;       ///< without the `?`
    std::string fragment;    ///< without the `#`

    /// Splits an absolute URI with an authority.
    ///
    /// @return `BaseErrc::malformed_uri` (no scheme, no host, unclosed bracket, control characters)
    ///         or `BaseErrc::port_out_of_range`, with the offset in the text
    /// @see RFC 3986, section 3
    static Result<Uri> parse(std::string_view text);

    /// `host:port`, with brackets around an IPv6 literal; without the port if it is 0.
    [[nodiscard]] std::string authority() const;

    friend bool operator==(const Uri&, const Uri&) = default;
};

/// Replaces each `%XX` by its byte.
///
/// @return `BaseErrc::malformed_percent` with the offset of the `%`
/// @see RFC 3986, section 2.1
Result<std::string> percent_decode(std::string_view text);

/// Replaces each byte that is not unreserved (RFC 3986, section 2.3) by `%XX`.
std::string percent_encode(std::string_view text);

/// The `name=value` pairs of a query string in their order, both percent-decoded, `+` as a space.
/// A pair that cannot be decoded is taken as it stands.
std::vector<std::pair<std::string, std::string>> query_parameters(std::string_view query);

/// The value of the first pair of that name.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

}  // namespace streamkit
