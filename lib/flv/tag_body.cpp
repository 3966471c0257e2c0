#include "streamkit/flv/tag_body.hpp"

#include "codec_code.hpp"
#include "streamkit/flv/errc.hpp"

namespace streamkit::flv {
namespace {

constexpr std::uint8_t kIsExHeader = 0x80;

// FLV 10.1, E.4.3.1: FrameType
constexpr std::uint8_t kFrameTypeKey = 1;
constexpr std::uint8_t kFrameTypeGeneratedKey = 4;
constexpr std::uint8_t kFrameTypeCommand = 5;

constexpr bool is_key_frame(std::uint8_t frame_type) {
    return frame_type == kFrameTypeKey || frame_type == kFrameTypeGeneratedKey;
}

PacketType video_packet_type(std::uint8_t number) {
    switch (number) {
        case kPacketTypeSequenceStart:
            return PacketType::sequence_start;
        case kPacketTypeCodedFrames:
        case kVideoPacketTypeCodedFramesX:
            return PacketType::coded_frames;
        case kPacketTypeSequenceEnd:
            return PacketType::sequence_end;
        case kVideoPacketTypeMetadata:
            return PacketType::metadata;
        case kVideoPacketTypeMpeg2TsSequenceStart:
            return PacketType::mpeg2ts_sequence_start;
        default:
            return PacketType::reserved;
    }
}

PacketType audio_packet_type(std::uint8_t number) {
    switch (number) {
        case kPacketTypeSequenceStart:
            return PacketType::sequence_start;
        case kPacketTypeCodedFrames:
            return PacketType::coded_frames;
        case kPacketTypeSequenceEnd:
            return PacketType::sequence_end;
        case kAudioPacketTypeMultichannelConfig:
            return PacketType::multichannel_config;
        default:
            return PacketType::reserved;
    }
}

// FLV 10.1, E.4.2.1: SoundRate, SoundType
AudioFormat classic_sound(std::uint8_t sound_format, std::uint8_t flags) {
    constexpr std::uint32_t kSoundRates[] = {5512, 11025, 22050, 44100};
    const auto rate = sound_format == kSoundFormatMp3At8kHz ? 8000 : kSoundRates[flags >> 2 & 0x03];
    return {rate, (flags & 0x01) != 0 ? 2U : 1U};
}

}  // namespace

Result<std::optional<TagPart>> TagBodyReader::next() {
    if (in_.offset() == 0) {
        if (body_.empty()) return std::optional<TagPart>{};
        STREAMKIT_TRY(read_header());
    } else if (in_.at_end()) {
        return std::optional<TagPart>{};
    }

    // ExVideoTagBody, ExAudioTagBody: each track of a Multitrack packet has its own head.
    if (multitrack_ == Multitrack::many_tracks_many_codecs) read_fourcc();
    auto part = part_;
    if (multitrack_ != Multitrack::none) part.track_index = in_.u8();
    const bool sized = multitrack_ == Multitrack::many_tracks ||
                       multitrack_ == Multitrack::many_tracks_many_codecs;
    const auto track_bytes = sized ? in_.u24() : in_.remaining();
    const auto track_offset = in_.offset();
    ByteReader track{in_.bytes(track_bytes)};
    if (!in_.ok()) return Error{Errc::truncated_tag, "sizeOfTrack", in_.offset()};

    if (composition_time_follows_ && has_composition_time(part.codec)) {
        part.composition_time_ms = track.i24();
        if (!track.ok()) return Error{Errc::truncated_tag, "compositionTimeOffset", track_offset};
    }
    part.data_offset = track_offset + track.offset();
    part.data = track.rest();
    return std::optional{part};
}

Result<void> TagBodyReader::read_header() {
    if (type_ == TagType::video) {
        STREAMKIT_TRY(read_video_header());
    } else {
        STREAMKIT_TRY(read_audio_header());
    }
    if (!in_.ok()) return Error{Errc::truncated_tag, "tag body header", in_.offset()};
    return {};
}

// FLV 10.1, E.4.3.1; Enhanced RTMP v2, ExVideoTagHeader
Result<void> TagBodyReader::read_video_header() {
    const auto first = in_.u8();
    const bool is_ex_header = (first & kIsExHeader) != 0;
    const auto frame_type = static_cast<std::uint8_t>(first >> 4 & 0x07);
    if (frame_type < kFrameTypeKey || frame_type > kFrameTypeCommand) {
        return Error{Errc::unknown_frame_type, "FrameType"};
    }
    part_.key_frame = is_key_frame(frame_type);
    if (frame_type == kFrameTypeCommand) part_.type = PacketType::command;
    if (is_ex_header) return read_enhanced_header(first & 0x0f);

    part_.codec_number = first & 0x0f;
    part_.codec = codec_of_video_number(part_.codec_number);
    if (part_.type == PacketType::command) {
        in_.skip(in_.remaining());  // the number of the command
    } else if (part_.codec != CodecId::unknown) {
        read_avc_header();
    }
    return {};
}

// AVCPacketType, CompositionTime
void TagBodyReader::read_avc_header() {
    const auto avc_packet_type = in_.u8();
    part_.type = avc_packet_type <= kPacketTypeSequenceEnd ? video_packet_type(avc_packet_type)
                                                           : PacketType::reserved;
    if (part_.type == PacketType::coded_frames) {
        composition_time_follows_ = true;
    } else if (part_.type == PacketType::sequence_start) {
        in_.skip(3);  // CompositionTime, which means nothing here
    } else {
        in_.skip(in_.remaining());
    }
}

// FLV 10.1, E.4.2.1; Enhanced RTMP v2, ExAudioTagHeader
Result<void> TagBodyReader::read_audio_header() {
    const auto first = in_.u8();
    const auto sound_format = static_cast<std::uint8_t>(first >> 4);
    if (sound_format == kSoundFormatExHeader) return read_enhanced_header(first & 0x0f);

    part_.codec_number = sound_format;
    part_.codec = codec_of_sound_format(sound_format);
    part_.sound = classic_sound(sound_format, first & 0x0f);
    if (part_.codec == CodecId::aac) {
        const auto aac_packet_type = in_.u8();
        part_.type = aac_packet_type == 0   ? PacketType::sequence_start
                     : aac_packet_type == 1 ? PacketType::coded_frames
                                            : PacketType::reserved;
    }
    return {};
}

Result<void> TagBodyReader::read_enhanced_header(std::uint8_t packet_type) {
    // ModEx: extensions in front of the packet type that they modify. The only one that is defined,
    // TimestampOffsetNano, is below the millisecond of our timescale.
    while (packet_type == kPacketTypeModEx && in_.ok()) {
        std::size_t mod_ex_data_size = std::size_t{in_.u8()} + 1;
        if (mod_ex_data_size == 256) mod_ex_data_size = std::size_t{in_.u16()} + 1;
        in_.skip(mod_ex_data_size);
        packet_type = in_.u8() & 0x0f;  // below the PacketModExType
    }

    if (part_.type == PacketType::command && packet_type != kVideoPacketTypeMetadata) {
        in_.skip(in_.remaining());  // VideoCommand
        return {};
    }

    const auto multitrack_packet_type =
        type_ == TagType::video ? kVideoPacketTypeMultitrack : kAudioPacketTypeMultitrack;
    if (packet_type == multitrack_packet_type) {
        const auto byte = in_.u8();
        packet_type = byte & 0x0f;
        multitrack_ = static_cast<Multitrack>(byte >> 4);
        if (multitrack_ >= Multitrack::none || packet_type == multitrack_packet_type ||
            packet_type == kPacketTypeModEx) {
            return Error{Errc::bad_multitrack, "AvMultitrackType", in_.offset()};
        }
    }
    part_.type =
        type_ == TagType::video ? video_packet_type(packet_type) : audio_packet_type(packet_type);
    composition_time_follows_ = packet_type == kPacketTypeCodedFrames;
    if (multitrack_ != Multitrack::many_tracks_many_codecs) read_fourcc();
    return {};
}

void TagBodyReader::read_fourcc() {
    part_.fourcc = FourCc{in_.u32()};
    part_.codec =
        codec_of(type_ == TagType::video ? TrackKind::video : TrackKind::audio, part_.fourcc);
}

}  // namespace streamkit::flv
