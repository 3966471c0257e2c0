#include "streamkit/dash/mpd_reader.hpp"

#include <tinyxml2.h>

#include <charconv>
#include <cstring>
#include <type_traits>
#include <utility>

#include "streamkit/dash/errc.hpp"
#include "streamkit/dash/xs_time.hpp"

namespace streamkit::dash {
namespace {

using tinyxml2::XMLElement;

/// White space at both ends means nothing in attributes that are not strings (XML Schema part 2,
/// 4.3.6).
std::string_view collapsed(std::string_view text) {
    constexpr const char* kSpace = " \t\r\n";
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// The whole of `text` as a number.
template <class T>
bool parse_number(std::string_view text, T& value) {
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    return !text.empty() && result.ec == std::errc{} && result.ptr == end;
}

/// Where the line with this number, from 1, begins.
std::size_t line_offset(std::string_view xml, int line) {
    std::size_t offset = 0;
    for (; line > 1; --line) {
        const auto end = xml.find('\n', offset);
        if (end == std::string_view::npos) break;
        offset = end + 1;
    }
    return offset;
}

/// Walks the tree. Sticky: the first error stays, and what is read after it does not matter.
///
/// Attributes are named as "Element@attribute", which is also how errors name them.
class MpdReader {
public:
    MpdReader(std::string_view xml, const MpdLimits& limits) : xml_(xml), limits_(limits) {}

    Result<Mpd> read() {
        if (xml_.size() > limits_.max_bytes) return Error{Errc::mpd_too_large, "MPD"};
        tinyxml2::XMLDocument document;
        if (document.Parse(xml_.data(), xml_.size()) != tinyxml2::XML_SUCCESS) {
            return Error{Errc::malformed_xml, "MPD", line_offset(xml_, document.ErrorLineNum())};
        }
        const auto* root = document.RootElement();
        if (root == nullptr || std::strcmp(root->Name(), "MPD") != 0) {
            return Error{Errc::not_an_mpd, "MPD"};
        }
        auto mpd = read_mpd_element(*root);
        if (error_) return *error_;
        return mpd;
    }

private:
    static const char* attribute(const XMLElement& element, const char* what) {
        return element.Attribute(std::strchr(what, '@') + 1);
    }
    void fail(std::error_code code, const char* what, const XMLElement& element) {
        if (!error_) error_ = Error{code, what, line_offset(xml_, element.GetLineNum())};
    }

    static std::string text(const XMLElement& element, const char* what) {
        const auto* value = attribute(element, what);
        return value != nullptr ? value : "";
    }
    /// The value of one of a few words; it lives as long as the document.
    static std::string_view word(const XMLElement& element, const char* what) {
        const auto* value = attribute(element, what);
        return value != nullptr ? collapsed(value) : std::string_view{};
    }
    std::string required_text(const XMLElement& element, const char* what) {
        if (attribute(element, what) == nullptr) fail(Errc::missing_attribute, what, element);
        return text(element, what);
    }
    template <class T>
    std::optional<T> number(const XMLElement& element, const char* what) {
        const auto* value = attribute(element, what);
        if (value == nullptr) return std::nullopt;
        T number{};
        if (!parse_number(collapsed(value), number)) {
            fail(Errc::malformed_attribute, what, element);
        }
        return number;
    }
    template <class T>
    T number(const XMLElement& element, const char* what, T fallback) {
        return number<T>(element, what).value_or(fallback);
    }
    template <class T>
    T required_number(const XMLElement& element, const char* what) {
        const auto value = number<T>(element, what);
        if (!value) fail(Errc::missing_attribute, what, element);
        return value.value_or(T{});
    }
    /// A number of ticks per second, which divides.
    std::uint32_t timescale(const XMLElement& element, const char* what, std::uint32_t fallback) {
        const auto value = number(element, what, fallback);
        if (value == 0) fail(Errc::malformed_attribute, what, element);
        return value;
    }
    bool boolean(const XMLElement& element, const char* what) {
        const auto value = word(element, what);
        if (!value.empty() && value != "true" && value != "false" && value != "1" && value != "0") {
            fail(Errc::malformed_attribute, what, element);
        }
        return value == "true" || value == "1";
    }
    std::optional<Duration> duration(const XMLElement& element, const char* what) {
        const auto* value = attribute(element, what);
        if (value == nullptr) return std::nullopt;
        const auto parsed = parse_duration(collapsed(value));
        if (parsed) return *parsed;
        fail(parsed.error().code, what, element);
        return std::nullopt;
    }
    std::optional<WallTime> date_time(const XMLElement& element, const char* what) {
        const auto* value = attribute(element, what);
        if (value == nullptr) return std::nullopt;
        const auto parsed = parse_date_time(collapsed(value));
        if (!parsed) fail(Errc::malformed_attribute, what, element);
        return parsed;
    }
    /// "30", "30000/1001", "4:3"
    Ratio ratio(const XMLElement& element, const char* what, char separator) {
        const auto* value = attribute(element, what);
        if (value == nullptr) return {};
        const auto text = collapsed(value);
        const auto at = text.find(separator);
        Ratio ratio;
        const bool ok =
            parse_number(text.substr(0, at), ratio.numerator) &&
            (at == std::string_view::npos || parse_number(text.substr(at + 1), ratio.denominator));
        if (!ok || ratio.denominator == 0) fail(Errc::malformed_attribute, what, element);
        return ratio;
    }

    /// Calls `read(child)` for each child element of that name.
    ///
    /// @param what  names the children, their number and so what is limited
    template <class Read>
    void children(const XMLElement& parent, const char* what, std::size_t limit, Read read) {
        for (const auto* child = parent.FirstChildElement(what); child != nullptr && !error_;
             child = child->NextSiblingElement(what)) {
            if (limit-- == 0) return fail(Errc::too_many_elements, what, *child);
            read(*child);
        }
    }
    void texts(const XMLElement& parent, const char* name, std::vector<std::string>& out) {
        children(parent, name, limits_.max_descriptors, [&](const XMLElement& child) {
            out.emplace_back(collapsed(child.GetText() != nullptr ? child.GetText() : ""));
        });
    }

    Mpd read_mpd_element(const XMLElement& e) {
        Mpd mpd;
        mpd.id = text(e, "MPD@id");
        mpd.profiles = text(e, "MPD@profiles");
        const auto type = word(e, "MPD@type");
        if (type == "dynamic") {
            mpd.type = PresentationType::dynamic;
        } else if (!type.empty() && type != "static") {
            fail(Errc::malformed_attribute, "MPD@type", e);
        }
        mpd.availability_start_time = date_time(e, "MPD@availabilityStartTime");
        mpd.publish_time = date_time(e, "MPD@publishTime");
        mpd.media_presentation_duration = duration(e, "MPD@mediaPresentationDuration");
        mpd.minimum_update_period = duration(e, "MPD@minimumUpdatePeriod");
        mpd.min_buffer_time = duration(e, "MPD@minBufferTime").value_or(Duration{});
        mpd.time_shift_buffer_depth = duration(e, "MPD@timeShiftBufferDepth");
        mpd.suggested_presentation_delay = duration(e, "MPD@suggestedPresentationDelay");
        mpd.max_segment_duration = duration(e, "MPD@maxSegmentDuration");
        texts(e, "BaseURL", mpd.base_urls);
        texts(e, "Location", mpd.locations);
        if (const auto* service = e.FirstChildElement("ServiceDescription")) {
            if (const auto* latency = service->FirstChildElement("Latency")) {
                const auto target = number<std::uint32_t>(*latency, "Latency@target");
                if (target) mpd.target_latency = std::chrono::milliseconds{*target};
            }
        }
        children(e, "Period", limits_.max_periods,
                 [&](const XMLElement& child) { mpd.periods.push_back(read_period(child)); });
        children(e, "UTCTiming", limits_.max_descriptors, [&](const XMLElement& child) {
            mpd.utc_timings.push_back(
                {required_text(child, "UTCTiming@schemeIdUri"), text(child, "UTCTiming@value")});
        });
        return mpd;
    }

    Period read_period(const XMLElement& e) {
        Period period;
        period.id = text(e, "Period@id");
        period.start = duration(e, "Period@start");
        period.duration = duration(e, "Period@duration");
        children(e, "EventStream", limits_.max_event_streams, [&](const XMLElement& child) {
            period.event_streams.push_back(read_event_stream(child));
        });
        const auto segments = read_segment_template(e, std::nullopt);
        children(e, "AdaptationSet", limits_.max_adaptation_sets, [&](const XMLElement& child) {
            period.adaptation_sets.push_back(read_adaptation_set(child, segments));
        });
        return period;
    }

    EventStream read_event_stream(const XMLElement& e) {
        EventStream stream;
        stream.scheme_id_uri = required_text(e, "EventStream@schemeIdUri");
        if (const auto* value = attribute(e, "EventStream@value")) stream.value = value;
        stream.timescale = timescale(e, "EventStream@timescale", 1);
        stream.presentation_time_offset =
            number(e, "EventStream@presentationTimeOffset", std::uint64_t{0});
        children(e, "Event", limits_.max_events, [&](const XMLElement& child) {
            auto& event = stream.events.emplace_back();
            event.presentation_time = number(child, "Event@presentationTime", std::uint64_t{0});
            event.duration = number<std::uint64_t>(child, "Event@duration");
            event.id = number<std::uint32_t>(child, "Event@id");
            const auto* data = attribute(child, "Event@messageData");
            if (data == nullptr) data = child.GetText();
            if (data != nullptr) event.message_data = data;
        });
        return stream;
    }

    AdaptationSet read_adaptation_set(const XMLElement& e,
                                      const std::optional<SegmentTemplate>& of_period) {
        AdaptationSet set;
        set.id = number<std::uint32_t>(e, "AdaptationSet@id");
        set.content_type = text(e, "AdaptationSet@contentType");
        set.mime_type = text(e, "AdaptationSet@mimeType");
        set.lang = text(e, "AdaptationSet@lang");
        set.segment_alignment = boolean(e, "AdaptationSet@segmentAlignment");
        set.start_with_sap = number(e, "AdaptationSet@startWithSAP", std::uint32_t{0});
        set.segment_template = read_segment_template(e, of_period);
        if (!set.segment_template) set.segment_template = of_period;
        children(e, "Representation", limits_.max_representations, [&](const XMLElement& child) {
            set.representations.push_back(read_representation(child, set.segment_template));
        });
        return set;
    }

    Representation read_representation(const XMLElement& e,
                                       const std::optional<SegmentTemplate>& of_set) {
        Representation r;
        r.id = required_text(e, "Representation@id");
        r.bandwidth = required_number<std::uint32_t>(e, "Representation@bandwidth");
        r.codecs = text(e, "Representation@codecs");
        r.mime_type = text(e, "Representation@mimeType");
        r.width = number(e, "Representation@width", std::uint32_t{0});
        r.height = number(e, "Representation@height", std::uint32_t{0});
        r.frame_rate = ratio(e, "Representation@frameRate", '/');
        r.sar = ratio(e, "Representation@sar", ':');
        r.audio_sampling_rate = number(e, "Representation@audioSamplingRate", std::uint32_t{0});
        if (const auto* channels = e.FirstChildElement("AudioChannelConfiguration")) {
            r.audio_channel_configuration = {
                required_text(*channels, "AudioChannelConfiguration@schemeIdUri"),
                text(*channels, "AudioChannelConfiguration@value")};
        }
        r.segment_template = read_segment_template(e, of_set);
        return r;
    }

    /// The SegmentTemplate child, if there is one. What it leaves out comes from the one above:
    /// 5.3.9.1.
    std::optional<SegmentTemplate> read_segment_template(
        const XMLElement& parent, const std::optional<SegmentTemplate>& above) {
        const auto* e = parent.FirstChildElement("SegmentTemplate");
        if (e == nullptr) return std::nullopt;
        auto segments = above.value_or(SegmentTemplate{});
        segments.timescale = timescale(*e, "SegmentTemplate@timescale", segments.timescale);
        segments.presentation_time_offset =
            number(*e, "SegmentTemplate@presentationTimeOffset", segments.presentation_time_offset);
        if (const auto* value = attribute(*e, "SegmentTemplate@initialization")) {
            segments.initialization = value;
        }
        if (const auto* value = attribute(*e, "SegmentTemplate@media")) segments.media = value;
        const auto start_number = number<std::uint64_t>(*e, "SegmentTemplate@startNumber");
        if (start_number) segments.start_number = start_number;
        const auto fixed_duration = number<std::uint64_t>(*e, "SegmentTemplate@duration");
        if (fixed_duration) segments.duration = fixed_duration;
        if (const auto* timeline = e->FirstChildElement("SegmentTimeline")) {
            segments.timeline.clear();
            children(*timeline, "S", limits_.max_timeline_entries, [&](const XMLElement& child) {
                auto& entry = segments.timeline.emplace_back();
                entry.t = number<std::uint64_t>(child, "S@t");
                entry.d = required_number<std::uint64_t>(child, "S@d");
                entry.r = number(child, "S@r", std::int64_t{0});
            });
        }
        return segments;
    }

    std::string_view xml_;
    const MpdLimits& limits_;
    std::optional<Error> error_;
};

}  // namespace

Result<Mpd> read_mpd(std::string_view xml, const MpdLimits& limits) {
    return MpdReader{xml, limits}.read();
}

}  // namespace streamkit::dash
