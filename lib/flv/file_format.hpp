#pragma once

// FLV 10.1, E.2 and E.3: what demuxer and muxer of whole files share.

#include <cstddef>
#include <cstdint>

namespace streamkit::flv {

inline constexpr std::uint8_t kFileVersion = 1;
inline constexpr std::size_t kFileHeaderBytes = 9;
inline constexpr std::size_t kPreviousTagSizeBytes = 4;
inline constexpr std::uint8_t kTypeFlagsAudio = 0x04;
inline constexpr std::uint8_t kTypeFlagsVideo = 0x01;

}  // namespace streamkit::flv
