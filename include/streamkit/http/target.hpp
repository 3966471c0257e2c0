#pragma once

// Request targets, decoded and made safe.

#include <string>
#include <string_view>

#include "streamkit/base/result.hpp"

namespace streamkit::http {

/// The path and the query of a request target.
///
/// The path is percent-decoded UTF-8 that begins with `/`, or `*` (OPTIONS); it has no control
/// character and no segment `.` or `..`, so that it can be joined to a folder.
struct Target {
    std::string path = "/";
    std::string query;  ///< as it stands, without the `?`; see `query_parameters` in base/uri.hpp

    /// Reads the origin form, the absolute form (whose authority is dropped) or `*`.
    ///
    /// @return `Errc::malformed_target`: no leading slash, a `%` without two digits, a control
    ///         character, a dot segment, invalid UTF-8, or a fragment
    /// @see RFC 9112, section 3.2
    static Result<Target> parse(std::string_view text);

    friend bool operator==(const Target&, const Target&) = default;
};

}  // namespace streamkit::http
