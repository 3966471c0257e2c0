#include "streamkit/dash/mpd.hpp"

#include <charconv>
#include <limits>

#include "streamkit/dash/errc.hpp"

namespace streamkit::dash {

Result<std::vector<TimelineSegment>> unfold_timeline(const std::vector<TimelineEntry>& timeline,
                                                     std::optional<std::uint64_t> end,
                                                     std::size_t max_segments) {
    constexpr std::uint64_t kMaxTime = std::numeric_limits<std::int64_t>::max();
    std::vector<TimelineSegment> segments;
    std::uint64_t time = 0;
    for (std::size_t i = 0; i < timeline.size(); ++i) {
        const auto& entry = timeline[i];
        const auto start = entry.t.value_or(time);
        if (entry.d == 0 || entry.d > kMaxTime) return Error{Errc::malformed_timeline, "S@d"};
        if (start < time || start > kMaxTime) return Error{Errc::malformed_timeline, "S@t"};
        time = start;

        std::uint64_t count = 0;
        if (entry.r >= 0) {
            count = static_cast<std::uint64_t>(entry.r) + 1;
        } else {
            const auto until = i + 1 < timeline.size() ? timeline[i + 1].t : end;
            if (!until || *until <= start) return Error{Errc::malformed_timeline, "S@r"};
            count = (*until - start - 1) / entry.d + 1;
        }
        if (count > max_segments - segments.size()) return Error{Errc::too_many_elements, "S@r"};
        if (count > (kMaxTime - start) / entry.d) return Error{Errc::malformed_timeline, "S@r"};
        for (; count > 0; --count, time += entry.d)
            segments.push_back({time, entry.d});
        // An open entry may pass the start of the next one by less than a segment.
        if (entry.r < 0 && i + 1 < timeline.size()) time = *timeline[i + 1].t;
    }
    return segments;
}

std::vector<TimelineEntry> fold_timeline(const std::vector<TimelineSegment>& segments) {
    std::vector<TimelineEntry> timeline;
    std::uint64_t end = 0;
    for (const auto& segment : segments) {
        const bool continues = !timeline.empty() && segment.time == end;
        if (continues && segment.duration == timeline.back().d) {
            ++timeline.back().r;
        } else {
            TimelineEntry entry;
            if (!continues) entry.t = segment.time;
            entry.d = segment.duration;
            timeline.push_back(entry);
        }
        end = segment.time + segment.duration;
    }
    return timeline;
}

std::string expand_template(std::string_view text, const Representation& r, std::uint64_t time,
                            std::uint64_t number) {
    std::string out;
    while (true) {
        const auto open = text.find('$');
        const auto close = open == std::string_view::npos ? open : text.find('$', open + 1);
        out += text.substr(0, open);
        if (close == std::string_view::npos) {
            if (open != std::string_view::npos) out += text.substr(open);
            return out;
        }
        const auto whole = text.substr(open, close - open + 1);
        auto identifier = whole.substr(1, whole.size() - 2);
        text.remove_prefix(close + 1);

        std::size_t width = 1;
        bool has_format = false;
        if (const auto percent = identifier.find('%'); percent != std::string_view::npos) {
            // 5.3.9.4.4: %0[width]d
            const auto format = identifier.substr(percent);
            const auto* first = format.data() + 2;
            const auto* last = format.data() + format.size() - 1;
            has_format = format.size() >= 4 && format.starts_with("%0") && format.ends_with('d') &&
                         std::from_chars(first, last, width).ptr == last && width <= 20;
            if (has_format) identifier = identifier.substr(0, percent);
        }
        const auto digits = [&](std::uint64_t value) {
            const auto plain = std::to_string(value);
            if (plain.size() < width) out.append(width - plain.size(), '0');
            out += plain;
        };
        if (identifier.empty() && !has_format) {
            out += '$';
        } else if (identifier == "RepresentationID" && !has_format) {
            out += r.id;
        } else if (identifier == "Time") {
            digits(time);
        } else if (identifier == "Number") {
            digits(number);
        } else if (identifier == "Bandwidth") {
            digits(r.bandwidth);
        } else {
            out += whole;
        }
    }
}

}  // namespace streamkit::dash
