#include "streamkit/file/index_scanner.hpp"

#include <algorithm>

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/fourcc.hpp"

namespace streamkit::file {
namespace {

// What MP4 and QuickTime files begin with.
bool can_be_first(FourCc type) {
    for (const auto known :
         {FourCc{"ftyp"}, FourCc{"moov"}, FourCc{"mdat"}, FourCc{"free"}, FourCc{"skip"},
          FourCc{"wide"}, FourCc{"pnot"}, FourCc{"styp"}, FourCc{"uuid"}}) {
        if (type == known) return true;
    }
    return false;
}

}  // namespace

IndexScanner::IndexScanner(std::uint64_t file_size) noexcept
    : size_(file_size), done_(file_size < kHeaderBytes) {}

std::optional<FileRange> IndexScanner::wanted() const noexcept {
    if (done_) return std::nullopt;
    return FileRange{box_ + have_, need_ - have_};
}

void IndexScanner::handle(std::uint64_t offset, BytesView bytes) noexcept {
    while (const auto range = wanted()) {
        if (range->offset < offset || range->offset - offset >= bytes.size()) return;
        const auto from = static_cast<std::size_t>(range->offset - offset);
        const auto n = std::min(static_cast<std::size_t>(range->length), bytes.size() - from);
        const auto run = bytes.subspan(from, n);
        std::copy(run.begin(), run.end(), header_.begin() + static_cast<std::ptrdiff_t>(have_));
        have_ += n;
        if (have_ == need_) read_header();
    }
}

void IndexScanner::read_header() noexcept {
    ByteReader in{BytesView{header_}.first(have_)};
    std::uint64_t size = in.u32();
    const FourCc type{in.u32()};
    done_ = boxes_ == 0 && !can_be_first(type);
    if (done_) return;
    if (size == 1) {  // largesize follows
        if (need_ == kHeaderBytes) {
            need_ = kLargeHeaderBytes;
            done_ = size_ - box_ < need_;
            return;
        }
        size = in.u64();
    }
    const auto left = size_ - box_;
    if (size == 0) size = left;  // to the end of the file
    if (type == FourCc{"moov"} && size >= need_ && size <= left) index_ = FileRange{box_, size};
    done_ = index_ || type == FourCc{"moof"} || size < need_ || size > left ||
            left - size < kHeaderBytes || ++boxes_ >= kMaxBoxes;
    box_ += done_ ? 0 : size;
    have_ = 0;
    need_ = kHeaderBytes;
}

}  // namespace streamkit::file
