#pragma once

// Moving pictures and a beeping tone, made while they are read.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "streamkit/base/log.hpp"
#include "streamkit/media/packet_source.hpp"

namespace streamkit::av {

struct TestPatternConfig {
    std::uint32_t width = 1280;  ///< pixels, even
    std::uint32_t height = 720;  ///< pixels, even
    std::uint32_t frame_rate_numerator = 30;
    std::uint32_t frame_rate_denominator = 1;
    std::optional<std::chrono::milliseconds> duration = {};  ///< nothing: without end
    Logger log = {};  ///< gets FFmpeg's own words where the `Error` has only a code
};

/// FFmpeg's test card with a running clock as H.264 (key frame every two seconds, B-frames), and a
/// tone that beeps once a second as stereo AAC of 48 kHz. The same packets on every run.
class TestPattern final : public PacketSource {
public:
    /// @return `Errc::encoder_missing`, `Errc::unsupported_format` (FFmpeg without the filters or
    ///         with a size it does not take) or `Errc::ffmpeg_failed`
    static Result<TestPattern> open(TestPatternConfig config);

    TestPattern(TestPattern&&) noexcept;
    TestPattern& operator=(TestPattern&&) noexcept;
    ~TestPattern() override;

    [[nodiscard]] std::span<const TrackInfo> tracks() const override { return tracks_; }
    [[nodiscard]] Result<std::optional<Packet>> next() override;
    Result<void> rewind() override;

private:
    class Studio;
    TestPattern(std::unique_ptr<Studio> studio, std::vector<TrackInfo> tracks);

    std::unique_ptr<Studio> studio_;
    std::vector<TrackInfo> tracks_;
};

}  // namespace streamkit::av
