#include "streamkit/dash/mpd_writer.hpp"

#include <tinyxml2.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "streamkit/base/utf8.hpp"
#include "streamkit/dash/xs_time.hpp"

namespace streamkit::dash {
namespace {

constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";  // U+FFFD

/// Length of the UTF-8 sequence at the front that XML 1.0, 2.2, does not allow; 0 if it does.
std::size_t forbidden(std::string_view text) {
    const auto c = static_cast<unsigned char>(text.front());
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return 1;
    if (text.starts_with("\xef\xbf\xbe") || text.starts_with("\xef\xbf\xbf")) return 3;
    return 0;
}

/// The text with U+FFFD in place of what XML cannot carry.
std::string xml_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        auto valid = text.substr(0, valid_utf8_prefix(text));
        text.remove_prefix(valid.size());
        while (!valid.empty()) {
            if (const auto size = forbidden(valid); size != 0) {
                out += kReplacementCharacter;
                valid.remove_prefix(size);
            } else {
                out += valid.front();
                valid.remove_prefix(1);
            }
        }
        if (!text.empty()) {  // at a byte that is not UTF-8
            out += kReplacementCharacter;
            text.remove_prefix(1);
        }
    }
    return out;
}

/// tinyxml2's printer, with line breaks and tabs in attributes as character references: a parser
/// turns bare ones into spaces (XML 1.0, 3.3.3).
class Printer final : public tinyxml2::XMLPrinter {
public:
    void attribute(const char* name, const std::string& value) {
        in_attribute_ = true;
        PushAttribute(name, xml_text(value).c_str());
        in_attribute_ = false;
    }
    void attribute(const char* name, std::uint64_t value) { PushAttribute(name, value); }
    void attribute(const char* name, Duration value) { attribute(name, format_duration(value)); }
    void attribute(const char* name, WallTime value) { attribute(name, format_date_time(value)); }
    template <class T>
    void attribute(const char* name, const std::optional<T>& value) {
        if (value) attribute(name, *value);
    }
    void attribute_if_any(const char* name, const std::string& value) {
        if (!value.empty()) attribute(name, value);
    }
    void attribute_if_any(const char* name, std::uint64_t value) {
        if (value != 0) attribute(name, value);
    }
    void text_element(const char* name, const std::string& text) {
        OpenElement(name);
        PushText(xml_text(text).c_str());
        CloseElement();
    }

private:
    void Write(const char* data, std::size_t size) override {
        if (!in_attribute_) return XMLPrinter::Write(data, size);
        std::string_view text{data, size};
        while (!text.empty()) {
            const auto plain = text.substr(0, text.find_first_of("\t\n\r"));
            XMLPrinter::Write(plain.data(), plain.size());
            text.remove_prefix(plain.size());
            if (text.empty()) break;
            const char c = text.front();
            const std::string_view reference = c == '\t' ? "&#9;" : c == '\n' ? "&#10;" : "&#13;";
            XMLPrinter::Write(reference.data(), reference.size());
            text.remove_prefix(1);
        }
    }

    bool in_attribute_ = false;
};

std::string ratio(const Ratio& value, char separator) {
    return std::to_string(value.numerator) + separator + std::to_string(value.denominator);
}

void write(Printer& out, const char* name, const Descriptor& descriptor) {
    out.OpenElement(name);
    out.attribute("schemeIdUri", descriptor.scheme_id_uri);
    out.attribute_if_any("value", descriptor.value);
    out.CloseElement();
}

void write(Printer& out, const EventStream& stream) {
    out.OpenElement("EventStream");
    out.attribute("schemeIdUri", stream.scheme_id_uri);
    out.attribute("value", stream.value);
    out.attribute("timescale", stream.timescale);
    out.attribute("presentationTimeOffset", stream.presentation_time_offset);
    for (const auto& event : stream.events) {
        out.OpenElement("Event");
        out.attribute("presentationTime", event.presentation_time);
        out.attribute("duration", event.duration);
        out.attribute("id", event.id);
        out.attribute("messageData", event.message_data);
        out.CloseElement();
    }
    out.CloseElement();
}

