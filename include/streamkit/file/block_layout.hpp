#pragma once

// How a file is cut into blocks: the unit of hashing, of asking and of resuming.

#include <algorithm>
#include <bit>
#include <cstdint>

#include "streamkit/base/result.hpp"
#include "streamkit/file/errc.hpp"

namespace streamkit::file {

inline constexpr std::uint32_t kMinBlockBytes = 16U << 10;
inline constexpr std::uint32_t kDefaultBlockBytes = 256U << 10;
inline constexpr std::uint32_t kMaxBlockBytes = 16U << 20;
/// What a client must hold of one file: 32 MiB of hashes.
inline constexpr std::uint32_t kMaxBlocks = 1U << 20;
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{kMaxBlocks} * kMaxBlockBytes;

/// A run of bytes of a file.
struct FileRange {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;

    [[nodiscard]] constexpr std::uint64_t end() const noexcept { return offset + length; }
    friend bool operator==(const FileRange&, const FileRange&) = default;
};

/// A file of `size` bytes in blocks of one size, the last of which may be shorter. A file without
/// bytes has no blocks.
class BlockLayout {
public:
    /// A file without bytes.
    constexpr BlockLayout() noexcept = default;
    /// @param block_bytes  a power of two, `kMinBlockBytes` to `kMaxBlockBytes`
    /// @return `Errc::invalid_block_size`; `Errc::file_too_large` if there were more than
    ///         `kMaxBlocks`
    [[nodiscard]] static Result<BlockLayout> make(std::uint64_t size, std::uint32_t block_bytes) {
        if (block_bytes < kMinBlockBytes || block_bytes > kMaxBlockBytes ||
            !std::has_single_bit(block_bytes)) {
            return Error{Errc::invalid_block_size, "block bytes"};
        }
        if (size > std::uint64_t{kMaxBlocks} * block_bytes) {
            return Error{Errc::file_too_large, "size"};
        }
        return BlockLayout{size, block_bytes};
    }
    /// What a server takes: blocks of `kDefaultBlockBytes`, larger ones above 16 GiB, so that a
    /// client gets the hashes of a film at once.
    ///
    /// @return `Errc::file_too_large`
    [[nodiscard]] static Result<BlockLayout> for_size(std::uint64_t size) {
        constexpr std::uint64_t kEnoughBlocks = 1U << 16;
        auto block_bytes = kDefaultBlockBytes;
        while (block_bytes < kMaxBlockBytes && size > kEnoughBlocks * block_bytes)
            block_bytes *= 2;
        return make(size, block_bytes);
    }

    [[nodiscard]] constexpr std::uint64_t size() const noexcept { return size_; }
    [[nodiscard]] constexpr std::uint32_t block_bytes() const noexcept { return block_bytes_; }
    [[nodiscard]] constexpr std::uint32_t block_count() const noexcept {
        return static_cast<std::uint32_t>((size_ + block_bytes_ - 1) / block_bytes_);
    }
    /// The block that holds the byte at `offset`; `block_count()` for the end of the file.
    [[nodiscard]] constexpr std::uint32_t block_at(std::uint64_t offset) const noexcept {
        return offset >= size_ ? block_count() : static_cast<std::uint32_t>(offset / block_bytes_);
    }
    /// The bytes of `count` blocks from `first` on, as far as the file goes.
    [[nodiscard]] constexpr FileRange range(std::uint32_t first,
                                            std::uint32_t count = 1) const noexcept {
        const auto begin = std::min(std::uint64_t{first} * block_bytes_, size_);
        const auto end = std::min((std::uint64_t{first} + count) * block_bytes_, size_);
        return {begin, end - begin};
    }

    friend bool operator==(const BlockLayout&, const BlockLayout&) = default;

private:
    constexpr BlockLayout(std::uint64_t size, std::uint32_t block_bytes) noexcept
        : size_(size), block_bytes_(block_bytes) {}

    std::uint64_t size_ = 0;
    std::uint32_t block_bytes_ = kDefaultBlockBytes;
};

}  // namespace streamkit::file
