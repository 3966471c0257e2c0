#pragma once

// A file as MPEG-DASH files, as fast as it can be read.

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>

#include "streamkit/base/result.hpp"
#include "streamkit/media/packet_source.hpp"

namespace streamkit {

struct DashFilesConfig {
    std::filesystem::path output;  ///< a folder; made where it is missing, files are replaced
    std::chrono::milliseconds segment_duration{2000};
};

/// Packages H.264 and AAC packets into init and media segments and, at the end, `manifest.mpd`:
/// on-demand content with the timeline of the source and the events that were added.
class DashFiles final : public PacketSink {
public:
    explicit DashFiles(DashFilesConfig config);
    ~DashFiles() override;
    DashFiles(DashFiles&&) noexcept;
    DashFiles& operator=(DashFiles&&) noexcept;

    /// Announces the tracks; the same as `add_tracks`.
    Result<void> begin(std::span<const TrackInfo> tracks) override { return add_tracks(tracks); }
    /// @return an error of `cmaf::Packager::write`, or of the file system
    Result<void> add_tracks(std::span<const TrackInfo> tracks);
    /// Adds an event; its `time` counts from the earliest presentation time. Before `finish`.
    Result<void> add(const TimedEvent& event);
    /// @return an error of `cmaf::Packager::write`, or of the file system for a segment that was
    ///         completed by this packet
    Result<void> write(const Packet& packet) override;
    /// Writes the last segments and `manifest.mpd`.
    Result<void> finish() override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamkit
