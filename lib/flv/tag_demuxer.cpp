#include "streamkit/flv/tag_demuxer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "codec_code.hpp"
#include "sound_format.hpp"
#include "streamkit/aac/audio_specific_config.hpp"
#include "streamkit/amf/reader.hpp"
#include "streamkit/flv/errc.hpp"
#include "streamkit/h264/avc_config.hpp"
#include "streamkit/h264/sps.hpp"

namespace streamkit::flv {
namespace {

// What a publisher puts in front of the name to have a server keep the data; some recorders write
// it into files as it came.
constexpr std::string_view kSetDataFrame = "@setDataFrame";
constexpr std::string_view kOnMetaData = "onMetaData";

constexpr double kMaxVideoSide = 65535;

TrackInfo track_of(TagType type, const TagPart& part) {
    TrackInfo info;
    info.kind = type == TagType::video ? TrackKind::video : TrackKind::audio;
    info.id = type == TagType::video ? video_track_id(part.track_index)
                                     : audio_track_id(part.track_index);
    info.codec = part.codec;
    info.timescale = kTimescale;
    return info;
}

// Fills in what the configuration record says of pictures or sound.
Result<void> describe(TrackInfo& info) {
    switch (info.codec) {
        case CodecId::h264: {
            const auto config = h264::AvcConfig::parse(info.codec_config);
            STREAMKIT_TRY(config);
            const auto sps = h264::Sps::parse(config->sps.front());
            STREAMKIT_TRY(sps);
            info.video = {sps->width(), sps->height(), sps->frame_rate()};
            return {};
        }
        case CodecId::aac: {
            const auto config = aac::AudioSpecificConfig::parse(info.codec_config);
            STREAMKIT_TRY(config);
            info.audio = {config->sample_rate(), config->channels()};
            return {};
        }
        case CodecId::opus:
            info.audio = opus_format(info.codec_config).value_or(AudioFormat{});
            return {};
        case CodecId::flac:
            info.audio = flac_format(info.codec_config).value_or(AudioFormat{});
            return {};
        default:
            return {};
    }
}

double number(const amf::Value& object, std::string_view name) {
    const auto* value = object.find(name);
    const auto number = value != nullptr ? value->as_number().value_or(0) : 0;
    return std::isfinite(number) && number > 0 ? number : 0;
}

VideoFormat video_format(const amf::Value& on_meta_data) {
    const auto side = [&](std::string_view name) {
        return static_cast<std::uint32_t>(std::min(number(on_meta_data, name), kMaxVideoSide));
    };
    return {side("width"), side("height"), number(on_meta_data, "framerate")};
}

}  // namespace

Result<void> TagDemuxer::handle_tag(TagType type, std::int64_t timestamp_ms, SharedBuffer body) {
    if (body.empty()) {
        ++stats_.empty_tags;
        return {};
    }
    if (type == TagType::script_data) {
        handle_script_data(timestamp_ms, body);
        return {};
    }
    TagBodyReader reader{type, body};
    while (true) {
        const auto part = reader.next();
        if (!part) {
            ++stats_.malformed_tags;
            return {};
        }
        if (!*part) return {};
        STREAMKIT_TRY(handle_part(type, **part, timestamp_ms, body));
    }
}

std::optional<MediaEvent> TagDemuxer::poll_event() {
    if (events_.empty()) return std::nullopt;
    auto event = std::move(events_.front());
    events_.pop_front();
    return event;
}

Result<void> TagDemuxer::handle_part(TagType type, const TagPart& part, std::int64_t timestamp_ms,
                                     const SharedBuffer& body) {
    if (part.type == PacketType::command) return {};
    if (part.codec == CodecId::unknown || part.track_index >= config_.max_tracks) {
        ++stats_.unsupported_tags;
        return {};
    }
    auto info = track_of(type, part);
    auto data = body.slice(part.data_offset, part.data.size());
    switch (part.type) {
        case PacketType::sequence_start:
            info.codec_config = std::move(data);
            return handle_sequence_start(std::move(info));
        case PacketType::coded_frames:
            handle_coded_frames(part, std::move(info), timestamp_ms, std::move(data));
            return {};
        case PacketType::sequence_end:
            ++stats_.sequence_ends;
            return {};
        default:
            ++stats_.unsupported_tags;
            return {};
    }
}

Result<void> TagDemuxer::handle_sequence_start(TrackInfo info) {
    if (info.codec_config.empty()) {  // announced by its first frame, or useless
        ++stats_.empty_tags;
        return {};
    }
    const auto* last = find_track(info.id);
    if (last != nullptr && last->codec == info.codec && last->codec_config == info.codec_config) {
        ++stats_.repeated_sequence_headers;
        return {};
    }
    // The frames that follow do not belong to the configuration before this one.
    std::erase_if(tracks_, [&](const TrackInfo& track) { return track.id == info.id; });
    if (info.codec_config.size() > config_.max_codec_config_bytes) {
        return Error{Errc::config_too_large, "sequence header"};
    }
    STREAMKIT_TRY(describe(info));
    if (info.kind == TrackKind::video) {
        if (info.video.width == 0) info.video.width = on_meta_data_.width;
        if (info.video.height == 0) info.video.height = on_meta_data_.height;
        if (info.video.frame_rate == 0) info.video.frame_rate = on_meta_data_.frame_rate;
    }
    announce(info);
    return {};
}

void TagDemuxer::handle_coded_frames(const TagPart& part, TrackInfo info, std::int64_t timestamp_ms,
                                     SharedBuffer payload) {
    if (payload.empty()) {
        ++stats_.empty_tags;
        return;
    }
    const auto* track = find_track(info.id);
    const bool announced = track != nullptr && track->codec == info.codec;
    if (needs_no_sequence_header(info.codec)) {
        // The frame says it better: FFmpeg puts 48 kHz into FLV as SoundRate 3, which is 44.1 kHz.
        const auto format = info.codec == CodecId::mp3 ? mpeg_audio_format(payload) : std::nullopt;
        info.audio = format.value_or(part.sound);
        if (!announced || (format && track->audio != *format)) announce(info);
    } else if (!announced) {
        ++stats_.packets_before_config;
        return;
    }
    const Timestamp dts{timestamp_ms, kTimescale};
    const Timestamp pts{timestamp_ms + part.composition_time_ms, kTimescale};
    events_.emplace_back(Packet{info.id, dts, pts, part.key_frame, std::move(payload)});
}

// FLV 10.1, E.4.4.1: Name and Value
void TagDemuxer::handle_script_data(std::int64_t timestamp_ms, const SharedBuffer& body) {
    if (body.size() > config_.max_script_data_bytes) {
        ++stats_.malformed_tags;
        return;
    }
    amf::Reader reader{body};
    auto name = reader.read();
    if (name && name->as_string() == kSetDataFrame) name = reader.read();
    if (!name || !name->as_string()) {
        ++stats_.malformed_tags;
        return;
    }
    const auto value_offset = reader.offset();
    if (*name->as_string() == kOnMetaData) {
        if (const auto value = reader.read()) on_meta_data_ = video_format(*value);
    }
    events_.emplace_back(Metadata{
        std::string{*name->as_string()}, {timestamp_ms, kTimescale}, body.slice(value_offset)});
}

void TagDemuxer::announce(const TrackInfo& info) {
    const auto found = std::find_if(tracks_.begin(), tracks_.end(),
                                    [&](const TrackInfo& track) { return track.id == info.id; });
    if (found != tracks_.end()) {
        *found = info;
    } else {
        tracks_.push_back(info);
    }
    events_.emplace_back(info);
}

const TrackInfo* TagDemuxer::find_track(TrackId id) const noexcept {
    const auto found = std::find_if(tracks_.begin(), tracks_.end(),
                                    [&](const TrackInfo& track) { return track.id == id; });
    return found != tracks_.end() ? &*found : nullptr;
}

}  // namespace streamkit::flv
