#include "ffmpeg.hpp"

#include <array>
#include <system_error>

#include "streamkit/av/errc.hpp"

namespace streamkit::av {

Error failure(const Logger& log, int result, const char* what) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> words{};
    av_strerror(result, words.data(), words.size());
    log.warn("FFmpeg failed", {{"operation", what}, {"reason", words.data()}});
    switch (result) {
        case AVERROR_INVALIDDATA:
            return {Errc::malformed_file, what};
        case AVERROR_DEMUXER_NOT_FOUND:
        case AVERROR_DECODER_NOT_FOUND:
        case AVERROR_FILTER_NOT_FOUND:
        case AVERROR_BSF_NOT_FOUND:
        case AVERROR_PROTOCOL_NOT_FOUND:
        case AVERROR_PATCHWELCOME:
            return {Errc::unsupported_format, what};
        case AVERROR_ENCODER_NOT_FOUND:
            return {Errc::encoder_missing, what};
        default:
            break;
    }
    // The system's own numbers are small; FFmpeg's are four characters.
    const int number = AVUNERROR(result);
    if (number > 0 && number < 4096)
        return {std::error_code{number, std::generic_category()}, what};
    return {Errc::ffmpeg_failed, what};
}

}  // namespace streamkit::av
