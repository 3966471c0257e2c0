#pragma once

// Where a player finds the index of a file, from what is there of the file so far.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "streamkit/base/bytes.hpp"
#include "streamkit/file/block_layout.hpp"

namespace streamkit::file {

/// Walks the boxes at the top of an MP4 or QuickTime file (ISO/IEC 14496-12, 4.2), box header by box
/// header, wherever they lie, until it has seen `moov` or knows that there is no point in going on:
/// a file that begins with something else, fragments (`moof`: each has its own index), sizes that
/// make no sense. No player can begin before it has `moov`, which many programs write at the end.
class IndexScanner {
public:
    /// Boxes before `moov`; files have three to five.
    static constexpr int kMaxBoxes = 64;

    /// @param file_size  in bytes
    explicit IndexScanner(std::uint64_t file_size) noexcept;

    /// The bytes that it wants to see next; nothing when it is done. All of them, or the first ones
    /// of them, are to be given to `handle`.
    [[nodiscard]] std::optional<FileRange> wanted() const noexcept;
    /// Looks at bytes of the file; those that are not wanted are passed over.
    void handle(std::uint64_t offset, BytesView bytes) noexcept;
    /// Where `moov` lies, header included, once it is found.
    [[nodiscard]] std::optional<FileRange> index() const noexcept { return index_; }

private:
    static constexpr std::size_t kHeaderBytes = 8;
    static constexpr std::size_t kLargeHeaderBytes = 16;  // with largesize

    void read_header() noexcept;

    std::uint64_t size_;
    std::uint64_t box_ = 0;  // offset of the header that is being read
    std::array<std::uint8_t, kLargeHeaderBytes> header_{};
    std::size_t have_ = 0;  // bytes of the header
    std::size_t need_ = kHeaderBytes;
    int boxes_ = 0;
    bool done_ = false;
    std::optional<FileRange> index_;
};

}  // namespace streamkit::file
