#include "fec_sender.hpp"

#include <algorithm>
#include <bit>

#include "streamkit/base/assert.hpp"

namespace streamkit::rudp {
namespace {

// Blocks that are remembered: some round trips' worth even of 32 small parts each.
constexpr std::size_t kMaxBlocks = 128;
// Packets in which a repair symbol found no room before it is given up: the MTU has shrunk.
constexpr std::uint8_t kMaxMisfits = 8;
// Blocks in use at a time; more is only kept after a change of rates.
constexpr std::size_t kMaxSpare = 4;

constexpr std::uint32_t bits_of(std::size_t sources) noexcept {
    return sources >= 32 ? ~std::uint32_t{0} : (std::uint32_t{1} << sources) - 1;
}

}  // namespace

bool FecSender::is_open() const noexcept { return !blocks_.empty() && !blocks_.back().closed; }

const FecSender::Block* FecSender::find(std::uint64_t block) const noexcept {
    const auto oldest = next_block_ - blocks_.size();
    if (block < oldest || block >= next_block_) return nullptr;
    return &blocks_[static_cast<std::size_t>(block - oldest)];
}

FecSender::Block* FecSender::find(std::uint64_t block) noexcept {
    return const_cast<Block*>(static_cast<const FecSender*>(this)->find(block));
}

FecPosition FecSender::next_position() const noexcept {
    if (!is_open()) return {next_block_, 0};
    return {next_block_ - 1, blocks_.back().source_count};
}

void FecSender::add(const MessageFrame& part, const Source& source, TimePoint close_at,
                    TimePoint latest_close) {
    if (!is_open()) {
        if (blocks_.size() == kMaxBlocks) {
            finish_repairs(blocks_.front());
            if (!repairing_.empty() && repairing_.front() == next_block_ - kMaxBlocks)
                repairing_.pop_front();
            blocks_.pop_front();
        }
        blocks_.emplace_back();
        ++next_block_;
        if (!spare_.empty()) {
            blocks_.back().symbols = std::move(spare_.back());
            spare_.pop_back();
        }
    }
    auto& block = blocks_.back();
    auto canonical = part;
    canonical.position.reset();
    const auto frame_size = frame_bytes(canonical);
    STREAMKIT_ASSERT(frame_size <= 0xffff);
    const auto begin = block.symbols.size();
    block.symbols.resize(begin + 2 + frame_size);
    SpanWriter out{std::span{block.symbols}.subspan(begin)};
    out.u16(static_cast<std::uint16_t>(frame_size));
    write_frame(out, canonical);

    block.sources[block.source_count] = source;
    ++block.source_count;
    block.ends[block.source_count] = static_cast<std::uint32_t>(block.symbols.size());
    block.longest = std::max(block.longest, static_cast<std::uint32_t>(2 + frame_size));
    block.latest_deadline = std::max(block.latest_deadline, source.deadline);
    block.latest_close = std::min(block.latest_close, latest_close);
    block.close_at = std::min(block.close_at, std::min(close_at, block.latest_close));
    if (block.source_count == fec::kMaxSourceSymbols)
        block.close_at = block.latest_close = source.sent;
}

std::optional<TimePoint> FecSender::close_at() const noexcept {
    if (!is_open()) return std::nullopt;
    return blocks_.back().close_at;
}

bool FecSender::wait_on(TimePoint now) noexcept {
    if (!is_open() || now >= blocks_.back().latest_close) return false;
    blocks_.back().close_at = blocks_.back().latest_close;
    return true;
}

std::span<const FecSender::Source> FecSender::open_sources() const noexcept {
    if (!is_open()) return {};
    return std::span{blocks_.back().sources}.first(blocks_.back().source_count);
}

std::size_t FecSender::open_bytes() const noexcept {
    return is_open() ? blocks_.back().symbols.size() : 0;
}

void FecSender::close(const FecPlan& plan, TimePoint now) {
    STREAMKIT_ASSERT(is_open() && plan.repairs <= fec::kMaxRepairSymbols);
    auto& block = blocks_.back();
    block.closed = true;
    block.close_at = now;
    block.repair_count = static_cast<std::uint8_t>(plan.repairs);
    block.copies = static_cast<std::uint8_t>(plan.copies);
    if (plan.repairs == 0) return finish_repairs(block);
    repairing_.push_back(next_block_ - 1);
}

/// Gives the memory of the symbols back; those that have not left never will.
void FecSender::finish_repairs(Block& block) {
    block.repair_count = block.repairs_sent;
    if (block.symbols.capacity() == 0) return;
    block.symbols.clear();
    if (spare_.size() < kMaxSpare) spare_.push_back(std::move(block.symbols));
    block.symbols = Bytes{};
}

std::optional<std::size_t> FecSender::write_repair(SpanWriter& out, std::size_t room, SentFec& sent,
                                                   std::uint64_t order, TimePoint now,
                                                   congestion::Duration one_way) {
    for (; !repairing_.empty(); repairing_.pop_front()) {
        auto* block = find(repairing_.front());
        if (block == nullptr) continue;
        const auto too_late = now + one_way > block->latest_deadline;
        const auto needless = block->acked == bits_of(block->source_count);
        if (too_late || needless || block->misfits == kMaxMisfits) {
            finish_repairs(*block);
            continue;
        }
        FecFrame frame;
        frame.block = repairing_.front();
        frame.source_symbols = block->source_count;
        frame.repair_symbols = block->repair_count;
        frame.index = block->repairs_sent;
        frame.symbol = BytesView{block->symbols}.first(block->longest);  // to be overwritten
        const auto size = frame_bytes(frame);
        if (size > room) {
            ++block->misfits;
            return std::nullopt;
        }
        // The symbol is the last field. It is computed where it leaves: no memory of its own, and
        // the work is spread over the packets.
        write_frame(out, frame);
        const auto symbol = out.written().last(block->longest);
        std::fill(symbol.begin(), symbol.end(), std::uint8_t{0});
        const auto code = fec::ReedSolomon::make(block->source_count, block->repair_count);
        STREAMKIT_ASSERT(code.has_value());
        for (std::size_t i = 0; i < block->source_count; ++i) {
            const auto source = BytesView{block->symbols}.subspan(
                block->ends[i], block->ends[i + 1] - block->ends[i]);
            code->accumulate(frame.index, i, source, symbol);
        }
        sent.block = frame.block;
        const std::size_t symbol_bytes = block->longest;
        if (block->repairs_sent == 0) block->first_repair_order = order;
        if (++block->repairs_sent == block->repair_count) {
            finish_repairs(*block);
            repairing_.pop_front();
        }
        return symbol_bytes;
    }
    return std::nullopt;
}

bool FecSender::covers(std::uint64_t block) const noexcept {
    const auto* found = find(block);
    return found != nullptr && (!found->closed || found->repair_count > 0);
}

std::size_t FecSender::lacking(std::uint64_t block) const noexcept {
    const auto* found = find(block);
    if (found == nullptr) return 0;
    const auto known = static_cast<std::size_t>(std::popcount(found->acked)) + found->repairs_acked;
    return found->source_count - std::min<std::size_t>(known, found->source_count);
}

std::size_t FecSender::provided(std::uint64_t block) const noexcept {
    const auto* found = find(block);
    return found != nullptr ? found->provided : 0;
}

void FecSender::provide(std::uint64_t block, std::size_t symbols) noexcept {
    if (auto* found = find(block))
        found->provided = static_cast<std::uint8_t>(found->provided + symbols);
}

bool FecSender::is_decodable(std::uint64_t block) const noexcept {
    const auto* found = find(block);
    return found != nullptr && found->closed && lacking(block) == 0;
}

TimePoint FecSender::closes(std::uint64_t block) const noexcept {
    const auto* found = find(block);
    return found != nullptr ? found->close_at : TimePoint::min();
}

int FecSender::copies(std::uint64_t block) const noexcept {
    const auto* found = find(block);
    return found != nullptr ? found->copies : 1;
}

void FecSender::on_source_acked(FecPosition position) noexcept {
    if (auto* block = find(position.block)) block->acked |= std::uint32_t{1} << position.index;
}

std::optional<std::uint64_t> FecSender::on_repair_acked(std::uint64_t block) noexcept {
    auto* found = find(block);
    if (found == nullptr || found->repairs_acked >= found->repairs_sent) return std::nullopt;
    ++found->repairs_acked;
    return found->first_repair_order;
}

std::span<const FecSender::Source> FecSender::sources(std::uint64_t block) const noexcept {
    const auto* found = find(block);
    if (found == nullptr) return {};
    return std::span{found->sources}.first(found->source_count);
}

}  // namespace streamkit::rudp
