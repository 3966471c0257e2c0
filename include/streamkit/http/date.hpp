#pragma once

// Dates in header fields.

#include <optional>
#include <string>
#include <string_view>

#include "streamkit/base/time.hpp"

namespace streamkit::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT": IMF-fixdate of RFC 9110, section 5.6.7; milliseconds are cut off.
[[nodiscard]] std::string format_date(WallTime time);

/// Reads IMF-fixdate and the two obsolete forms (RFC 850, asctime). A two-digit year from 70 on is
/// in the 20th century. Empty if the text is none of them.
[[nodiscard]] std::optional<WallTime> parse_date(std::string_view text) noexcept;

}  // namespace streamkit::http
