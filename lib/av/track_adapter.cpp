#include "track_adapter.hpp"

#include <algorithm>
#include <vector>

#include "streamkit/av/errc.hpp"
#include "streamkit/h264/avc_config.hpp"
#include "streamkit/h264/nal_unit.hpp"

namespace streamkit::av {
namespace {

CodecId codec_of(AVCodecID id) {
    switch (id) {
        case AV_CODEC_ID_H264:
            return CodecId::h264;
        case AV_CODEC_ID_HEVC:
            return CodecId::hevc;
        case AV_CODEC_ID_AV1:
            return CodecId::av1;
        case AV_CODEC_ID_VP8:
            return CodecId::vp8;
        case AV_CODEC_ID_VP9:
            return CodecId::vp9;
        case AV_CODEC_ID_AAC:
            return CodecId::aac;
        case AV_CODEC_ID_MP3:
            return CodecId::mp3;
        case AV_CODEC_ID_OPUS:
            return CodecId::opus;
        case AV_CODEC_ID_FLAC:
            return CodecId::flac;
        case AV_CODEC_ID_AC3:
            return CodecId::ac3;
        case AV_CODEC_ID_EAC3:
            return CodecId::eac3;
        default:
            return CodecId::unknown;
    }
}

BytesView bytes_of(const std::uint8_t* data, int size) {
    return {data, static_cast<std::size_t>(std::max(size, 0))};
}

/// The record begins with configurationVersion 1 (ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1), a byte
/// stream with a zero byte.
bool is_configuration_record(BytesView extradata) {
    return !extradata.empty() && extradata.front() == 1;
}

}  // namespace

Result<TrackAdapter> TrackAdapter::make(TrackId id, const StreamDescription& stream,
                                        const Logger& log) {
    const auto& parameters = *stream.parameters;
    TrackAdapter track;
    track.log_ = log;
    track.info_.id = id;
    track.info_.codec = codec_of(parameters.codec_id);
    track.info_.timescale = static_cast<std::uint32_t>(stream.time_base.den);
    track.ticks_per_unit_ = stream.time_base.num;
    if (parameters.codec_type == AVMEDIA_TYPE_VIDEO) {
        track.info_.kind = TrackKind::video;
        track.info_.video.width = static_cast<std::uint32_t>(std::max(parameters.width, 0));
        track.info_.video.height = static_cast<std::uint32_t>(std::max(parameters.height, 0));
        if (stream.frame_rate.num > 0) track.info_.video.frame_rate = av_q2d(stream.frame_rate);
    } else {
        track.info_.kind = TrackKind::audio;
        track.info_.audio.sample_rate =
            static_cast<std::uint32_t>(std::max(parameters.sample_rate, 0));
        track.info_.audio.channels =
            static_cast<std::uint32_t>(std::max(parameters.ch_layout.nb_channels, 0));
    }

    const auto extradata = bytes_of(parameters.extradata, parameters.extradata_size);
    if (track.info_.codec == CodecId::h264 && !is_configuration_record(extradata)) {
        track.conversion_ = Conversion::annex_b;
        track.find_parameter_sets(extradata);
        return track;
    }
    if (track.info_.codec == CodecId::aac && extradata.empty()) {
        track.conversion_ = Conversion::adts;
        STREAMKIT_TRY(track.begin_adts(stream));
        return track;
    }
    if (track.info_.codec == CodecId::hevc && !is_configuration_record(extradata)) {
        return Error{Errc::unsupported_format, "HEVC with start codes"};
    }
    if (track.info_.codec == CodecId::unknown) return Error{Errc::unsupported_format, "codec"};
    track.info_.codec_config = SharedBuffer::copy_of(extradata);
    track.ready_ = true;
    return track;
}

Result<void> TrackAdapter::begin_adts(const StreamDescription& stream) {
    const auto* filter = av_bsf_get_by_name("aac_adtstoasc");
    if (filter == nullptr) return failure(log_, AVERROR_BSF_NOT_FOUND, "aac_adtstoasc");
    AVBSFContext* context = nullptr;
    int result = av_bsf_alloc(filter, &context);
    adts_filter_.reset(context);
    if (result >= 0) result = avcodec_parameters_copy(context->par_in, stream.parameters);
    if (result >= 0) {
        context->time_base_in = stream.time_base;
        result = av_bsf_init(context);
    }
    if (result < 0) return failure(log_, result, "aac_adtstoasc");
    return {};
}

Result<std::optional<Packet>> TrackAdapter::convert(AVPacket& packet) {
    if (packet.size == 0) {
        av_packet_unref(&packet);
        return std::nullopt;
    }
    if (conversion_ == Conversion::adts) STREAMKIT_TRY(strip_adts(packet));
    if (conversion_ == Conversion::annex_b && !ready_) {
        find_parameter_sets(bytes_of(packet.data, packet.size));
    }
    STREAMKIT_TRY(complete_times(packet));
    auto payload = payload_of(packet);
    if (!payload) return payload.error();
    Packet converted{
        .track = info_.id,
        .dts = timestamp(packet.dts),
        .pts = timestamp(packet.pts),
        .key_frame = info_.kind == TrackKind::audio || (packet.flags & AV_PKT_FLAG_KEY) != 0,
        .payload = *std::move(payload),
    };
    av_packet_unref(&packet);
    if (!ready_) return std::nullopt;
    return converted;
}

Result<void> TrackAdapter::strip_adts(AVPacket& packet) {
    int result = av_bsf_send_packet(adts_filter_.get(), &packet);
    if (result >= 0) result = av_bsf_receive_packet(adts_filter_.get(), &packet);
    if (result < 0) return failure(log_, result, "ADTS header");
    if (ready_) return {};
    // The filter makes the AudioSpecificConfig from the first header and hands it out beside it.
    std::size_t size = 0;
    const auto* config = av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
    if (config != nullptr) {
        info_.codec_config = SharedBuffer::copy_of({config, size});
        ready_ = true;
    }
    return {};
}

void TrackAdapter::find_parameter_sets(BytesView annex_b) {
    std::vector<Bytes> sps;
    std::vector<Bytes> pps;
    h264::AnnexBReader reader{annex_b};
    while (const auto nal_unit = reader.next()) {
        const auto type = h264::nal_unit_type(*nal_unit);
        if (type == h264::NalUnitType::sps) sps.emplace_back(nal_unit->begin(), nal_unit->end());
        if (type == h264::NalUnitType::pps) pps.emplace_back(nal_unit->begin(), nal_unit->end());
    }
    const auto config = h264::AvcConfig::from_parameter_sets(std::move(sps), std::move(pps));
    if (!config) return;
    info_.codec_config = SharedBuffer::take(config->write());
    ready_ = true;
}

Result<SharedBuffer> TrackAdapter::payload_of(const AVPacket& packet) const {
    const auto bytes = bytes_of(packet.data, packet.size);
    if (conversion_ != Conversion::annex_b) return SharedBuffer::copy_of(bytes);
    auto prefixed = h264::annex_b_to_length_prefixed(bytes);
    if (!prefixed) return prefixed.error();
    return SharedBuffer::take(*std::move(prefixed));
}

Result<void> TrackAdapter::complete_times(AVPacket& packet) {
    if (packet.dts == AV_NOPTS_VALUE) {
        // Containers with one time a packet, and streams cut out of their container.
        if (expected_dts_) {
            packet.dts = *expected_dts_;
        } else if (packet.pts != AV_NOPTS_VALUE) {
            packet.dts = packet.pts;
        } else {
            return Error{Errc::missing_timestamp, "first packet"};
        }
    }
    if (packet.pts == AV_NOPTS_VALUE) packet.pts = packet.dts;
    expected_dts_ = packet.dts + packet.duration;
    return {};
}

Timestamp TrackAdapter::timestamp(std::int64_t ticks) const noexcept {
    return {ticks * ticks_per_unit_, info_.timescale};
}

}  // namespace streamkit::av
