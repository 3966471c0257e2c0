#pragma once

// Writes values as AMF0.

#include <string_view>

#include "streamkit/amf/value.hpp"
#include "streamkit/base/byte_writer.hpp"

namespace streamkit::amf {

/// Appends one value with its type marker.
///
/// A string of more than 65535 bytes becomes a long string. A `ByteArray`, which AMF0 does not
/// have, is written behind the AVM+ marker as AMF3. References are never written.
/// @see AMF0, section 2
void write_value(ByteWriter& out, const Value& value);

/// Appends a property name or the like: two length bytes and the text, without a type marker.
///
/// @param text  at most 65535 bytes; what is longer is cut there
/// @see AMF0, section 1.4.1
void write_utf8(ByteWriter& out, std::string_view text);

}  // namespace streamkit::amf