void write(Printer& out, const SegmentTemplate& segments) {
    out.OpenElement("SegmentTemplate");
    out.attribute("timescale", segments.timescale);
    out.attribute("presentationTimeOffset", segments.presentation_time_offset);
    out.attribute("duration", segments.duration);
    out.attribute("startNumber", segments.start_number);
    out.attribute_if_any("media", segments.media);
    out.attribute_if_any("initialization", segments.initialization);
    if (!segments.duration) {
        out.OpenElement("SegmentTimeline");
        for (const auto& entry : segments.timeline) {
            out.OpenElement("S");
            out.attribute("t", entry.t);
            out.attribute("d", entry.d);
            if (entry.r != 0) out.PushAttribute("r", entry.r);
            out.CloseElement();
        }
        out.CloseElement();
    }
    out.CloseElement();
}

void write(Printer& out, const Representation& r) {
    out.OpenElement("Representation");
    out.attribute("id", r.id);
    out.attribute_if_any("mimeType", r.mime_type);
    out.attribute_if_any("codecs", r.codecs);
    out.attribute("bandwidth", r.bandwidth);
    out.attribute_if_any("width", r.width);
    out.attribute_if_any("height", r.height);
    if (r.frame_rate.numerator != 0) {
        const bool whole = r.frame_rate.denominator == 1;
        out.attribute("frameRate",
                      whole ? std::to_string(r.frame_rate.numerator) : ratio(r.frame_rate, '/'));
    }
    if (r.sar.numerator != 0) out.attribute("sar", ratio(r.sar, ':'));
    out.attribute_if_any("audioSamplingRate", r.audio_sampling_rate);
    if (r.audio_channel_configuration) {
        write(out, "AudioChannelConfiguration", *r.audio_channel_configuration);
    }
    if (r.segment_template) write(out, *r.segment_template);
    out.CloseElement();
}

void write(Printer& out, const AdaptationSet& set) {
    out.OpenElement("AdaptationSet");
    out.attribute("id", set.id);
    out.attribute_if_any("contentType", set.content_type);
    out.attribute_if_any("mimeType", set.mime_type);
    out.attribute_if_any("lang", set.lang);
    if (set.segment_alignment) out.PushAttribute("segmentAlignment", true);
    out.attribute_if_any("startWithSAP", set.start_with_sap);
    if (set.segment_template) write(out, *set.segment_template);
    for (const auto& r : set.representations)
        write(out, r);
    out.CloseElement();
}

void write(Printer& out, const Period& period) {
    out.OpenElement("Period");
    out.attribute_if_any("id", period.id);
    out.attribute("start", period.start);
    out.attribute("duration", period.duration);
    for (const auto& stream : period.event_streams)
        write(out, stream);
    for (const auto& set : period.adaptation_sets)
        write(out, set);
    out.CloseElement();
}

}  // namespace

std::string write_mpd(const Mpd& mpd) {
    Printer out;
    out.PushDeclaration(R"(xml version="1.0" encoding="UTF-8")");
    out.OpenElement("MPD");
    out.attribute("xmlns", "urn:mpeg:dash:schema:mpd:2011");
    out.attribute_if_any("id", mpd.id);
    out.attribute("profiles", mpd.profiles);
    out.attribute("type", mpd.type == PresentationType::dynamic ? "dynamic" : "static");
    out.attribute("availabilityStartTime", mpd.availability_start_time);
    out.attribute("publishTime", mpd.publish_time);
    out.attribute("mediaPresentationDuration", mpd.media_presentation_duration);
    out.attribute("minimumUpdatePeriod", mpd.minimum_update_period);
    out.attribute("minBufferTime", mpd.min_buffer_time);
    out.attribute("timeShiftBufferDepth", mpd.time_shift_buffer_depth);
    out.attribute("suggestedPresentationDelay", mpd.suggested_presentation_delay);
    out.attribute("maxSegmentDuration", mpd.max_segment_duration);
    for (const auto& url : mpd.base_urls)
        out.text_element("BaseURL", url);
    for (const auto& url : mpd.locations)
        out.text_element("Location", url);
    if (mpd.target_latency) {
        out.OpenElement("ServiceDescription");
        out.attribute("id", 0);
        out.OpenElement("Latency");
        out.attribute("target", static_cast<std::uint64_t>(mpd.target_latency->count()));
        out.CloseElement();
        out.CloseElement();
    }
    for (const auto& period : mpd.periods)
        write(out, period);
    for (const auto& timing : mpd.utc_timings)
        write(out, "UTCTiming", timing);
    out.CloseElement();
    return {out.CStr(), static_cast<std::size_t>(out.CStrSize() - 1)};
}

std::string write_mpd(const cmaf::Presentation& presentation, const MpdOptions& options) {
    return write_mpd(make_mpd(presentation, options));
}

}  // namespace streamkit::dash
