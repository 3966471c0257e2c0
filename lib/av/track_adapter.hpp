#pragma once

// One of FFmpeg's streams as a track of ours.

#include <optional>

#include "ffmpeg.hpp"
#include "streamkit/base/log.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::av {

/// What FFmpeg says of a stream.
struct StreamDescription {
    const AVCodecParameters* parameters = nullptr;  ///< copied
    AVRational time_base{0, 1};
    AVRational frame_rate{0, 1};  ///< 0: not known, or audio
};

/// Turns packets into the form that MP4 stores: H.264 of Annex B gets length prefixes, AAC loses
/// its ADTS headers, and both get the configuration that MP4 keeps outside of the packets.
class TrackAdapter {
public:
    /// @return `Errc::unsupported_format` for HEVC of Annex B and AAC in LATM, whose configuration
    ///         is not made here, or an error of the bitstream filter
    static Result<TrackAdapter> make(TrackId id, const StreamDescription& stream,
                                     const Logger& log);

    /// Complete once `ready()`.
    [[nodiscard]] const TrackInfo& info() const noexcept { return info_; }
    /// Whether the configuration is known; where it stands in the packets, after the first that has
    /// it.
    [[nodiscard]] bool ready() const noexcept { return ready_; }

    /// @param packet  is empty afterwards
    /// @return nothing for a packet that cannot be used: empty, or before the configuration;
    ///         `Errc::missing_timestamp`, or an error of the bitstream filter
    Result<std::optional<Packet>> convert(AVPacket& packet);

private:
    enum class Conversion { none, annex_b, adts };

    TrackAdapter() = default;
    Result<void> begin_adts(const StreamDescription& stream);
    Result<void> strip_adts(AVPacket& packet);
    void find_parameter_sets(BytesView annex_b);
    Result<SharedBuffer> payload_of(const AVPacket& packet) const;
    Result<void> complete_times(AVPacket& packet);
    [[nodiscard]] Timestamp timestamp(std::int64_t ticks) const noexcept;

    TrackInfo info_;
    Conversion conversion_ = Conversion::none;
    bool ready_ = false;
    std::int64_t ticks_per_unit_ = 1;  ///< numerator of FFmpeg's time base
    BitstreamFilter adts_filter_;
    std::optional<std::int64_t> expected_dts_;  ///< end of the packet before, in FFmpeg's units
    Logger log_;
};

}  // namespace streamkit::av
