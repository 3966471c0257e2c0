#include "sample_entry.hpp"

#include "box_writer.hpp"
#include "streamkit/mp4/errc.hpp"

namespace streamkit::mp4 {
namespace {

// ISO/IEC 14496-12, 8.5.2.2.
void write_sample_entry_fields(ByteWriter& out) {
    out.zeros(6);  // reserved
    out.u16(1);    // data_reference_index
}

// ISO/IEC 14496-12, 12.1.3.2; the boxes that follow the codec's own.
void write_visual_fields(ByteWriter& out, const TrackDescription& track) {
    write_sample_entry_fields(out);
    out.zeros(2 + 2 + 12);  // pre_defined, reserved, pre_defined
    out.u16(static_cast<std::uint16_t>(track.info.video.width));
    out.u16(static_cast<std::uint16_t>(track.info.video.height));
    out.u32(0x00480000);  // horizresolution: 72 dpi
    out.u32(0x00480000);  // vertresolution
    out.u32(0);           // reserved
    out.u16(1);           // frame_count
    out.zeros(32);        // compressorname
    out.u16(0x0018);      // depth: colour without alpha
    out.u16(0xffff);      // pre_defined
}

void write_bit_rate(ByteWriter& out, const TrackDescription& track) {
    if (!track.bit_rate) return;
    const BoxScope btrt{out, FourCc{"btrt"}};
    out.u32(track.bit_rate->buffer_size);
    out.u32(track.bit_rate->max_bit_rate);
    out.u32(track.bit_rate->avg_bit_rate);
}

void write_picture_boxes(ByteWriter& out, const TrackDescription& track) {
    {
        const BoxScope pasp{out, FourCc{"pasp"}};
        out.u32(track.pixel_aspect_ratio.h_spacing);
        out.u32(track.pixel_aspect_ratio.v_spacing);
    }
    if (track.colour) {
        const BoxScope colr{out, FourCc{"colr"}};
        out.u32(FourCc{"nclx"}.value);
        out.u16(track.colour->colour_primaries);
        out.u16(track.colour->transfer_characteristics);
        out.u16(track.colour->matrix_coefficients);
        out.u8(track.colour->full_range_flag ? 0x80 : 0);
    }
    write_bit_rate(out, track);
}

// ISO/IEC 14496-15, 5.4.2.
void write_avc1(ByteWriter& out, const TrackDescription& track) {
    const BoxScope avc1{out, FourCc{"avc1"}};
    write_visual_fields(out, track);
    {
        const BoxScope avcC{out, FourCc{"avcC"}};
        out.bytes(track.info.codec_config);
    }
    write_picture_boxes(out, track);
}

// The expandable size of a descriptor, ISO/IEC 14496-1, 8.3.3: seven bits a byte.
constexpr std::size_t size_field_bytes(std::size_t size) {
    std::size_t bytes = 1;
    for (; size >= 0x80; size >>= 7)
        ++bytes;
    return bytes;
}

void write_descriptor_header(ByteWriter& out, std::uint8_t tag, std::size_t size) {
    out.u8(tag);
    for (auto i = size_field_bytes(size); i-- > 0;) {
        out.u8(static_cast<std::uint8_t>((size >> (7 * i) & 0x7f) | (i > 0 ? 0x80U : 0U)));
    }
}

constexpr std::size_t with_header(std::size_t size) { return 1 + size_field_bytes(size) + size; }

// ISO/IEC 14496-1, 7.2.6, with the values that ISO/IEC 23000-19, 10.3.4.2.3 wants.
void write_es_descriptor(ByteWriter& out, const TrackDescription& track) {
    constexpr std::size_t kDecoderConfigFields = 13;
    constexpr std::size_t kSlConfigFields = 1;
    const BytesView decoder_specific_info = track.info.codec_config;
    const auto decoder_config = kDecoderConfigFields + with_header(decoder_specific_info.size());

    write_descriptor_header(out, 0x03,  // ES_DescrTag
                            3 + with_header(decoder_config) + with_header(kSlConfigFields));
    out.u16(0);  // ES_ID: 0 in a file, the track's id takes its place (ISO/IEC 14496-14, 4.1.2)
    out.u8(0);   // streamDependenceFlag, URL_Flag, OCRstreamFlag, streamPriority

    write_descriptor_header(out, 0x04, decoder_config);  // DecoderConfigDescrTag
    const auto bit_rate = track.bit_rate.value_or(BitRate{});
    out.u8(0x40);                   // objectTypeIndication: Audio ISO/IEC 14496-3
    out.u8(0x05 << 2 | 1);          // streamType AudioStream, upStream 0, reserved 1
    out.u24(bit_rate.buffer_size);  // bufferSizeDB
    out.u32(bit_rate.max_bit_rate);
    out.u32(bit_rate.avg_bit_rate);  // 0: variable

    write_descriptor_header(out, 0x05, decoder_specific_info.size());  // DecSpecificInfoTag
    out.bytes(decoder_specific_info);

    write_descriptor_header(out, 0x06, kSlConfigFields);  // SLConfigDescrTag
    out.u8(2);                                            // predefined: MP4 file
}

// ISO/IEC 14496-14, 5.6.1 over ISO/IEC 14496-12, 12.2.3.2.
void write_mp4a(ByteWriter& out, const TrackDescription& track) {
    const BoxScope mp4a{out, FourCc{"mp4a"}};
    const auto& audio = track.info.audio;
    write_sample_entry_fields(out);
    out.zeros(8);  // reserved
    out.u16(static_cast<std::uint16_t>(audio.channels));
    out.u16(16);  // samplesize
    out.u16(0);   // pre_defined
    out.u16(0);   // reserved
    // 16.16; a rate that does not fit is left to the codec's configuration.
    out.u32(audio.sample_rate <= 0xffff ? audio.sample_rate << 16 : 0);
    {
        const BoxScope esds{out, FourCc{"esds"}, 0, 0};
        write_es_descriptor(out, track);
    }
    write_bit_rate(out, track);
}

}  // namespace

Result<void> write_sample_entry(ByteWriter& out, const TrackDescription& track) {
    switch (track.info.codec) {
        case CodecId::h264:
            write_avc1(out, track);
            return {};
        case CodecId::aac:
            write_mp4a(out, track);
            return {};
        default:
            return Error{Errc::unsupported_codec, "sample entry"};
    }
}

}  // namespace streamkit::mp4
