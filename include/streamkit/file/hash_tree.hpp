#pragma once

// The Merkle tree over the blocks of a file, by which each block is checked when it arrives.
//
// Shape and hashes are those of RFC 6962, 2.1, with SHA-256: leaves and inner nodes are hashed with
// different prefixes, so that nobody can pass an inner node off as a block.

#include <cstdint>
#include <span>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/crypto/sha256.hpp"
#include "streamkit/file/block_layout.hpp"

namespace streamkit::file {

using Hash = crypto::Sha256Digest;

/// The hash of one block: SHA-256(0x00 || block).
[[nodiscard]] Hash leaf_hash(BytesView block);

/// The root over the hashes of all blocks, in order: an inner node is SHA-256(0x01 || left ||
/// right), and the left side of a tree of n leaves has the largest power of two below n of them.
/// Without leaves: SHA-256 of nothing.
[[nodiscard]] Hash tree_root(std::span<const Hash> leaves);

/// What there is to know of a file that was read once.
struct HashedFile {
    BlockLayout layout{};
    std::vector<Hash> leaves{};  ///< one for each block
    Hash root{};
    Hash sha256{};  ///< of the whole file, as `sha256sum` prints it
};

/// Hashes a file while it is read.
class HashTreeBuilder {
public:
    /// @param expected  what is to come; blocks are cut by it
    explicit HashTreeBuilder(const BlockLayout& expected);

    /// Takes the bytes that follow.
    ///
    /// @return `Errc::file_too_large` when they are more than were expected: the file grew
    Result<void> update(BytesView bytes);
    [[nodiscard]] std::uint64_t bytes_hashed() const noexcept { return hashed_; }
    /// The end of the file; the builder is used up then.
    ///
    /// @return `Errc::truncated` when bytes are missing: the file was cut
    Result<HashedFile> finish();

private:
    void end_block();

    BlockLayout layout_;
    std::uint64_t hashed_ = 0;
    crypto::Sha256 block_;
    crypto::Sha256 whole_;
    std::vector<Hash> leaves_;
};

/// Hashes of blocks that are known to be those of a root.
class BlockHashes {
public:
    /// Of a file without bytes.
    BlockHashes() = default;
    /// @return `Errc::wrong_hashes` where their number or their root is not the right one
    [[nodiscard]] static Result<BlockHashes> verify(const BlockLayout& layout, const Hash& root,
                                                    std::vector<Hash> leaves);

    [[nodiscard]] const BlockLayout& layout() const noexcept { return layout_; }
    [[nodiscard]] std::span<const Hash> leaves() const noexcept { return leaves_; }
    /// @param index  less than `layout().block_count()`
    /// @param block  all of its bytes
    /// @return `Errc::wrong_block`, with the offset of the block in the file
    Result<void> check(std::uint32_t index, BytesView block) const;

private:
    BlockLayout layout_;
    std::vector<Hash> leaves_;
};

}  // namespace streamkit::file
