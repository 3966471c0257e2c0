#include "streamkit/flv/tag_muxer.hpp"

#include <algorithm>
#include <variant>

#include "codec_code.hpp"
#include "streamkit/amf/writer.hpp"
#include "streamkit/base/byte_writer.hpp"
#include "streamkit/flv/errc.hpp"

namespace streamkit::flv {
namespace {

constexpr std::uint8_t kIsExHeader = 0x80;
constexpr std::uint8_t kFrameTypeKey = 1;
constexpr std::uint8_t kFrameTypeInter = 2;
constexpr std::int64_t kMaxCompositionTime = 0x7fffff;  // SI24
constexpr std::int64_t kMinCompositionTime = -0x800000;
constexpr std::size_t kMaxTrackIds = 256;  // trackId has 8 bits

// What the header of one tag says.
struct Frame {
    std::uint8_t packet_type = kPacketTypeCodedFrames;
    bool key_frame = true;
    std::int32_t composition_time_ms = 0;
};

constexpr std::uint8_t byte(unsigned high_nibble, unsigned low_nibble) {
    return static_cast<std::uint8_t>(high_nibble << 4 | low_nibble);
}

// FLV 10.1, E.4.3.1
void write_avc_header(ByteWriter& out, const Frame& frame) {
    out.u8(byte(frame.key_frame ? kFrameTypeKey : kFrameTypeInter, kCodecIdAvc));
    out.u8(frame.packet_type);
    out.i24(frame.composition_time_ms);
}

// Enhanced RTMP v2, the part that ExVideoTagHeader and ExAudioTagHeader share. The one track of a
// Multitrack packet (AvMultitrackType OneTrack) is the rest of the body.
void write_enhanced_header(ByteWriter& out, std::uint8_t high_nibble, std::uint8_t packet_type,
                           std::uint8_t multitrack_packet_type, FourCc fourcc, std::uint8_t index) {
    if (index == 0) {
        out.u8(byte(high_nibble, packet_type));
        out.u32(fourcc.value);
    } else {
        out.u8(byte(high_nibble, multitrack_packet_type));
        out.u8(byte(0, packet_type));
        out.u32(fourcc.value);
        out.u8(index);
    }
}

void write_enhanced_video_header(ByteWriter& out, CodecId codec, FourCc fourcc, std::uint8_t index,
                                 Frame frame) {
    const bool timed = has_composition_time(codec) && frame.packet_type == kPacketTypeCodedFrames;
    if (timed && frame.composition_time_ms == 0) frame.packet_type = kVideoPacketTypeCodedFramesX;
    const auto frame_type = frame.key_frame ? kFrameTypeKey : kFrameTypeInter;
    write_enhanced_header(out, static_cast<std::uint8_t>(kIsExHeader >> 4 | frame_type),
                          frame.packet_type, kVideoPacketTypeMultitrack, fourcc, index);
    if (frame.packet_type == kPacketTypeCodedFrames && timed) out.i24(frame.composition_time_ms);
}

// FLV 10.1, E.4.2.1: SoundRate 3 and SoundType 1 whatever the AudioSpecificConfig says.
void write_aac_header(ByteWriter& out, const Frame& frame) {
    out.u8(byte(kSoundFormatAac, 0x0f));
    out.u8(frame.packet_type == kPacketTypeSequenceStart ? 0 : 1);
}

// FLV 10.1, E.4.2.1: SoundRate, SoundSize 1 (16 bits), SoundType. Rates that it has no number for
// are written as 44.1 kHz, as FFmpeg does: decoders go by the frames.
void write_mp3_header(ByteWriter& out, const AudioFormat& sound) {
    const auto sound_type = sound.channels == 1 ? 0U : 1U;
    const auto sound_rate = sound.sample_rate == 22050 ? 2U : sound.sample_rate == 11025 ? 1U : 3U;
    out.u8(byte(kSoundFormatMp3, sound_rate << 2 | 0x02 | sound_type));
}

// The first track of a codec that classic FLV knows has the header that every peer reads.
Bytes frame_header(const TrackInfo& info, std::uint8_t index, const Frame& frame) {
    ByteWriter out{16};
    const auto fourcc = fourcc_of(info.kind, info.codec).value_or(FourCc{});
    if (index == 0 && info.codec == CodecId::h264) {
        write_avc_header(out, frame);
    } else if (index == 0 && info.codec == CodecId::aac) {
        write_aac_header(out, frame);
    } else if (index == 0 && info.codec == CodecId::mp3) {
        write_mp3_header(out, info.audio);
    } else if (info.kind == TrackKind::video) {
        write_enhanced_video_header(out, info.codec, fourcc, index, frame);
    } else {
        write_enhanced_header(out, kSoundFormatExHeader, frame.packet_type,
                              kAudioPacketTypeMultitrack, fourcc, index);
    }
    return out.take();
}

TagType tag_type(TrackKind kind) {
    return kind == TrackKind::video ? TagType::video : TagType::audio;
}

}  // namespace

Result<std::optional<TagBody>> TagMuxer::mux(const MediaEvent& event) {
    if (const auto* info = std::get_if<TrackInfo>(&event)) return mux_track(*info);
    if (const auto* packet = std::get_if<Packet>(&event)) return mux_packet(*packet);
    if (const auto* metadata = std::get_if<Metadata>(&event)) return mux_metadata(*metadata);
    return std::optional<TagBody>{};
}

Result<std::optional<TagBody>> TagMuxer::mux_track(const TrackInfo& info) {
    const auto track = remember(info);
    STREAMKIT_TRY(track);
    if (info.codec_config.empty()) return std::optional<TagBody>{};
    const Frame frame{.packet_type = kPacketTypeSequenceStart};
    return std::optional{TagBody{tag_type(info.kind), last_timestamp_ms_,
                                 frame_header(info, track->index, frame), info.codec_config}};
}

Result<std::optional<TagBody>> TagMuxer::mux_packet(const Packet& packet) {
    const auto track = std::find_if(tracks_.begin(), tracks_.end(), [&](const Track& candidate) {
        return candidate.info.id == packet.track;
    });
    if (track == tracks_.end()) return Error{Errc::unknown_track, "packet"};
    const auto dts = packet.dts.in(kTimescale).ticks;
    const auto composition_time = packet.pts.in(kTimescale).ticks - dts;
    if (composition_time < kMinCompositionTime || composition_time > kMaxCompositionTime) {
        return Error{Errc::composition_time_out_of_range, "CompositionTime"};
    }
    last_timestamp_ms_ = dts;
    const Frame frame{.key_frame = packet.key_frame,
                      .composition_time_ms = static_cast<std::int32_t>(composition_time)};
    return std::optional{TagBody{tag_type(track->info.kind), dts,
                                 frame_header(track->info, track->index, frame), packet.payload}};
}

std::optional<TagBody> TagMuxer::mux_metadata(const Metadata& metadata) {
    last_timestamp_ms_ = metadata.time.in(kTimescale).ticks;
    ByteWriter name;
    amf::write_value(name, metadata.name);
    return TagBody{TagType::script_data, last_timestamp_ms_, name.take(), metadata.body};
}

Result<TagMuxer::Track> TagMuxer::remember(const TrackInfo& info) {
    if (!fourcc_of(info.kind, info.codec)) return Error{Errc::unsupported_codec, "track"};
    const auto same_id = std::find_if(tracks_.begin(), tracks_.end(),
                                      [&](const Track& track) { return track.info.id == info.id; });
    if (same_id != tracks_.end()) {
        same_id->info = info;
        return *same_id;
    }
    const auto index = static_cast<std::size_t>(
        std::count_if(tracks_.begin(), tracks_.end(),
                      [&](const Track& track) { return track.info.kind == info.kind; }));
    if (index >= std::min(config_.max_tracks, kMaxTrackIds)) {
        return Error{Errc::too_many_tracks, "track"};
    }
    return tracks_.emplace_back(Track{info, static_cast<std::uint8_t>(index)});
}

}  // namespace streamkit::flv
