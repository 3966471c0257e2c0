#pragma once

// Media events as an FLV file or HTTP-FLV byte stream.

#include <vector>

#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/flv/tag_muxer.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::flv {

struct MuxerConfig {
    bool has_audio = true;  ///< TypeFlagsAudio of the file header
    bool has_video = true;  ///< TypeFlagsVideo of the file header
    TagMuxerConfig tags = {};
};

/// Writes the tags of media events, each followed by its PreviousTagSize.
///
/// @see FLV 10.1, E.2 to E.4
class Muxer {
public:
    explicit Muxer(MuxerConfig config = {}) : config_(config), tags_(config.tags) {}

    /// The file header and PreviousTagSize0, which come first.
    [[nodiscard]] SharedBuffer header() const;

    /// The bytes of one event, as slices in their order; the payload is shared, not copied. None
    /// for an event that has no tag.
    ///
    /// @return an error of `TagMuxer::mux`, or `Errc::tag_too_large` above 2^24 - 1 bytes
    [[nodiscard]] Result<std::vector<SharedBuffer>> write(const MediaEvent& event);

private:
    MuxerConfig config_;
    TagMuxer tags_;
};

}  // namespace streamkit::flv
