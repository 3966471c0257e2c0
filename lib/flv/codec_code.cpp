#include "codec_code.hpp"

namespace streamkit::flv {
namespace {

struct Code {
    TrackKind kind;
    CodecId codec;
    FourCc fourcc;
};

// Enhanced RTMP v2: VideoFourCc, AudioFourCc
constexpr Code kCodes[] = {
    {TrackKind::video, CodecId::h264, FourCc{"avc1"}},
    {TrackKind::video, CodecId::hevc, FourCc{"hvc1"}},
    {TrackKind::video, CodecId::av1, FourCc{"av01"}},
    {TrackKind::video, CodecId::vp8, FourCc{"vp08"}},
    {TrackKind::video, CodecId::vp9, FourCc{"vp09"}},
    {TrackKind::audio, CodecId::aac, FourCc{"mp4a"}},
    {TrackKind::audio, CodecId::mp3, FourCc{".mp3"}},
    {TrackKind::audio, CodecId::opus, FourCc{"Opus"}},
    {TrackKind::audio, CodecId::flac, FourCc{"fLaC"}},
    {TrackKind::audio, CodecId::ac3, FourCc{"ac-3"}},
    {TrackKind::audio, CodecId::eac3, FourCc{"ec-3"}},
};

}  // namespace

CodecId codec_of_video_number(std::uint8_t codec_id) noexcept {
    switch (codec_id) {
        case kCodecIdAvc:
            return CodecId::h264;
        case kCodecIdHevc:
            return CodecId::hevc;
        default:
            return CodecId::unknown;
    }
}

CodecId codec_of_sound_format(std::uint8_t sound_format) noexcept {
    switch (sound_format) {
        case kSoundFormatMp3:
        case kSoundFormatMp3At8kHz:
            return CodecId::mp3;
        case kSoundFormatAac:
            return CodecId::aac;
        default:
            return CodecId::unknown;
    }
}

CodecId codec_of(TrackKind kind, FourCc fourcc) noexcept {
    for (const auto& code : kCodes) {
        if (code.kind == kind && code.fourcc == fourcc) return code.codec;
    }
    return CodecId::unknown;
}

std::optional<FourCc> fourcc_of(TrackKind kind, CodecId codec) noexcept {
    for (const auto& code : kCodes) {
        if (code.kind == kind && code.codec == codec) return code.fourcc;
    }
    return std::nullopt;
}

}  // namespace streamkit::flv
