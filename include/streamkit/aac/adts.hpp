#pragma once

// The ADTS frame header, ISO/IEC 14496-3, 1.A.3.2.

#include <cstddef>
#include <cstdint>

#include "streamkit/aac/audio_specific_config.hpp"
#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::aac {

/// Bytes that are enough to read any ADTS header.
inline constexpr std::size_t kMaxAdtsHeaderBytes = 9;

/// The header in front of each frame of an `.aac` stream.
struct AdtsHeader {
    AudioSpecificConfig config;
    std::size_t header_bytes = 7;      ///< 9 with a CRC
    std::size_t frame_bytes = 0;       ///< the header and all its raw data blocks
    std::uint8_t raw_data_blocks = 1;  ///< 1 to 4

    /// @param bytes  at least 7, the header of one frame
    /// @return `Errc::truncated`, `Errc::no_sync_word`, `Errc::reserved_sampling_frequency`,
    ///         `Errc::no_channels` (channel_configuration 0) or `Errc::bad_frame_length`
    static Result<AdtsHeader> parse(BytesView bytes);

    friend bool operator==(const AdtsHeader&, const AdtsHeader&) = default;
};

}  // namespace streamkit::aac
