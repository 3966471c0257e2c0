#pragma once

// What flows from a publisher to its consumers: one ordered queue of five kinds of events.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/timestamp.hpp"
#include "streamkit/media/codec.hpp"

namespace streamkit {

/// Names a track within one stream, from 1.
using TrackId = std::uint32_t;

/// What is known of a video track beside its codec configuration; 0 where it is not known.
struct VideoFormat {
    std::uint32_t width = 0;   ///< luma samples after cropping
    std::uint32_t height = 0;  ///< luma samples after cropping
    double frame_rate = 0;     ///< frames per second

    friend bool operator==(const VideoFormat&, const VideoFormat&) = default;
};

/// What is known of an audio track beside its codec configuration; 0 where it is not known.
struct AudioFormat {
    std::uint32_t sample_rate = 0;  ///< Hz, of the decoded sound
    std::uint32_t channels = 0;

    friend bool operator==(const AudioFormat&, const AudioFormat&) = default;
};

/// Announces a track, or a change of its configuration: it holds for every later packet.
struct TrackInfo {
    TrackId id = 0;
    TrackKind kind = TrackKind::video;
    CodecId codec = CodecId::unknown;
    std::uint32_t timescale = 1000;  ///< of the packets' times
    SharedBuffer codec_config;       ///< AVCDecoderConfigurationRecord, AudioSpecificConfig, …
    VideoFormat video;               ///< where `kind` is video
    AudioFormat audio;               ///< where `kind` is audio

    friend bool operator==(const TrackInfo&, const TrackInfo&) = default;
};

/// onMetaData and the like.
struct Metadata {
    std::string name;   ///< "onMetaData"
    Timestamp time;     ///< when it stands in the stream
    SharedBuffer body;  ///< the AMF0 values that follow the name, encoded

    friend bool operator==(const Metadata&, const Metadata&) = default;
};

/// One access unit or audio frame, as its codec's mapping to MP4 stores it (H.264: NAL units with
/// length prefixes; AAC: a raw data block).
struct Packet {
    TrackId track = 0;
    Timestamp dts;
    Timestamp pts;
    bool key_frame = false;  ///< decoding can begin here; true for every audio packet
    SharedBuffer payload;

    friend bool operator==(const Packet&, const Packet&) = default;
};

/// A message that belongs to a moment of the media (ISO/IEC 23009-1, 5.10).
struct TimedEvent {
    std::string scheme_id_uri;
    std::string value;
    std::uint32_t id = 0;
    Timestamp time;  ///< media time of the stream, as packets have it
    Timestamp duration;
    Bytes message;

    friend bool operator==(const TimedEvent&, const TimedEvent&) = default;
};

/// Nothing follows.
struct EndOfStream {
    friend bool operator==(const EndOfStream&, const EndOfStream&) = default;
};

/// In order of arrival; a consumer schedules a `TimedEvent` by its `time`.
using MediaEvent = std::variant<TrackInfo, Metadata, Packet, TimedEvent, EndOfStream>;

}  // namespace streamkit
