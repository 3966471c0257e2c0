#include "streamkit/dash/mpd_builder.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "streamkit/base/bytes.hpp"
#include "streamkit/h264/avc_config.hpp"
#include "streamkit/h264/sps.hpp"

namespace streamkit::dash {
namespace {

// ISO/IEC 23009-1, 8.4 and 8.12: the templates of the first, tracks as the second has them.
constexpr const char* kProfiles =
    "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019";
constexpr const char* kUtcTimingScheme = "urn:mpeg:dash:utc:http-xsdate:2014";
constexpr const char* kChannelScheme = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";

std::uint64_t not_negative(std::int64_t ticks) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(ticks, 0));
}

/// To the next microsecond, so that the end of the media is inside.
Duration rounded_up(const Timestamp& time) {
    auto rounded = time.in(1'000'000);
    if (rounded < time) ++rounded.ticks;
    return Duration{rounded.ticks};
}

/// The sample aspect ratio of the sequence parameter set; 1:1 where it says nothing.
Ratio sample_aspect_ratio(const TrackInfo& info) {
    constexpr Ratio kSquare{1, 1};
    if (info.codec != CodecId::h264) return kSquare;
    const auto config = h264::AvcConfig::parse(info.codec_config);
    if (!config || config->sps.empty()) return kSquare;
    const auto sps = h264::Sps::parse(config->sps.front());
    if (!sps || !sps->vui || sps->vui->sar_width == 0 || sps->vui->sar_height == 0) return kSquare;
    return {sps->vui->sar_width, sps->vui->sar_height};
}

/// The ChannelConfiguration for the usual layout of so many channels: ISO/IEC 23001-8, table 8.
/// Nothing where there is no usual one.
std::optional<Descriptor> channel_configuration(std::uint32_t channels) {
    if (channels >= 1 && channels <= 6) return Descriptor{kChannelScheme, std::to_string(channels)};
    if (channels == 7) return Descriptor{kChannelScheme, "11"};
    if (channels == 8) return Descriptor{kChannelScheme, "7"};
    return std::nullopt;
}

Representation representation(const cmaf::TrackSnapshot& track, std::uint32_t id) {
    Representation r;
    r.id = std::to_string(id);
    r.bandwidth = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(track.bandwidth, 1, std::numeric_limits<std::uint32_t>::max()));
    r.codecs = track.codec_string;
    if (track.info.kind == TrackKind::video) {
        r.width = track.info.video.width;
        r.height = track.info.video.height;
        r.frame_rate = {track.frame_rate_numerator,
                        std::max<std::uint32_t>(track.frame_rate_denominator, 1)};
        r.sar = sample_aspect_ratio(track.info);
    } else {
        r.audio_sampling_rate = track.info.audio.sample_rate;
        r.audio_channel_configuration = channel_configuration(track.info.audio.channels);
    }
    return r;
}

AdaptationSet adaptation_set(const cmaf::TrackSnapshot& track, std::uint32_t id) {
    AdaptationSet set;
    set.id = id;
    const bool is_video = track.info.kind == TrackKind::video;
    set.content_type = is_video ? "video" : "audio";
    set.mime_type = is_video ? "video/mp4" : "audio/mp4";
    set.segment_alignment = true;
    set.start_with_sap = track.starts_with_sap;

    auto& segments = set.segment_template.emplace();
    segments.timescale = track.timescale;
    segments.presentation_time_offset = not_negative(track.presentation_time_offset);
    segments.initialization = track.init_name;
    segments.media = track.media_prefix + "$Time$" + track.media_suffix;
    std::vector<TimelineSegment> timeline;
    timeline.reserve(track.segments.size());
    for (const auto& segment : track.segments) {
        timeline.push_back({not_negative(segment.time), not_negative(segment.duration)});
    }
    segments.timeline = fold_timeline(timeline);

    set.representations.push_back(representation(track, id));
    return set;
}

std::vector<EventStream> event_streams(const std::vector<TimedEvent>& events,
                                       const std::vector<Descriptor>& always) {
    using Name = std::pair<std::string, std::string>;  // scheme, value
    std::map<Name, std::vector<Event>> by_name;
    for (const auto& name : always)
        by_name[{name.scheme_id_uri, name.value}];
    for (const auto& event : events) {
        Event entry;
        entry.presentation_time = not_negative(event.time.in(kEventTimescale).ticks);
        entry.duration = not_negative(event.duration.in(kEventTimescale).ticks);
        entry.id = event.id;
        entry.message_data = as_text(event.message);
        by_name[{event.scheme_id_uri, event.value}].push_back(std::move(entry));
    }

    std::vector<EventStream> streams;
    for (auto& [name, entries] : by_name) {
        std::ranges::stable_sort(entries, [](const Event& a, const Event& b) {
            return std::tie(a.presentation_time, a.id) < std::tie(b.presentation_time, b.id);
        });
        EventStream stream;
        stream.scheme_id_uri = name.first;
        stream.value = name.second;
        stream.timescale = kEventTimescale;
        stream.presentation_time_offset = 0;  // times count from the start of the Period
        stream.events = std::move(entries);
        streams.push_back(std::move(stream));
    }
    return streams;
}

}  // namespace

Mpd make_mpd(const cmaf::Presentation& presentation, const MpdOptions& options) {
    Mpd mpd;
    mpd.profiles = kProfiles;
    mpd.availability_start_time = presentation.availability_start;
    mpd.publish_time = presentation.publish_time;
    mpd.min_buffer_time = presentation.segment_duration;
    mpd.max_segment_duration = presentation.max_segment_duration;
    if (presentation.ended) {
        mpd.type = PresentationType::static_;
        mpd.media_presentation_duration =
            rounded_up(presentation.period_start) + rounded_up(presentation.duration);
    } else {
        mpd.type = PresentationType::dynamic;
        mpd.minimum_update_period =
            options.minimum_update_period.value_or(presentation.segment_duration);
        mpd.time_shift_buffer_depth = presentation.window;
        mpd.suggested_presentation_delay =
            options.suggested_presentation_delay.value_or(3 * presentation.segment_duration);
    }
    if (!options.base_url.empty()) mpd.base_urls.push_back(options.base_url);
    if (!options.location.empty()) mpd.locations.push_back(options.location);
    mpd.target_latency = options.target_latency;
    if (!options.utc_timing_url.empty()) {
        mpd.utc_timings.push_back({kUtcTimingScheme, options.utc_timing_url});
    }

    auto& period = mpd.periods.emplace_back();
    period.id = presentation.id;
    period.start = Duration{presentation.period_start.in(1'000'000).ticks};
    if (options.events == WithEvents::yes) {
        period.event_streams = event_streams(presentation.events, options.event_streams);
    }
    std::uint32_t id = 0;
    for (const auto& track : presentation.tracks) {
        period.adaptation_sets.push_back(adaptation_set(track, ++id));
    }
    return mpd;
}

}  // namespace streamkit::dash
