#pragma once

// The numbers and four-character codes by which FLV names codecs.

#include <cstdint>
#include <optional>

#include "streamkit/base/fourcc.hpp"
#include "streamkit/media/codec.hpp"

namespace streamkit::flv {

// FLV 10.1, E.4.3.1: CodecID
inline constexpr std::uint8_t kCodecIdAvc = 7;
// Not in FLV 10.1: HEVC with the header of AVC, as Chinese networks, SRS and ZLMediaKit use it.
inline constexpr std::uint8_t kCodecIdHevc = 12;

// FLV 10.1, E.4.2.1: SoundFormat
inline constexpr std::uint8_t kSoundFormatMp3 = 2;
inline constexpr std::uint8_t kSoundFormatAac = 10;
inline constexpr std::uint8_t kSoundFormatMp3At8kHz = 14;
// Enhanced RTMP v2: ExHeader
inline constexpr std::uint8_t kSoundFormatExHeader = 9;

// Enhanced RTMP v2: VideoPacketType, and AudioPacketType where it has the same meaning
inline constexpr std::uint8_t kPacketTypeSequenceStart = 0;
inline constexpr std::uint8_t kPacketTypeCodedFrames = 1;
inline constexpr std::uint8_t kPacketTypeSequenceEnd = 2;
inline constexpr std::uint8_t kPacketTypeModEx = 7;
inline constexpr std::uint8_t kVideoPacketTypeCodedFramesX = 3;
inline constexpr std::uint8_t kVideoPacketTypeMetadata = 4;
inline constexpr std::uint8_t kVideoPacketTypeMpeg2TsSequenceStart = 5;
inline constexpr std::uint8_t kVideoPacketTypeMultitrack = 6;
inline constexpr std::uint8_t kAudioPacketTypeMultichannelConfig = 4;
inline constexpr std::uint8_t kAudioPacketTypeMultitrack = 5;

/// The codec of a CodecID; `unknown` for those of the Flash age.
[[nodiscard]] CodecId codec_of_video_number(std::uint8_t codec_id) noexcept;
/// The codec of a SoundFormat; `unknown` for those of the Flash age.
[[nodiscard]] CodecId codec_of_sound_format(std::uint8_t sound_format) noexcept;

/// The codec of an Enhanced RTMP FourCC; `unknown` for others.
[[nodiscard]] CodecId codec_of(TrackKind kind, FourCc fourcc) noexcept;
/// The Enhanced RTMP FourCC of a codec, if it has one.
[[nodiscard]] std::optional<FourCc> fourcc_of(TrackKind kind, CodecId codec) noexcept;

/// Enhanced RTMP v2: whether CodedFrames begin with a compositionTimeOffset.
[[nodiscard]] constexpr bool has_composition_time(CodecId codec) noexcept {
    return codec == CodecId::h264 || codec == CodecId::hevc;
}

/// Whether a decoder needs nothing but the frames themselves.
[[nodiscard]] constexpr bool needs_no_sequence_header(CodecId codec) noexcept {
    return codec == CodecId::mp3 || codec == CodecId::ac3 || codec == CodecId::eac3;
}

}  // namespace streamkit::flv
