#include "streamkit/aac/adts.hpp"

#include "sampling_frequency.hpp"
#include "streamkit/aac/errc.hpp"
#include "streamkit/base/bit_reader.hpp"

namespace streamkit::aac {

Result<AdtsHeader> AdtsHeader::parse(BytesView bytes) {
    // adts_fixed_header(), 1.A.3.2.1
    BitReader in{bytes};
    const auto syncword = in.u(12);
    in.skip(1);  // ID: MPEG-4 or MPEG-2
    const auto layer = in.u(2);
    const bool protection_absent = in.flag();
    const auto profile_object_type = in.u(2);
    const auto sampling_frequency_index = in.u(4);
    in.skip(1);  // private_bit
    const auto channel_configuration = in.u(3);
    in.skip(2);  // original_copy, home
    // adts_variable_header(), 1.A.3.2.2
    in.skip(2);  // copyright_identification_bit, copyright_identification_start
    const auto aac_frame_length = in.u(13);
    in.skip(11);  // adts_buffer_fullness
    const auto number_of_raw_data_blocks_in_frame = in.u(2);
    if (!in.ok()) return Error{Errc::truncated, "adts_fixed_header", in.offset()};

    if (syncword != 0xfff || layer != 0) return Error{Errc::no_sync_word, "syncword"};
    if (sampling_frequency_index >= kSamplingFrequencies.size()) {
        return Error{Errc::reserved_sampling_frequency, "sampling_frequency_index", 2};
    }
    if (channel_configuration == 0) return Error{Errc::no_channels, "channel_configuration", 2};

    AdtsHeader header;
    header.header_bytes = protection_absent ? 7 : 9;
    header.frame_bytes = aac_frame_length;
    header.raw_data_blocks = static_cast<std::uint8_t>(number_of_raw_data_blocks_in_frame + 1);
    if (header.frame_bytes < header.header_bytes) {
        return Error{Errc::bad_frame_length, "aac_frame_length", 3};
    }
    header.config.object_type = static_cast<AudioObjectType>(profile_object_type + 1);
    header.config.sampling_frequency = kSamplingFrequencies[sampling_frequency_index];
    header.config.channel_configuration = static_cast<std::uint8_t>(channel_configuration);
    return header;
}

}  // namespace streamkit::aac
