#pragma once

// What a track's configuration record says that packaging needs.

#include <cstddef>
#include <cstdint>

#include "segment_writer.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::cmaf {

struct VideoSetup {
    TrackSetup track;
    std::size_t nal_length_size = 4;
};

struct AudioSetup {
    TrackSetup track;
    std::uint32_t samples_per_frame = 1024;
};

/// @return `Errc::unsupported_codec` (all but H.264), `Errc::malformed_codec_config`
Result<VideoSetup> video_setup(const TrackInfo& info);
/// Sets the timescale that goes with a frame rate.
void set_frame_rate(TrackSetup& track, FrameRate rate);
/// @return `Errc::unsupported_codec` (all but AAC), `Errc::malformed_codec_config`
Result<AudioSetup> audio_setup(const TrackInfo& info);

}  // namespace streamkit::cmaf
