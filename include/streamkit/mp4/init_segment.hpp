#pragma once

// The CMAF header of one track ("init segment"): ftyp and moov.

#include <cstdint>
#include <optional>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::mp4 {

/// ISO/IEC 14496-12, 12.1.4.
struct PixelAspectRatio {
    std::uint32_t h_spacing = 1;
    std::uint32_t v_spacing = 1;

    friend bool operator==(const PixelAspectRatio&, const PixelAspectRatio&) = default;
};

/// colour_type "nclx", ISO/IEC 14496-12, 12.1.5; the code points of ISO/IEC 23091-2.
struct ColourInformation {
    std::uint16_t colour_primaries = 2;
    std::uint16_t transfer_characteristics = 2;
    std::uint16_t matrix_coefficients = 2;
    bool full_range_flag = false;

    friend bool operator==(const ColourInformation&, const ColourInformation&) = default;
};

/// ISO/IEC 14496-12, 8.5.2.2.
struct BitRate {
    std::uint32_t buffer_size = 0;   ///< bytes
    std::uint32_t max_bit_rate = 0;  ///< bits per second over any window of one second
    std::uint32_t avg_bit_rate = 0;  ///< bits per second over the whole presentation

    friend bool operator==(const BitRate&, const BitRate&) = default;
};

/// What an init segment says of its track.
struct TrackDescription {
    TrackInfo info;  ///< id, codec, configuration; width and height, or rate and channels
    std::uint32_t timescale = 0;  ///< of the media segments; `info.timescale` is the publisher's
    PixelAspectRatio pixel_aspect_ratio;      ///< video
    std::optional<ColourInformation> colour;  ///< video
    std::optional<BitRate> bit_rate;          ///< where it is known beforehand
    /// How much later than it is decoded the first picture is shown, in ticks: the media_time of the
    /// edit list. 0 to 2^31 - 1; 0: no edit list.
    std::int64_t composition_delay = 0;
};

/// Writes ftyp and moov of a fragmented file with this track only.
///
/// An edit list of one entry takes the composition delay away, so that a segment's first decoding
/// time is its earliest presentation time. Negative composition offsets would do the same without an
/// edit list, but FFmpeg shows such video late by the delay.
///
/// @return `Errc::unsupported_codec` (all but H.264 and AAC), `Errc::incomplete_track`,
///         `Errc::value_out_of_range`
/// @see ISO/IEC 23000-19, 7.3.2.1 and 7.5.13
Result<Bytes> write_init_segment(const TrackDescription& track);

}  // namespace streamkit::mp4
