#include "metadata_message.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "streamkit/base/uri.hpp"
#include "streamkit/json/reader.hpp"

namespace streamkit {
namespace {

/// Events are placed to the millisecond.
constexpr std::uint32_t kTimescale = 1000;
/// About 31 years; what is beyond it is a mistake of units.
constexpr double kMaxSeconds = 1e9;
constexpr std::size_t kMaxMetadataBytes = 64 * 1024;
constexpr std::size_t kMaxNameBytes = 1024;  // of scheme_id_uri, value and stream

/// The offset of the first character that XML 1.0 (section 2.2, Char) cannot carry, or its size.
std::size_t xml_prefix(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return i;
        const auto three = text.substr(i, 3);
        if (three == "\xef\xbf\xbe" || three == "\xef\xbf\xbf") return i;  // U+FFFE, U+FFFF
    }
    return text.size();
}

/// Does the text consist of the characters of a URI (RFC 3986, section 2)? A manifest with another
/// scheme would not be valid.
bool is_uri_text(std::string_view text) {
    constexpr std::string_view kNeither = "<>\"{}|\\^`";
    const bool characters = std::ranges::all_of(text, [&](char c) {
        return c > 0x20 && c < 0x7f && kNeither.find(c) == std::string_view::npos;
    });
    return !text.empty() && characters && percent_decode(text);
}

MetadataProblem wrong(std::string_view member, std::string_view what) {
    return {"'" + std::string{member} + "' " + std::string{what},
            R"(send {"metadata": "message", "time": 12.5})"};
}

/// Reads the members of the object one by one; the first thing that is wrong stays.
class MemberReader {
public:
    explicit MemberReader(const json::Value& object) : object_(object) {}

    std::optional<std::string> text(std::string_view name, std::size_t max_bytes) {
        const auto* member = object_.find(name);
        if (member == nullptr || member->is_null()) return std::nullopt;
        const auto* text = member->as_string();
        if (text == nullptr) return fail(wrong(name, "must be a string"));
        if (text->size() > max_bytes) {
            return fail(wrong(name, "is longer than " + std::to_string(max_bytes) + " bytes"));
        }
        if (const auto bad = xml_prefix(*text); bad != text->size()) {
            return fail(wrong(name, "has a control character at byte " + std::to_string(bad) +
                                        ", which a manifest cannot carry"));
        }
        return *text;
    }

    std::optional<Timestamp> seconds(std::string_view name) {
        const auto* member = object_.find(name);
        if (member == nullptr || member->is_null()) return std::nullopt;
        const auto number = member->as_number();
        if (!number) return fail(wrong(name, "must be a number of seconds"));
        if (!(*number >= 0 && *number <= kMaxSeconds)) {
            return fail(wrong(name, "must be 0 to 1000000000 seconds"));
        }
        return Timestamp{std::llround(*number * kTimescale), kTimescale};
    }

    std::optional<std::uint32_t> id(std::string_view name) {
        const auto* member = object_.find(name);
        if (member == nullptr || member->is_null()) return std::nullopt;
        const auto number = member->as_uint64();
        if (!number || *number > std::numeric_limits<std::uint32_t>::max()) {
            return fail(wrong(name, "must be a whole number from 0 to 4294967295"));
        }
        return static_cast<std::uint32_t>(*number);
    }

    [[nodiscard]] const std::optional<MetadataProblem>& problem() const { return problem_; }

private:
    std::nullopt_t fail(MetadataProblem problem) {
        if (!problem_) problem_ = std::move(problem);
        return std::nullopt;
    }

    const json::Value& object_;
    std::optional<MetadataProblem> problem_;
};

}  // namespace

std::variant<MetadataMessage, MetadataProblem> read_metadata_message(std::string_view body) {
    const auto document = json::read(body);
    if (!document) {
        return MetadataProblem{"the body is no JSON document: " + document.error().message(),
                               R"(send {"metadata": "message", "time": 12.5})"};
    }
    if (document->as_object() == nullptr) {
        return MetadataProblem{"the body is no JSON object",
                               R"(send {"metadata": "message", "time": 12.5})"};
    }
    MemberReader in{*document};
    MetadataMessage message;
    const auto metadata = in.text("metadata", kMaxMetadataBytes);
    message.stream = in.text("stream", kMaxNameBytes);
    message.request.time = in.seconds("time");
    message.request.duration = in.seconds("duration");
    message.request.id = in.id("id");
    if (auto scheme = in.text("scheme_id_uri", kMaxNameBytes)) {
        message.request.scheme_id_uri = std::move(*scheme);
    }
    if (auto value = in.text("value", kMaxNameBytes)) message.request.value = std::move(*value);
    if (in.problem()) return *in.problem();
    if (!metadata) return wrong("metadata", "is missing");
    if (!is_uri_text(message.request.scheme_id_uri)) return wrong("scheme_id_uri", "is not a URI");
    message.metadata = *metadata;
    message.request.message.assign(metadata->begin(), metadata->end());
    return message;
}

std::string metadata_answer(const MetadataMessage& message, std::string_view stream,
                            const cmaf::PostedEvent& posted) {
    const auto& event = posted.scheduled->event;
    json::JsonWriter out;
    out.begin_object()
        .member("status", "ok")
        .member("received", message.metadata)
        .member("stream", stream)
        .member("id", event.id)
        .member("time", event.time.seconds())
        .member("duration", event.duration.seconds())
        .member("late", posted.late)
        .end_object();
    return out.take();
}

void write_feed_event(json::JsonWriter& out, std::string_view stream,
                      const cmaf::ScheduledEvent& scheduled) {
    const auto& event = scheduled.event;
    out.begin_object()
        .member("metadata", as_text(event.message))
        .member("time", event.time.seconds())
        .member("duration", event.duration.seconds())
        .member("id", event.id)
        .member("stream", stream)
        .member("scheme_id_uri", event.scheme_id_uri)
        .member("value", event.value)
        .end_object();
}

}  // namespace streamkit
