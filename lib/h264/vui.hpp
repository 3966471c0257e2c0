#pragma once

// Annex E of ITU-T H.264: the part of a sequence parameter set that decoding does not need.

#include "streamkit/base/bit_reader.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/h264/sps.hpp"

namespace streamkit::h264 {

/// Reads vui_parameters() (E.1.1).
///
/// @return `Errc::value_out_of_range`; running out of bits shows in `in.ok()` only
Result<Vui> read_vui(BitReader& in);

}  // namespace streamkit::h264
