#include "sound_format.hpp"

#include <array>

#include "streamkit/base/bit_reader.hpp"
#include "streamkit/base/byte_reader.hpp"

namespace streamkit::flv {

std::optional<AudioFormat> mpeg_audio_format(BytesView frame) noexcept {
    constexpr std::array<std::uint32_t, 3> kMpeg1Rates = {44100, 48000, 32000};
    constexpr std::uint32_t kVersionReserved = 1;
    constexpr std::uint32_t kVersion1 = 3;
    constexpr std::uint32_t kModeSingleChannel = 3;

    BitReader in{frame};
    const auto syncword = in.u(11);
    const auto version = in.u(2);
    const auto layer = in.u(2);
    in.skip(1 + 4);  // protection_bit, bitrate_index
    const auto sampling_frequency = in.u(2);
    in.skip(1 + 1);  // padding_bit, private_bit
    const auto mode = in.u(2);
    if (!in.ok() || syncword != 0x7ff || version == kVersionReserved || layer == 0 ||
        sampling_frequency >= kMpeg1Rates.size()) {
        return std::nullopt;
    }
    // ISO/IEC 13818-3 has half of the frequencies (version 2), MPEG 2.5 a quarter (version 0).
    const auto divisor = version == kVersion1 ? 1U : version == 2 ? 2U : 4U;
    return AudioFormat{kMpeg1Rates[sampling_frequency] / divisor,
                       mode == kModeSingleChannel ? 1U : 2U};
}

std::optional<AudioFormat> opus_format(BytesView id_header) noexcept {
    ByteReader in{id_header};
    const auto magic = in.bytes(8);
    in.skip(1);  // version
    const auto channel_count = in.u8();
    if (!in.ok() || as_text(magic) != "OpusHead" || channel_count == 0) return std::nullopt;
    return AudioFormat{48000, channel_count};
}

std::optional<AudioFormat> flac_format(BytesView header) noexcept {
    ByteReader in{header};
    const auto marker = in.bytes(4);
    const auto block_type = in.u8() & 0x7f;
    in.skip(3 + 10);  // block length; block and frame sizes
    BitReader rest{in.rest()};
    const auto sample_rate = rest.u(20);
    const auto channels_minus1 = rest.u(3);
    if (!in.ok() || !rest.ok() || as_text(marker) != "fLaC" || block_type != 0 ||
        sample_rate == 0) {
        return std::nullopt;
    }
    return AudioFormat{sample_rate, channels_minus1 + 1};
}

}  // namespace streamkit::flv
