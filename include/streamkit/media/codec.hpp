#pragma once

// The codecs that streamkit knows by name.

#include <cstdint>
#include <string_view>

namespace streamkit {

enum class TrackKind : std::uint8_t { video, audio };

/// A codec; whether a module can parse it is another question.
enum class CodecId : std::uint8_t {
    unknown,
    h264,
    hevc,
    av1,
    vp8,
    vp9,
    aac,
    mp3,
    opus,
    flac,
    ac3,
    eac3,
};

/// The usual short name, such as "h264"; also in statistics and logs.
[[nodiscard]] std::string_view codec_name(CodecId codec) noexcept;

}  // namespace streamkit
