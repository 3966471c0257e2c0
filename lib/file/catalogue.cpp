#include "streamkit/file/catalogue.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/byte_writer.hpp"
#include "streamkit/base/utf8.hpp"
#include "streamkit/file/errc.hpp"

namespace streamkit::file {
namespace {

// Before what is hashed, so that no hash of one kind is one of another.
constexpr std::string_view kEntryLabel = "streamkit-file entry 1";
constexpr std::string_view kContentLabel = "streamkit-file content 1";

// Of C1 and of some signs above U+2000, as UTF-8 has them.
constexpr std::string_view kNextToC1Controls = "\xc2";
constexpr std::string_view kGeneralPunctuation = "\xe2\x80";  // U+2000 to U+203F
constexpr std::string_view kInvisibleOperators = "\xe2\x81";  // U+2040 to U+207F

std::uint8_t byte_at(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
}

// Of the character that begins at `at`, in valid UTF-8.
bool is_control(std::string_view text, std::size_t at) {
    const auto byte = byte_at(text, at);
    if (byte < 0x20 || byte == 0x7f) return true;
    return text.substr(at).starts_with(kNextToC1Controls) && byte_at(text, at + 1) < 0xa0;
}

// Line and paragraph separators, and the signs that override or isolate the direction of text.
bool is_deceptive(std::string_view text, std::size_t at) {
    const auto rest = text.substr(at);
    const auto last = byte_at(text, at + 2);
    if (rest.starts_with(kGeneralPunctuation)) return last >= 0xa8 && last <= 0xae;  // 2028 to 202E
    if (rest.starts_with(kInvisibleOperators)) return last >= 0xa6 && last <= 0xa9;  // 2066 to 2069
    return false;
}

auto order(const Entry& entry) { return std::tie(entry.name, entry.id); }

}  // namespace

Result<void> check_name(std::string_view name) {
    if (name.empty() || name == "." || name == "..") return Error{Errc::invalid_name, "name"};
    if (name.size() > kMaxNameBytes) return Error{Errc::invalid_name, "name", kMaxNameBytes};
    if (const auto at = valid_utf8_prefix(name); at != name.size()) {
        return Error{Errc::invalid_name, "name", at};
    }
    for (std::size_t at = 0; at < name.size(); ++at) {
        if (name[at] == '/' || name[at] == '\\' || is_control(name, at) || is_deceptive(name, at)) {
            return Error{Errc::invalid_name, "name", at};
        }
    }
    return {};
}

Result<void> check_text(std::string_view text, std::size_t limit) {
    if (text.size() > limit) return Error{Errc::invalid_text, "text", limit};
    if (const auto at = valid_utf8_prefix(text); at != text.size()) {
        return Error{Errc::invalid_text, "text", at};
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (is_control(text, at)) return Error{Errc::invalid_text, "text", at};
    }
    return {};
}

Result<void> check_entry(const Entry& entry) {
    STREAMKIT_TRY(check_name(entry.name));
    STREAMKIT_TRY(check_text(entry.container, kMaxFormatBytes));
    STREAMKIT_TRY(check_text(entry.codecs, kMaxFormatBytes));
    if (entry.size > kMaxFileBytes) return Error{Errc::file_too_large, "size"};
    if (entry.duration < milliseconds{0} || entry.duration > kMaxDuration) {
        return Error{Errc::value_out_of_range, "duration"};
    }
    if (entry.bit_rate > kMaxBitRate) return Error{Errc::value_out_of_range, "bit rate"};
    return {};
}

EntryId entry_id(std::string_view name, std::uint64_t size, WallTime modified) {
    ByteWriter out;
    out.text(kEntryLabel);
    out.u64(size);
    out.i64(modified.time_since_epoch().count());
    out.text(name);
    const auto hash = crypto::sha256(out.view());
    return ByteReader{hash}.u64();
}

Hash content_id(std::uint64_t size, WallTime modified, const Hash& root) {
    ByteWriter out;
    out.text(kContentLabel);
    out.u64(size);
    out.i64(modified.time_since_epoch().count());
    out.bytes(root);
    return crypto::sha256(out.view());
}

Result<EntryId> Catalogue::add(Entry entry) {
    STREAMKIT_TRY(check_entry(entry));
    entry.id = entry_id(entry.name, entry.size, entry.modified);
    const auto id = entry.id;
    const auto place = std::ranges::lower_bound(entries_, order(entry), {}, order);
    if (place != entries_.end() && order(*place) == order(entry)) {
        return Error{Errc::duplicate_entry, "entry"};
    }
    entries_.insert(place, std::move(entry));
    return id;
}

bool Catalogue::remove(EntryId id) {
    return std::erase_if(entries_, [id](const Entry& entry) { return entry.id == id; }) > 0;
}

bool Catalogue::set_sha256(EntryId id, const Hash& sha256) {
    const auto found = std::ranges::find(entries_, id, &Entry::id);
    if (found == entries_.end()) return false;
    found->sha256 = sha256;
    return true;
}

const Entry* Catalogue::find(EntryId id) const noexcept {
    const auto found = std::ranges::find(entries_, id, &Entry::id);
    return found == entries_.end() ? nullptr : &*found;
}

std::span<const Entry> Catalogue::named(std::string_view name) const noexcept {
    const auto begin = std::ranges::lower_bound(entries_, name, {}, &Entry::name);
    const auto end = std::ranges::upper_bound(begin, entries_.end(), name, {}, &Entry::name);
    return {begin, end};
}

Result<Page> Catalogue::page(BytesView token, std::size_t limit) const {
    auto begin = entries_.begin();
    if (!token.empty()) {
        ByteReader in{token};
        const auto id = in.u64();
        const std::string name{as_text(in.rest())};
        if (!in.ok() || !check_name(name)) return Error{Errc::invalid_page_token, "page token"};
        begin = std::ranges::upper_bound(entries_, std::tie(name, id), {}, order);
    }
    if (limit == 0 || limit > kMaxPageEntries) limit = kMaxPageEntries;
    const std::span<const Entry> rest{begin, entries_.end()};
    Page page{rest.first(std::min(limit, rest.size())), {}};
    if (page.entries.size() < rest.size()) {
        ByteWriter out{kMaxPageTokenBytes};
        out.u64(page.entries.back().id);
        out.text(page.entries.back().name);
        page.next = out.take();
    }
    return page;
}

}  // namespace streamkit::file
