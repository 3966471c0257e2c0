#pragma once

// The record beside a `.part` file: which blocks of it are stored and verified.
//
// A header that names the content, then a journal to which each stored run of blocks adds one entry
// of 16 bytes. The checksum of an entry covers the one before it, so what counts after a crash is
// the longest prefix that is whole: the record is never wrong, only older. docs/file.md has the
// bytes.

#include <cstddef>
#include <cstdint>

#include "streamkit/base/byte_writer.hpp"
#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/file/block_layout.hpp"
#include "streamkit/file/block_set.hpp"
#include "streamkit/file/hash_tree.hpp"

namespace streamkit::file {

/// What the blocks in a `.part` file belong to.
struct PartContent {
    Hash content{};  ///< see `content_id`
    Hash root{};     ///< of the hash tree: the blocks can be verified again by it
    BlockLayout layout{};
    friend bool operator==(const PartContent&, const PartContent&) = default;
};

/// What is written when:
///
///   1. a run of blocks, verified, into the `.part` file;
///   2. its data to the disk (fdatasync), where a power cut must not be believed to keep it;
///   3. the bytes of `add` behind the record, which may be cut anywhere by a crash.
///
/// A new or compacted record is written beside the old one and renamed over it.
class PartRecord {
public:
    static constexpr std::size_t kHeaderBytes = 92;
    static constexpr std::size_t kEntryBytes = 16;

    /// A record of no blocks, not written yet: `compact` gives its bytes.
    explicit PartRecord(const PartContent& content);
    /// Reads a record as far as it is whole.
    ///
    /// @param bytes  of the whole file
    /// @return `Errc::record_damaged` where not even the header is; `Errc::invalid_block_size` and
    ///         `Errc::file_too_large` for one that was never written by us
    [[nodiscard]] static Result<PartRecord> read(BytesView bytes);
    /// Reads a record and makes sure that it is of what the server has.
    ///
    /// @return also `Errc::record_of_other_file`
    [[nodiscard]] static Result<PartRecord> read(BytesView bytes, const PartContent& expected);

    [[nodiscard]] const PartContent& content() const noexcept { return content_; }
    [[nodiscard]] const BlockSet& blocks() const noexcept { return blocks_; }
    /// How long the record is that was read or written so far: cut the file there before adding.
    [[nodiscard]] std::size_t size_bytes() const noexcept { return size_; }

    /// Notes blocks that are stored and verified.
    ///
    /// @param first, count  at least one block, all within the file
    /// @return what to append to the record
    [[nodiscard]] Bytes add(std::uint32_t first, std::uint32_t count);
    /// Whether `compact` would save at least half of a record that is not small.
    [[nodiscard]] bool should_compact() const noexcept;
    /// The whole record anew, with one entry for each run of blocks.
    [[nodiscard]] Bytes compact();

private:
    void write_header(ByteWriter& out);
    void write_entry(ByteWriter& out, std::uint32_t first, std::uint32_t count);
    void insert(std::uint32_t first, std::uint32_t count) noexcept;

    PartContent content_;
    BlockSet blocks_;
    std::size_t runs_ = 0;     // of blocks side by side
    std::size_t size_ = 0;     // bytes
    std::uint64_t chain_ = 0;  // the checksum of what comes before the next entry
};

}  // namespace streamkit::file
