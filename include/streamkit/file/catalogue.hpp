#pragma once

// What a server has to offer. Clients name entries by id or by name, never by a path.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/file/hash_tree.hpp"

namespace streamkit::file {

using EntryId = std::uint64_t;
using std::chrono::milliseconds;

inline constexpr std::size_t kMaxNameBytes = 255;    ///< of a file name, as file systems have it
inline constexpr std::size_t kMaxFormatBytes = 255;  ///< of `container` and of `codecs`
inline constexpr milliseconds kMaxDuration{std::int64_t{1} << 40};  ///< 34 years
inline constexpr std::uint64_t kMaxBitRate = 1'000'000'000'000;     ///< bits per second
inline constexpr std::size_t kMaxPageEntries = 128;                 ///< in one page of a listing
inline constexpr std::size_t kMaxPageTokenBytes = 8 + kMaxNameBytes;

/// One file.
struct Entry {
    EntryId id = 0;
    std::string name{};
    std::uint64_t size = 0;  ///< bytes
    WallTime modified{};
    milliseconds duration{0};      ///< of the media in it; 0: not known
    std::uint64_t bit_rate = 0;    ///< of the media, bits per second, the mean; 0: not known
    std::string container{};       ///< such as "mp4"
    std::string codecs{};          ///< as in RFC 6381, such as "avc1.64001f,mp4a.40.2"
    std::optional<Hash> sha256{};  ///< of the whole file, once it is known

    friend bool operator==(const Entry&, const Entry&) = default;
};

/// Names that a client may use for a file of its own without a further look.
///
/// @return `Errc::invalid_name`, with the offset: 1 to `kMaxNameBytes` bytes of UTF-8; not "." or
///         ".."; no slash, backslash, control character, line or paragraph separator, and nothing
///         that turns the direction of text around, by which a name would show as another one
Result<void> check_name(std::string_view name);
/// @return `Errc::invalid_text`, with the offset: at most `limit` bytes of UTF-8 without control
///         characters
Result<void> check_text(std::string_view text, std::size_t limit);
/// Everything that the fields promise.
///
/// @return an error of `check_name` or `check_text`, `Errc::file_too_large`,
///         `Errc::value_out_of_range`
Result<void> check_entry(const Entry& entry);

/// The same for the same file in every run of the server; says nothing of where it lies.
[[nodiscard]] EntryId entry_id(std::string_view name, std::uint64_t size, WallTime modified);
/// Names exactly these bytes: what a client compares before it goes on with an unfinished file.
[[nodiscard]] Hash content_id(std::uint64_t size, WallTime modified, const Hash& root);

/// One page of a listing.
struct Page {
    std::span<const Entry> entries{};  ///< valid until the catalogue changes
    Bytes next{};                      ///< the token of the page behind it; empty: none
};

/// Entries in the order of their names (by bytes), then of their ids.
class Catalogue {
public:
    /// Sets the entry's id and takes it in. Add many in the order of their names: each one behind
    /// the last costs nothing to place.
    ///
    /// @return the id; an error of `check_entry`; `Errc::duplicate_entry` for a name, size and time
    ///         that are there already, from another folder say
    Result<EntryId> add(Entry entry);
    /// @return whether there was one
    bool remove(EntryId id);
    /// Notes what hashing the file gave. @return whether there is such an entry
    bool set_sha256(EntryId id, const Hash& sha256);

    /// The entry, or null; valid until the catalogue changes.
    [[nodiscard]] const Entry* find(EntryId id) const noexcept;
    /// All entries of exactly this name: none, one, or the candidates to choose from by id.
    [[nodiscard]] std::span<const Entry> named(std::string_view name) const noexcept;
    [[nodiscard]] std::span<const Entry> all() const noexcept { return entries_; }

    /// Entries behind the place that the token names, whether or not the entry that was there is
    /// there still: paging misses and repeats nothing that stays.
    ///
    /// @param token  empty for the first page
    /// @param limit  at most so many; 0 or more than `kMaxPageEntries`: as many as one page holds
    /// @return `Errc::invalid_page_token`
    Result<Page> page(BytesView token, std::size_t limit) const;

private:
    std::vector<Entry> entries_;
};

}  // namespace streamkit::file
