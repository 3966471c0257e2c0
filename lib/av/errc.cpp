#include "streamkit/av/errc.hpp"

#include "streamkit/base/error.hpp"

namespace streamkit::av {
namespace {

constexpr ErrorEntry entry(Errc errc, Failure failure, const char* message) {
    return {static_cast<int>(errc), failure, message};
}

constexpr ErrorEntry kEntries[] = {
    entry(Errc::malformed_file, Failure::malformed, "FFmpeg finds the data invalid"),
    entry(Errc::unsupported_format, Failure::unsupported, "this build of FFmpeg cannot do it"),
    entry(Errc::encoder_missing, Failure::unsupported, "this build of FFmpeg has no such encoder"),
    entry(Errc::no_tracks, Failure::unsupported, "there is neither video nor audio to read"),
    entry(Errc::missing_timestamp, Failure::malformed, "a packet has no time"),
    entry(Errc::not_seekable, Failure::unsupported, "a pipe cannot go back to its beginning"),
    entry(Errc::file_changed, Failure::malformed, "the file has other tracks than before"),
    entry(Errc::ffmpeg_failed, Failure::malformed, "FFmpeg failed; the log has its own words"),
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory table{"streamkit.av", kEntries};
    return table;
}

}  // namespace streamkit::av
