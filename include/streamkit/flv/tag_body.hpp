#pragma once

// The headers inside audio and video tag bodies: classic ones and those of Enhanced RTMP.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/bytes.hpp"
#include "streamkit/base/fourcc.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/flv/tag.hpp"
#include "streamkit/media/codec.hpp"

namespace streamkit::flv {

/// What a part of a tag body holds, whichever of the header forms said so.
enum class PacketType : std::uint8_t {
    sequence_start,          ///< the codec's configuration record
    coded_frames,            ///< one access unit or audio frame
    sequence_end,            ///< no data
    metadata,                ///< AMF values about the pictures (Enhanced RTMP, colorInfo)
    mpeg2ts_sequence_start,  ///< an AV1VideoDescriptor of MPEG-2 TS
    multichannel_config,     ///< order and number of audio channels (Enhanced RTMP)
    command,                 ///< a seek marker: FrameType 5, no data
    reserved,                ///< a number without a meaning yet
};

/// One track's part of an audio or video tag body.
struct TagPart {
    PacketType type = PacketType::coded_frames;
    CodecId codec = CodecId::unknown;
    FourCc fourcc;                         ///< of an Enhanced RTMP header, else 0
    std::uint8_t codec_number = 0;         ///< CodecID or SoundFormat of a classic header, else 0
    std::uint8_t track_index = 0;          ///< trackId of a Multitrack packet, else 0
    bool key_frame = true;                 ///< always true for audio
    std::int32_t composition_time_ms = 0;  ///< pts - dts
    AudioFormat sound;                     ///< what a classic audio header says of it
    std::size_t data_offset = 0;           ///< of `data` in the tag body
    BytesView data;                        ///< lives as long as the tag body
};

/// Reads an audio or video tag body; it has one part, or more if it is a Multitrack packet.
///
/// @see FLV 10.1, E.4.2 and E.4.3; Enhanced RTMP v2, ExAudioTagHeader and ExVideoTagHeader
class TagBodyReader {
public:
    /// @param type  `TagType::audio` or `TagType::video`
    /// @param body  must outlive the reader and the parts it gives out; an empty one has no parts
    TagBodyReader(TagType type, BytesView body) noexcept : type_(type), body_(body), in_(body) {}

    /// The next part, or nothing at the end.
    ///
    /// @return `Errc::truncated_tag`, `Errc::unknown_frame_type` or `Errc::bad_multitrack`; read no
    ///         further then
    [[nodiscard]] Result<std::optional<TagPart>> next();

private:
    // Enhanced RTMP v2, AvMultitrackType
    enum class Multitrack : std::uint8_t { one_track, many_tracks, many_tracks_many_codecs, none };

    Result<void> read_header();
    Result<void> read_video_header();
    void read_avc_header();
    Result<void> read_audio_header();
    Result<void> read_enhanced_header(std::uint8_t packet_type);
    void read_fourcc();

    TagType type_;
    BytesView body_;
    ByteReader in_;
    Multitrack multitrack_ = Multitrack::none;
    bool composition_time_follows_ = false;  // per track, in front of the data
    TagPart part_;                           // what the header says of every track
};

}  // namespace streamkit::flv
