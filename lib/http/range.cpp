#include "streamkit/http/range.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "streamkit/http/message.hpp"

namespace streamkit::http {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view digits) noexcept {
    std::uint64_t value = 0;
    const auto end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, value);
    if (parsed.ec == std::errc::result_out_of_range && parsed.ptr == end) return UINT64_MAX;
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return value;
}

}  // namespace

RangeSelection select_range(std::string_view range, std::uint64_t size) noexcept {
    using Kind = RangeSelection::Kind;
    constexpr std::string_view kUnit = "bytes=";
    if (!equal_ignoring_case(range.substr(0, kUnit.size()), kUnit)) return {};
    range.remove_prefix(kUnit.size());
    const auto dash = range.find('-');
    if (dash == std::string_view::npos) return {};
    const auto first_text = range.substr(0, dash);
    const auto last_text = range.substr(dash + 1);

    if (first_text.empty()) {  // suffix-range: the last bytes
        const auto suffix = parse_number(last_text);
        if (!suffix) return {};
        if (*suffix == 0 || size == 0) return {Kind::unsatisfiable, 0, 0};
        const auto length = std::min(*suffix, size);
        return {Kind::part, size - length, length};
    }
    const auto first = parse_number(first_text);
    const auto last = last_text.empty() ? std::optional{UINT64_MAX} : parse_number(last_text);
    if (!first || !last || *last < *first) return {};
    if (*first >= size) return {Kind::unsatisfiable, 0, 0};
    return {Kind::part, *first, std::min(*last, size - 1) - *first + 1};
}

std::string content_range(const RangeSelection& selection, std::uint64_t size) {
    std::string text = "bytes ";
    if (selection.kind == RangeSelection::Kind::unsatisfiable) {
        text += '*';
    } else {
        text += std::to_string(selection.first) + '-' +
                std::to_string(selection.first + selection.length - 1);
    }
    return text + '/' + std::to_string(size);
}

std::vector<SharedBuffer> slice_of(std::span<const SharedBuffer> slices, std::uint64_t first,
                                   std::uint64_t length) {
    std::vector<SharedBuffer> part;
    for (const auto& slice : slices) {
        if (length == 0) break;
        if (first >= slice.size()) {
            first -= slice.size();
            continue;
        }
        const auto count = std::min<std::uint64_t>(slice.size() - first, length);
        part.push_back(
            slice.slice(static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
        length -= count;
        first = 0;
    }
    return part;
}

}  // namespace streamkit::http
