#pragma once

// Sample rate and channels of codecs that have no module of their own.

#include <optional>

#include "streamkit/base/bytes.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::flv {

/// Of an MPEG-1 or MPEG-2 audio frame (ISO/IEC 11172-3, 2.4.1.3); nothing if it is none.
[[nodiscard]] std::optional<AudioFormat> mpeg_audio_format(BytesView frame) noexcept;

/// Of an Opus ID header (RFC 7845, 5.1); decoded Opus always has 48 kHz.
[[nodiscard]] std::optional<AudioFormat> opus_format(BytesView id_header) noexcept;

/// Of a FLAC header: the marker, a block header and STREAMINFO (RFC 9639, 8.2).
[[nodiscard]] std::optional<AudioFormat> flac_format(BytesView header) noexcept;

}  // namespace streamkit::flv
