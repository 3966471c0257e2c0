#pragma once

// How each codec describes itself in stsd. A further codec is one function and one case here.

#include "streamkit/base/byte_writer.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/mp4/init_segment.hpp"

namespace streamkit::mp4 {

/// Writes the sample entry of a track, the only one in its stsd.
Result<void> write_sample_entry(ByteWriter& out, const TrackDescription& track);

}  // namespace streamkit::mp4
