#include "receive_stream.hpp"

#include <bit>
#include <cstring>
#include <span>
#include <utility>

#include "streamkit/base/assert.hpp"
#include "streamkit/rudp/errc.hpp"

namespace streamkit::rudp {
namespace {

// So many blocks are kept to be used again: an application that reads 1 MiB at a time costs no
// allocations, and a stream that is idle holds no more.
constexpr std::size_t kMaxSpareBlocks = 16;

constexpr std::size_t kWordBits = 64;
constexpr std::uint64_t kAllBits = ~std::uint64_t{0};

// Sets the bits from `from` up to and without `to`; there must be one.
void set_bits(std::span<std::uint64_t> words, std::size_t from, std::size_t to) noexcept {
    const auto first = from / kWordBits;
    const auto last = (to - 1) / kWordBits;
    const auto from_first = kAllBits << (from % kWordBits);
    const auto up_to_last = kAllBits >> (kWordBits - 1 - (to - 1) % kWordBits);
    if (first == last) {
        words[first] |= from_first & up_to_last;
        return;
    }
    words[first] |= from_first;
    const auto between = words.subspan(first + 1, last - first - 1);
    std::fill(between.begin(), between.end(), kAllBits);
    words[last] |= up_to_last;
}

// The first bit from `from` on that is not set; the number of all bits if there is none.
std::size_t find_clear_bit(std::span<const std::uint64_t> words, std::size_t from) noexcept {
    auto word = from / kWordBits;
    // What lies before `from` counts as set.
    auto clear = ~words[word] & (kAllBits << (from % kWordBits));
    while (clear == 0) {
        if (++word == words.size()) return word * kWordBits;
        clear = ~words[word];
    }
    return word * kWordBits + static_cast<std::size_t>(std::countr_zero(clear));
}

}  // namespace

ReceiveStream::ReceiveStream(std::uint64_t window)
    : window_(std::min(window, kMaxVarint)), announced_(window_) {}

Result<std::uint64_t> ReceiveStream::receive(const StreamFrame& frame) {
    if (frame.offset > kMaxVarint) return Error{Errc::flow_control, "stream offset", frame.offset};
    const auto end = frame.offset + frame.data.size();
    auto grown = accept(end, frame.fin ? std::optional{end} : std::nullopt);
    if (!grown || reset_code_) return grown;
    if (end <= contiguous_end_) {
        if (at_end()) drop_all_blocks();  // the end came alone, after all was read
        return grown;
    }

    const auto known = frame.offset < contiguous_end_ ? contiguous_end_ - frame.offset : 0;
    store(frame.offset + known, frame.data.subspan(static_cast<std::size_t>(known)));
    return grown;
}

Result<std::uint64_t> ReceiveStream::reset(const ResetStreamFrame& frame) {
    // RFC 9000, 3.2: who has everything, and its end, may go on and deliver it. All bytes up to the size
    // that the reset names are not a whole stream.
    const bool was_complete = is_complete();
    auto grown = accept(frame.final_size, frame.final_size);
    if (!grown || was_complete) return grown;
    reset_code_ = frame.code;
    drop_all_blocks();
    return grown;
}

// Checks an end of bytes against the final size and the window, and counts it.
Result<std::uint64_t> ReceiveStream::accept(std::uint64_t end,
                                            std::optional<std::uint64_t> final_size) {
    // RFC 9000, 4.5: the size is fixed once it is known, and no byte is behind it.
    if (final_size_ && (end > *final_size_ || (final_size && *final_size != *final_size_)))
        return Error{Errc::final_size, "final size", end};
    if (final_size && *final_size < highest_) return Error{Errc::final_size, "final size", end};
    if (end > max_data()) return Error{Errc::flow_control, "stream offset", end};

    if (final_size) final_size_ = final_size;
    const auto before = std::exchange(highest_, std::max(highest_, end));
    return highest_ - before;
}

void ReceiveStream::store(std::uint64_t offset, BytesView data) {
    if (data.empty()) return;
    const bool in_order = offset == contiguous_end_;
    while (!data.empty()) {
        Block& block = block_at(offset);
        const auto at = static_cast<std::size_t>(offset % kBlockBytes);
        const auto n = std::min(data.size(), kBlockBytes - at);
        std::memcpy(block.bytes.data() + at, data.data(), n);
        if (in_order) {
            contiguous_end_ += n;
        } else {
            if (!block.marked) {
                block.came.fill(0);
                block.marked = true;
            }
            set_bits(block.came, at, at + n);
            marked_above_ = true;
        }
        offset += n;
        data = data.subspan(n);
    }
    if (in_order && marked_above_) advance_contiguous_end();
}

ReceiveStream::Block& ReceiveStream::block_at(std::uint64_t offset) {
    // Below `max_data()`, which bounds this.
    const auto index = static_cast<std::size_t>((offset - first_block_) / kBlockBytes);
    if (index >= blocks_.size()) blocks_.resize(index + 1);
    auto& block = blocks_[index];
    if (block == nullptr) {
        if (spare_.empty()) {
            spare_.reserve(kMaxSpareBlocks);  // so that `consume` need not allocate
            block = std::make_unique_for_overwrite<Block>();
        } else {
            block = std::move(spare_.back());
            spare_.pop_back();
        }
        block->marked = false;
        ++block_count_;
    }
    return *block;
}

// Over what came before the bytes in front of it did.
void ReceiveStream::advance_contiguous_end() noexcept {
    while (contiguous_end_ < highest_) {
        const auto index = static_cast<std::size_t>((contiguous_end_ - first_block_) / kBlockBytes);
        if (index >= blocks_.size() || blocks_[index] == nullptr || !blocks_[index]->marked) return;
        const auto at = static_cast<std::size_t>(contiguous_end_ % kBlockBytes);
        const auto hole = find_clear_bit(blocks_[index]->came, at);
        contiguous_end_ += hole - at;
        if (hole != kBlockBytes) break;
    }
    marked_above_ = contiguous_end_ < highest_;
}

BytesView ReceiveStream::readable() const noexcept {
    if (contiguous_end_ == consumed_ || reset_code_) return {};
    const auto at = static_cast<std::size_t>(consumed_ % kBlockBytes);
    const auto n = std::min<std::uint64_t>(contiguous_end_ - consumed_, kBlockBytes - at);
    return BytesView{blocks_.front()->bytes}.subspan(at, static_cast<std::size_t>(n));
}

void ReceiveStream::consume(std::size_t n) noexcept {
    if (reset_code_) return;
    STREAMKIT_ASSERT(n <= contiguous_end_ - consumed_);
    consumed_ += n;
    drop_consumed_blocks(consumed_);
    if (at_end()) drop_all_blocks();
}

void ReceiveStream::drop_consumed_blocks(std::uint64_t before) noexcept {
    while (before - first_block_ >= kBlockBytes) {
        first_block_ += kBlockBytes;
        if (spare_.size() < kMaxSpareBlocks) spare_.push_back(std::move(blocks_.front()));
        blocks_.pop_front();
        --block_count_;
    }
}

void ReceiveStream::drop_all_blocks() noexcept {
    blocks_.clear();
    block_count_ = 0;
    spare_.clear();
}

bool ReceiveStream::at_end() const noexcept {
    return final_size_ && consumed_ == *final_size_ && !reset_code_;
}

bool ReceiveStream::is_complete() const noexcept {
    return reset_code_ || (final_size_ && contiguous_end_ == *final_size_);
}

bool ReceiveStream::should_send_max_data() const noexcept {
    // RFC 9000, 3.2: with a known size no more credit is needed.
    return !final_size_ && max_data() - announced_ >= window_ / 2 && max_data() > announced_;
}

std::size_t ReceiveStream::held_bytes() const noexcept {
    return (block_count_ + spare_.size()) * sizeof(Block);
}

}  // namespace streamkit::rudp
