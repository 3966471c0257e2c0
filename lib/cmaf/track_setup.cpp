#include "track_setup.hpp"

#include <cmath>

#include "streamkit/aac/audio_specific_config.hpp"
#include "streamkit/cmaf/errc.hpp"
#include "streamkit/h264/avc_config.hpp"
#include "streamkit/h264/sps.hpp"

namespace streamkit::cmaf {
namespace {

void take_over(const h264::Vui& vui, TrackSetup& track) {
    if (vui.sar_width != 0 && vui.sar_height != 0) {
        track.description.pixel_aspect_ratio = {vui.sar_width, vui.sar_height};
    }
    if (vui.video_signal_type && vui.video_signal_type->colour_description) {
        const auto& colour = *vui.video_signal_type->colour_description;
        track.description.colour = mp4::ColourInformation{
            colour.colour_primaries, colour.transfer_characteristics, colour.matrix_coefficients,
            vui.video_signal_type->video_full_range_flag};
    }
    if (vui.bitstream_restriction) {
        track.max_num_reorder_frames = vui.bitstream_restriction->max_num_reorder_frames;
    }
    if (vui.timing) {
        // E.2.1: a tick is the time of a field.
        track.frame_rate =
            frame_rate(vui.timing->time_scale, std::uint64_t{2} * vui.timing->num_units_in_tick);
    }
}

// Whether an init segment can be made of it is found out here, and not when media is held already.
Result<void> check(const TrackSetup& track) {
    if (const auto init = mp4::write_init_segment(track.description); !init) {
        return Error{Errc::malformed_codec_config, init.error().what};
    }
    return {};
}

}  // namespace

Result<VideoSetup> video_setup(const TrackInfo& info) {
    if (info.codec != CodecId::h264) return Error{Errc::unsupported_codec, "video"};
    const auto config = h264::AvcConfig::parse(info.codec_config);
    if (!config) return Error{Errc::malformed_codec_config, "avcC", config.error().offset};
    const auto sps = h264::Sps::parse(config->sps.front());
    if (!sps) return Error{Errc::malformed_codec_config, "SPS", sps.error().offset};

    VideoSetup setup;
    auto& track = setup.track;
    setup.nal_length_size = config->nal_length_size;
    track.codec_string = h264::codec_string(*config);
    track.description.info = info;
    track.description.info.video.width = sps->width();
    track.description.info.video.height = sps->height();
    if (sps->vui) take_over(*sps->vui, track);
    if (!track.frame_rate.known() && info.video.frame_rate > 0 && info.video.frame_rate < 1000) {
        track.frame_rate = frame_rate(
            static_cast<std::uint64_t>(std::llround(info.video.frame_rate * 1000)), 1000);
    }
    set_frame_rate(track, track.frame_rate);
    STREAMKIT_TRY(check(track));
    return setup;
}

void set_frame_rate(TrackSetup& track, FrameRate rate) {
    track.frame_rate = rate;
    track.description.timescale = VideoTimeline{rate}.timescale();
}

Result<AudioSetup> audio_setup(const TrackInfo& info) {
    if (info.codec != CodecId::aac) return Error{Errc::unsupported_codec, "audio"};
    const auto config = aac::AudioSpecificConfig::parse(info.codec_config);
    if (!config) {
        return Error{Errc::malformed_codec_config, "AudioSpecificConfig", config.error().offset};
    }
    AudioSetup setup;
    auto& track = setup.track;
    setup.samples_per_frame = config->samples_per_frame();
    track.codec_string = aac::codec_string(*config);
    track.description.info = info;
    track.description.info.audio = {config->sample_rate(), config->channels()};
    track.description.timescale = config->sampling_frequency;
    STREAMKIT_TRY(check(track));
    return setup;
}

}  // namespace streamkit::cmaf
