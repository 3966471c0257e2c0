#pragma once

// Reads JSON text.

#include <cstddef>
#include <string_view>

#include "streamkit/base/result.hpp"
#include "streamkit/json/value.hpp"

namespace streamkit::json {

struct Limits {
    std::size_t max_bytes = 1024 * 1024;  ///< of text
    std::size_t max_depth = 32;           ///< arrays and objects inside one another
};

/// Reads one document: a value of any kind with nothing but white space around it.
///
/// Stricter than RFC 8259 asks: a name that stands twice in one object is refused, as readers
/// disagree about which one counts. Strings may hold U+0000.
///
/// @return an `Errc`; with the byte offset for `invalid_utf8` and `too_long`, otherwise 0
Result<Value> read(std::string_view text, const Limits& limits = {});

}  // namespace streamkit::json
