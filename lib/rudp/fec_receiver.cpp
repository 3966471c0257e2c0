#include "fec_receiver.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "streamkit/base/assert.hpp"

namespace streamkit::rudp {
namespace {

using fec::kMaxSourceSymbols;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// A block lives as long as its parts may be in time, but not longer than any sensible deadline,
// and long enough for the repair symbols to come if they are all there is.
constexpr microseconds kMaxBlockAge = std::chrono::seconds{10};
constexpr milliseconds kMinBlockAge{1'000};
constexpr std::size_t kMaxDoneRanges = 256;
constexpr std::size_t kMaxSpare = 4;
// Counted for each block beside its symbols.
constexpr std::size_t kBlockOverhead = 512;

constexpr std::uint64_t bit(std::size_t index) noexcept { return std::uint64_t{1} << index; }
constexpr std::uint64_t source_bits(std::size_t count) noexcept { return bit(count) - 1; }

}  // namespace

std::uint64_t add_bounded(ByteRanges& set, std::uint64_t first, std::uint64_t last,
                          std::size_t max_ranges) {
    set.add(first, last + 1);
    std::uint64_t filled = 0;
    while (set.count() > max_ranges) {
        filled = set.all()[1].begin;
        set.add(set.front().begin, filled);
    }
    return filled;
}

void FecReceiver::remember_done(std::uint64_t id) {
    const auto filled = add_bounded(done_, id, id, kMaxDoneRanges);
    while (!blocks_.empty() && blocks_.begin()->first < filled &&
           done_.contains(blocks_.begin()->first, blocks_.begin()->first + 1))
        close(blocks_.begin()->second);
}

FecReceiver::Block* FecReceiver::open(std::uint64_t id, TimePoint now) {
    if (const auto at = blocks_.find(id); at != blocks_.end()) return &at->second;
    if (done_.contains(id, id + 1)) return nullptr;
    auto& block = blocks_[id];
    if (!spare_.empty()) {
        block.bytes = std::move(spare_.back().bytes);
        block.slots = std::move(spare_.back().slots);
        spare_.pop_back();
    }
    block.id = id;
    block.expires = now + kMinBlockAge;
    by_age_.push_back(block);
    held_bytes_ += kBlockOverhead;
    return &block;
}

void FecReceiver::close(Block& block) {
    const auto id = block.id;
    by_age_.remove(block);
    held_bytes_ -= block.bytes.size() + kBlockOverhead;
    if (spare_.size() < kMaxSpare) {
        block.bytes.clear();
        block.slots.clear();
        spare_.push_back(std::move(block));
    }
    blocks_.erase(id);
}

void FecReceiver::make_room() {
    while (blocks_.size() > kMaxBlocks || (held_bytes_ > max_bytes_ && !by_age_.empty())) {
        auto& oldest = *by_age_.front();
        const auto id = oldest.id;
        close(oldest);
        remember_done(id);
    }
}

/// Makes room for the symbol, whose bytes the caller writes.
void FecReceiver::add_slot(Block& block, std::uint8_t index, std::size_t size, TimePoint expires) {
    block.slots.push_back(
        {index, static_cast<std::uint32_t>(block.bytes.size()), static_cast<std::uint32_t>(size)});
    block.bytes.resize(block.bytes.size() + size);
    block.present |= bit(index);
    block.expires = std::max(block.expires, expires);
    held_bytes_ += size;
}

Result<void> FecReceiver::add_source(const MessageFrame& part, TimePoint now) {
    STREAMKIT_ASSERT(part.position.has_value());
    const auto position = *part.position;
    auto canonical = part;
    canonical.position.reset();
    const auto frame_size = frame_bytes(canonical);
    if (position.index >= kMaxSourceSymbols || frame_size > 0xffff)
        return Error{Errc::invalid_fec, "MESSAGE: position"};
    auto* block = open(position.block, now);
    if (block == nullptr) return {};
    const auto size = 2 + frame_size;
    if (block->source_count != 0 &&
        (position.index >= block->source_count || size > block->symbol_bytes))
        return Error{Errc::invalid_fec, "MESSAGE: position"};
    if ((block->present & bit(position.index)) != 0) return {};

    const auto lifetime =
        std::min(microseconds{static_cast<microseconds::rep>(part.lifetime_us)}, kMaxBlockAge);
    add_slot(*block, position.index, size, now + lifetime);
    SpanWriter out{std::span{block->bytes}.last(size)};
    out.u16(static_cast<std::uint16_t>(frame_size));
    write_frame(out, canonical);
    STREAMKIT_TRY(recover_if_possible(*block));
    make_room();
    return {};
}

Result<void> FecReceiver::add_repair(const FecFrame& frame, TimePoint now) {
    if (frame.source_symbols < 1 || frame.source_symbols > kMaxSourceSymbols ||
        frame.repair_symbols < 1 || frame.repair_symbols > fec::kMaxRepairSymbols ||
        frame.index >= frame.repair_symbols)
        return Error{Errc::invalid_fec, "FEC: counts"};
    // The length, and the shortest MESSAGE frame.
    if (frame.symbol.size() < 2 + 8 || frame.symbol.size() > 2 + 0xffff)
        return Error{Errc::invalid_fec, "FEC: symbol"};
    auto* block = open(frame.block, now);
    if (block == nullptr) return {};
    if (block->source_count == 0) {
        for (const auto& slot : block->slots)
            if (slot.index >= frame.source_symbols || slot.size > frame.symbol.size())
                return Error{Errc::invalid_fec, "FEC: block"};
        block->source_count = frame.source_symbols;
        block->repair_count = frame.repair_symbols;
        block->symbol_bytes = frame.symbol.size();
    }
    if (block->source_count != frame.source_symbols ||
        block->repair_count != frame.repair_symbols || block->symbol_bytes != frame.symbol.size())
        return Error{Errc::invalid_fec, "FEC: block"};
    const auto index = static_cast<std::uint8_t>(kMaxSourceSymbols + frame.index);
    if ((block->present & bit(index)) == 0) {
        add_slot(*block, index, frame.symbol.size(), block->expires);
        std::copy(frame.symbol.begin(), frame.symbol.end(),
                  block->bytes.end() - static_cast<std::ptrdiff_t>(frame.symbol.size()));
    }
    STREAMKIT_TRY(recover_if_possible(*block));
    make_room();
    return {};
}

/// The block is gone afterwards if it is done.
Result<void> FecReceiver::recover_if_possible(Block& block) {
    if (block.source_count == 0) return {};
    if (std::popcount(block.present) < block.source_count) return {};
    const auto id = block.id;
    const auto all = source_bits(block.source_count);
    const auto missing = static_cast<std::uint32_t>(all & ~block.present);
    if (missing != 0) {
        const auto size = block.symbol_bytes;
        Bytes padded(block.slots.size() * size);
        std::vector<fec::ReedSolomon::Symbol> symbols;
        symbols.reserve(block.slots.size());
        for (const auto& slot : block.slots) {
            const auto to = std::span{padded}.subspan(symbols.size() * size, size);
            std::copy_n(block.bytes.begin() + slot.begin, slot.size, to.begin());
            const auto index = slot.index < kMaxSourceSymbols
                                   ? std::size_t{slot.index}
                                   : slot.index - kMaxSourceSymbols + block.source_count;
            symbols.push_back({index, to});
        }
        const auto code = fec::ReedSolomon::make(block.source_count, block.repair_count);
        STREAMKIT_TRY(code ? Result<void>{} : Result<void>{code.error()});
        auto made = code->recover(symbols, size);
        if (!made) return made.error();
        for (auto& symbol : *made)
            recovered_.push_back(std::move(symbol.second));
        recovered_frames_.push_back({id, missing});
    }
    close(block);
    remember_done(id);
    return {};
}

std::vector<Bytes> FecReceiver::take_recovered() { return std::exchange(recovered_, {}); }

std::optional<FecRecoveredFrame> FecReceiver::poll_recovered() {
    if (recovered_frames_.empty()) return std::nullopt;
    const auto frame = recovered_frames_.front();
    recovered_frames_.erase(recovered_frames_.begin());
    return frame;
}

void FecReceiver::handle_timeout(TimePoint now) {
    for (auto at = blocks_.begin(); at != blocks_.end();) {
        auto& block = (at++)->second;
        if (block.expires > now) continue;
        const auto id = block.id;
        close(block);
        add_bounded(done_, id, id, kMaxDoneRanges);
    }
}

std::optional<TimePoint> FecReceiver::next_timeout() const noexcept {
    std::optional<TimePoint> next;
    for (const auto& [id, block] : blocks_)
        next = next ? std::min(*next, block.expires) : block.expires;
    return next;
}

}  // namespace streamkit::rudp
