#include "streamkit/media/codec.hpp"

namespace streamkit {

std::string_view codec_name(CodecId codec) noexcept {
    switch (codec) {
        case CodecId::unknown:
            break;
        case CodecId::h264:
            return "h264";
        case CodecId::hevc:
            return "hevc";
        case CodecId::av1:
            return "av1";
        case CodecId::vp8:
            return "vp8";
        case CodecId::vp9:
            return "vp9";
        case CodecId::aac:
            return "aac";
        case CodecId::mp3:
            return "mp3";
        case CodecId::opus:
            return "opus";
        case CodecId::flac:
            return "flac";
        case CodecId::ac3:
            return "ac3";
        case CodecId::eac3:
            return "eac3";
    }
    return "unknown";
}

}  // namespace streamkit
