#pragma once

// ISO/IEC 14496-3, table 1.18.

#include <array>
#include <cstdint>

namespace streamkit::aac {

/// Hz, by samplingFrequencyIndex; 13 and 14 are reserved.
inline constexpr std::array<std::uint32_t, 13> kSamplingFrequencies = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350};

/// The index that says that the frequency itself follows, in 24 bits.
inline constexpr std::uint32_t kSamplingFrequencyEscape = 0xf;

}  // namespace streamkit::aac
