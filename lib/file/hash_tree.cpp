#include "streamkit/file/hash_tree.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "streamkit/base/assert.hpp"

namespace streamkit::file {
namespace {

// RFC 6962, 2.1
constexpr std::array<std::uint8_t, 1> kLeafPrefix{0x00};
constexpr std::array<std::uint8_t, 1> kNodePrefix{0x01};

}  // namespace

Hash leaf_hash(BytesView block) {
    crypto::Sha256 hash;
    hash.update(kLeafPrefix);
    hash.update(block);
    return hash.finish();
}

Hash tree_root(std::span<const Hash> leaves) {
    if (leaves.empty()) return crypto::sha256({});
    // Level by level from below: an odd node at the end moves up as it is. That is the tree of the
    // RFC, whose left sides are whole.
    std::vector<Hash> level{leaves.begin(), leaves.end()};
    crypto::Sha256 hash;
    for (auto count = level.size(); count > 1; count = (count + 1) / 2) {
        for (std::size_t i = 0; i + 1 < count; i += 2) {
            hash.update(kNodePrefix);
            hash.update(level[i]);
            hash.update(level[i + 1]);
            level[i / 2] = hash.finish();
        }
        if (count % 2 == 1) level[count / 2] = level[count - 1];
    }
    return level.front();
}

HashTreeBuilder::HashTreeBuilder(const BlockLayout& expected) : layout_(expected) {
    leaves_.reserve(expected.block_count());
    block_.update(kLeafPrefix);
}

Result<void> HashTreeBuilder::update(BytesView bytes) {
    if (bytes.size() > layout_.size() - hashed_) {
        return Error{Errc::file_too_large, "file", layout_.size()};
    }
    whole_.update(bytes);
    while (!bytes.empty()) {
        const auto room = layout_.block_bytes() - hashed_ % layout_.block_bytes();
        const auto n = std::min<std::uint64_t>(room, bytes.size());
        block_.update(bytes.first(static_cast<std::size_t>(n)));
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        hashed_ += n;
        if (n == room) end_block();
    }
    return {};
}

Result<HashedFile> HashTreeBuilder::finish() {
    if (hashed_ != layout_.size()) return Error{Errc::truncated, "file", hashed_};
    if (leaves_.size() < layout_.block_count()) end_block();
    HashedFile out;
    out.layout = layout_;
    out.leaves = std::move(leaves_);
    out.root = tree_root(out.leaves);
    out.sha256 = whole_.finish();
    return out;
}

void HashTreeBuilder::end_block() {
    leaves_.push_back(block_.finish());
    block_.update(kLeafPrefix);
}

Result<BlockHashes> BlockHashes::verify(const BlockLayout& layout, const Hash& root,
                                        std::vector<Hash> leaves) {
    if (leaves.size() != layout.block_count() || tree_root(leaves) != root) {
        return Error{Errc::wrong_hashes, "hashes"};
    }
    BlockHashes out;
    out.layout_ = layout;
    out.leaves_ = std::move(leaves);
    return out;
}

Result<void> BlockHashes::check(std::uint32_t index, BytesView block) const {
    STREAMKIT_ASSERT(index < leaves_.size());
    const auto range = layout_.range(index);
    if (block.size() != range.length || leaf_hash(block) != leaves_[index]) {
        return Error{Errc::wrong_block, "block", range.offset};
    }
    return {};
}

}  // namespace streamkit::file
