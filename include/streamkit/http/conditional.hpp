#pragma once

// Conditional requests: RFC 9110, section 13.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "streamkit/base/time.hpp"
#include "streamkit/http/message.hpp"

namespace streamkit::http {

/// What tells one version of an object from another.
struct Validators {
    std::string etag;  ///< with its quotes: `"v42"`, or `W/"v42"`; empty: none
    std::optional<WallTime> last_modified;
};

enum class Precondition : std::uint8_t {
    holds,         ///< answer as if the request had no condition
    not_modified,  ///< answer 304
    failed,        ///< answer 412
};

/// `"text"`: a strong entity tag. What may not stand in one (quotes, control characters) is dropped.
[[nodiscard]] std::string make_etag(std::string_view text);

/// Is the tag in the list of an If-None-Match or If-Match field, or is the list `*`?
///
/// @param weak  compare as If-None-Match does, where `W/"a"` and `"a"` are the same
[[nodiscard]] bool etag_in_list(std::string_view list, std::string_view etag, bool weak) noexcept;

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in this order of
/// precedence (section 13.2.2), for an object that exists.
[[nodiscard]] Precondition evaluate_preconditions(const RequestHead& request,
                                                  const Validators& current);

/// Does the Range field count? Not if If-Range names another version (section 13.1.5).
[[nodiscard]] bool range_applies(const RequestHead& request, const Validators& current);

}  // namespace streamkit::http
