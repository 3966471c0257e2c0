#pragma once

// Dates and durations as XML Schema writes them (XML Schema part 2, 3.2.6 and 3.2.7).

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"

namespace streamkit::dash {

/// `2026-11-20T13:00:00.123Z`: always UTC, always with milliseconds.
[[nodiscard]] std::string format_date_time(WallTime time);

/// Reads an `xs:dateTime` of the years 0000 to 9999. One without a zone is taken as UTC (ISO/IEC
/// 23009-1, 5.3.1.2); digits beyond the millisecond are dropped.
[[nodiscard]] std::optional<WallTime> parse_date_time(std::string_view text);

/// `PT12.5S`: seconds only, with as many digits as needed. Negative durations become `PT0S`.
[[nodiscard]] std::string format_duration(std::chrono::microseconds duration);

/// Reads an `xs:duration` that is not negative, up to about 285 years.
///
/// @return `Errc::unsupported_duration` if it has years or months, else `Errc::malformed_attribute`
Result<std::chrono::microseconds> parse_duration(std::string_view text);

}  // namespace streamkit::dash
