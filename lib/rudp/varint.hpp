#pragma once

// Numbers of one, two, four or eight bytes. RFC 9000, section 16.

#include "streamkit/base/varint.hpp"

namespace streamkit::rudp {

using streamkit::kMaxVarint;
using streamkit::read_varint;
using streamkit::varint_size;

}  // namespace streamkit::rudp
