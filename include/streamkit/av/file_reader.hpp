#pragma once

// The packets of any file that FFmpeg can read.

#include <memory>
#include <string>
#include <vector>

#include "streamkit/base/log.hpp"
#include "streamkit/media/packet_source.hpp"

namespace streamkit::av {

struct FileReaderConfig {
    Logger log = {};  ///< gets FFmpeg's own words where the `Error` has only a code
};

/// Reads the best video and the best audio track of a file, as FFmpeg chooses them; cover pictures
/// are not video.
///
/// Payloads and configurations have the form that they have in MP4, whatever the file: H.264 with
/// length prefixes and an AVCDecoderConfigurationRecord, AAC as raw data blocks with an
/// AudioSpecificConfig. Times are the file's own, in a timescale that holds them exactly; they may
/// begin anywhere, also below 0.
class FileReader final : public PacketSource {
public:
    /// Opens a local file and reads until its tracks are known. Blocks, as `next` does.
    ///
    /// @param file  a path; `-` is the standard input. Never a URL: nothing is fetched, also not by
    ///              a playlist in the file.
    /// @return the operating system's error, `Errc::malformed_file`, `Errc::unsupported_format`,
    ///         `Errc::no_tracks` or `Errc::ffmpeg_failed`
    static Result<FileReader> open(const std::string& file, FileReaderConfig config = {});

    FileReader(FileReader&&) noexcept;
    FileReader& operator=(FileReader&&) noexcept;
    ~FileReader() override;

    [[nodiscard]] std::span<const TrackInfo> tracks() const override { return tracks_; }
    [[nodiscard]] Result<std::optional<Packet>> next() override;
    /// Opens the file anew, so that exactly the same packets come again.
    ///
    /// @return `Errc::not_seekable` for the standard input, `Errc::file_changed` if the tracks are
    ///         not the same any more, or an error of `open`
    Result<void> rewind() override;

private:
    class Input;
    FileReader(std::unique_ptr<Input> input, std::vector<TrackInfo> tracks);

    std::unique_ptr<Input> input_;
    std::vector<TrackInfo> tracks_;
};

}  // namespace streamkit::av
