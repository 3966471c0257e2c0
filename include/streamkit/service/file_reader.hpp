#pragma once

// Media files that need no further library: FLV.

#include <cstdint>
#include <deque>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "streamkit/flv/demuxer.hpp"
#include "streamkit/media/packet_source.hpp"

namespace streamkit {

/// Reads an FLV file. `av::FileReader` reads every other kind, where FFmpeg is there.
class FileReader final : public PacketSource {
public:
    /// Opens a file and reads as far as both an audio and a video track, or the first two seconds,
    /// are known.
    ///
    /// @param path  a regular file; it must not change while it is read
    /// @return an error of the system, `flv::Errc::not_flv` and the like, or
    ///         `ServiceErrc::unsupported_file` if it has no track
    [[nodiscard]] static Result<FileReader> open(const std::string& path);

    [[nodiscard]] std::span<const TrackInfo> tracks() const override { return tracks_; }
    [[nodiscard]] Result<std::optional<Packet>> next() override;
    Result<void> rewind() override;

private:
    FileReader() = default;
    Result<void> find_tracks();
    Result<std::optional<MediaEvent>> next_event();

    std::ifstream file_;
    flv::Demuxer demuxer_;
    Bytes chunk_;
    bool at_end_ = false;
    std::vector<TrackInfo> tracks_;
    std::deque<Packet> read_ahead_;  // while the tracks were looked for
};

}  // namespace streamkit
