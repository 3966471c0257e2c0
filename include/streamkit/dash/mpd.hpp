#pragma once

// The Media Presentation Description (ISO/IEC 23009-1, 5), as far as live streams with a
// SegmentTemplate use it. The names are those of the elements and attributes.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"

namespace streamkit::dash {

/// An `xs:duration`.
using Duration = std::chrono::microseconds;

/// 5.8.2: something that a URI defines, with a value.
struct Descriptor {
    std::string scheme_id_uri;
    std::string value;

    friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

/// 5.10.2.2
struct Event {
    std::uint64_t presentation_time = 0;    ///< in ticks of the EventStream
    std::optional<std::uint64_t> duration;  ///< in ticks of the EventStream
    std::optional<std::uint32_t> id;
    /// The characters of `@messageData`; when read, those of the element where it has no such
    /// attribute.
    std::string message_data;

    friend bool operator==(const Event&, const Event&) = default;
};

/// 5.10.2.2: an event starts at `Period@start + (presentation_time - presentation_time_offset) /
/// timescale`.
struct EventStream {
    std::string scheme_id_uri;
    std::optional<std::string> value;
    std::uint32_t timescale = 1;
    std::uint64_t presentation_time_offset = 0;
    std::vector<Event> events;

    friend bool operator==(const EventStream&, const EventStream&) = default;
};

/// 5.3.9.6: one `S` element, `1 + r` segments of the same duration.
struct TimelineEntry {
    std::optional<std::uint64_t> t;  ///< none: where the one before ends, or 0
    std::uint64_t d = 0;
    std::int64_t r = 0;  ///< below 0: up to the next entry, or to the end of the Period

    friend bool operator==(const TimelineEntry&, const TimelineEntry&) = default;
};

/// 5.3.9.4. Exactly one of `timeline` and `duration` says when segments begin.
struct SegmentTemplate {
    std::uint32_t timescale = 1;
    std::uint64_t presentation_time_offset = 0;  ///< media time at the start of the Period
    std::string initialization;
    std::string media;  ///< with `$Time$` or `$Number$`
    std::optional<std::uint64_t> start_number;
    std::optional<std::uint64_t> duration;
    std::vector<TimelineEntry> timeline;

    friend bool operator==(const SegmentTemplate&, const SegmentTemplate&) = default;
};

/// Numerator and denominator, as in `@frameRate` (30000/1001) and `@sar` (4:3). 0: not known.
struct Ratio {
    std::uint32_t numerator = 0;
    std::uint32_t denominator = 1;

    friend bool operator==(const Ratio&, const Ratio&) = default;
};

/// 5.3.5. What stands at the AdaptationSet instead is 0 or empty here.
struct Representation {
    std::string id;
    std::uint32_t bandwidth = 0;  ///< bits per second
    std::string codecs;           ///< RFC 6381
    std::string mime_type;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    Ratio frame_rate;
    Ratio sar;                              ///< sample aspect ratio
    std::uint32_t audio_sampling_rate = 0;  ///< Hz
    std::optional<Descriptor> audio_channel_configuration;
    /// Where it has one of its own; what that leaves out is filled in from the AdaptationSet's.
    std::optional<SegmentTemplate> segment_template;

    friend bool operator==(const Representation&, const Representation&) = default;
};

/// 5.3.3
struct AdaptationSet {
    std::optional<std::uint32_t> id;
    std::string content_type;  ///< "video", "audio", …
    std::string mime_type;
    std::string lang;
    bool segment_alignment = false;
    std::uint32_t start_with_sap = 0;
    std::optional<SegmentTemplate> segment_template;  ///< its own or the Period's
    std::vector<Representation> representations;

    /// The template that holds for one of the set's representations, or null.
    [[nodiscard]] const SegmentTemplate* template_of(const Representation& r) const noexcept {
        if (r.segment_template) return &*r.segment_template;
        return segment_template ? &*segment_template : nullptr;
    }

    friend bool operator==(const AdaptationSet&, const AdaptationSet&) = default;
};

/// 5.3.2
struct Period {
    std::string id;
    std::optional<Duration> start;
    std::optional<Duration> duration;
    std::vector<EventStream> event_streams;
    std::vector<AdaptationSet> adaptation_sets;

    friend bool operator==(const Period&, const Period&) = default;
};

enum class PresentationType : std::uint8_t { static_, dynamic };

/// 5.3.1
struct Mpd {
    std::string id;
    std::string profiles;
    PresentationType type = PresentationType::static_;
    std::optional<WallTime> availability_start_time;
    std::optional<WallTime> publish_time;
    std::optional<Duration> media_presentation_duration;
    std::optional<Duration> minimum_update_period;
    Duration min_buffer_time{};
    std::optional<Duration> time_shift_buffer_depth;
    std::optional<Duration> suggested_presentation_delay;
    std::optional<Duration> max_segment_duration;
    std::vector<std::string> base_urls;
    std::vector<std::string> locations;
    /// `ServiceDescription/Latency@target`
    std::optional<std::chrono::milliseconds> target_latency;
    std::vector<Period> periods;
    std::vector<Descriptor> utc_timings;

    friend bool operator==(const Mpd&, const Mpd&) = default;
};

/// One segment of a timeline.
struct TimelineSegment {
    std::uint64_t time = 0;
    std::uint64_t duration = 0;

    friend bool operator==(const TimelineSegment&, const TimelineSegment&) = default;
};

/// Unfolds a timeline: one element per segment, in order.
///
/// @param end           where the Period ends, for an open last entry (`r` below 0)
/// @param max_segments  more of them are `Errc::too_many_elements`
/// @return `Errc::malformed_timeline` if an entry lasts 0 ticks, begins before the last one ends,
///         is open without a known end, or passes 2^63
Result<std::vector<TimelineSegment>> unfold_timeline(
    const std::vector<TimelineEntry>& timeline, std::optional<std::uint64_t> end = std::nullopt,
    std::size_t max_segments = 1'000'000);

/// Folds equal durations that follow each other into one entry; `t` stands at the first entry and
/// after gaps. Its inverse is `unfold_timeline`.
[[nodiscard]] std::vector<TimelineEntry> fold_timeline(
    const std::vector<TimelineSegment>& segments);

/// The name of a file, out of `SegmentTemplate@media` or `@initialization`: `$RepresentationID$`,
/// `$Bandwidth$`, `$Time$`, `$Number$` (also with a width, as in `$Number%05d$`) and `$$` are
/// replaced (5.3.9.4.4); what is none of them stays as it is.
[[nodiscard]] std::string expand_template(std::string_view text, const Representation& r,
                                          std::uint64_t time = 0, std::uint64_t number = 0);

}  // namespace streamkit::dash
