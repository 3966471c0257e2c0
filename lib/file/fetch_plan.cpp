#include "streamkit/file/fetch_plan.hpp"

#include <algorithm>
#include <utility>

#include "streamkit/base/assert.hpp"
#include "streamkit/file/errc.hpp"

namespace streamkit::file {
namespace {

BlockSet missing_of(const BlockSet& have) {
    BlockSet out{have.capacity()};
    for (auto block = have.next_out(0); block < have.capacity(); block = have.next_out(block + 1))
        out.insert(block);
    return out;
}

}  // namespace

FetchPlan::FetchPlan(const BlockLayout& layout, const FetchConfig& config, BlockSet have)
    : layout_(layout),
      config_(config),
      have_(std::move(have)),
      free_(missing_of(have_)),
      scanner_(layout.size()),
      window_end_(layout.size()) {
    STREAMKIT_ASSERT(have_.capacity() == layout.block_count());
}

void FetchPlan::set_window(std::uint64_t head, std::uint64_t end) {
    head_ = std::min(head, layout_.size());
    window_end_ = std::clamp(end, head_, layout_.size());
}

std::vector<RequestId> FetchPlan::seek(std::uint64_t head, std::uint64_t end) {
    set_window(head, end);
    std::vector<RequestId> given_up;
    for (const auto& [request, under_way] : requests_) {
        const auto wanted = [this](auto block) { return is_wanted(block); };
        if (std::ranges::none_of(under_way.blocks, wanted)) given_up.push_back(request);
    }
    for (const auto request : given_up)
        lost(request);
    const auto late = give_up_late(have_.next_out(layout_.block_at(head_)));
    given_up.insert(given_up.end(), late.begin(), late.end());
    return given_up;
}

std::vector<RequestId> FetchPlan::set_demands(std::span<const FileRange> demands) {
    demands_.assign(demands.begin(), demands.begin() + static_cast<std::ptrdiff_t>(
                                                           std::min(demands.size(), kMaxDemands)));
    for (auto& demand : demands_) {
        demand.offset = std::min(demand.offset, layout_.size());
        demand.length = std::min({demand.length, kMaxDemandBytes, layout_.size() - demand.offset});
    }
    std::vector<RequestId> given_up;
    for (const auto& demand : demands_) {
        const auto first = have_.next_out(layout_.block_at(demand.offset));
        if (layout_.range(first).offset >= demand.end()) continue;
        const auto late = give_up_late(first);
        given_up.insert(given_up.end(), late.begin(), late.end());
    }
    return given_up;
}

std::optional<Ask> FetchPlan::next(RequestId request) {
    STREAMKIT_ASSERT(!requests_.contains(request));
    if (requests_.size() >= config_.max_requests) return std::nullopt;
    const auto chosen = choose();
    if (!chosen) return std::nullopt;
    // What someone waits for does not wait for room.
    const bool full = under_way_bytes_ >= config_.max_under_way_bytes;
    if (full && !chosen->demanded) return std::nullopt;

    std::vector<std::uint32_t> blocks;
    std::uint64_t bytes = 0;
    const auto most = std::min(config_.max_request_bytes, kMaxReadBytes);
    for (auto block = chosen->first; block < chosen->end && free_.contains(block); ++block) {
        const auto length = layout_.range(block).length;
        if (!blocks.empty() && bytes + length > most) break;
        bytes += length;
        blocks.push_back(block);
        free_.erase(block);
    }
    under_way_bytes_ += bytes;
    requests_.emplace(request, UnderWay{chosen->urgency, std::move(blocks)});
    return Ask{request, {layout_.range(chosen->first).offset, bytes}, chosen->urgency};
}

void FetchPlan::stored(RequestId request, std::uint32_t block) {
    if (!settle(request, block)) return;
    have_.insert(block);
    failures_.erase(block);
}

Result<void> FetchPlan::wrong(RequestId request, std::uint32_t block) {
    if (!settle(request, block)) return {};
    free_.insert(block);
    if (++failures_[block] >= config_.max_failures) {
        return Error{Errc::integrity, "block", layout_.range(block).offset};
    }
    return {};
}

void FetchPlan::lost(RequestId request) {
    const auto found = requests_.find(request);
    if (found == requests_.end()) return;
    for (const auto block : found->second.blocks) {
        free_.insert(block);
        under_way_bytes_ -= layout_.range(block).length;
    }
    requests_.erase(found);
}

std::optional<FileRange> FetchPlan::wanted_content() const {
    auto wanted = scanner_.wanted();
    if (!wanted || !have_.contains(layout_.block_at(wanted->offset))) return std::nullopt;
    wanted->length = std::min(wanted->end(), missing_from(wanted->offset)) - wanted->offset;
    return wanted;
}

void FetchPlan::handle_content(std::uint64_t offset, BytesView bytes) noexcept {
    scanner_.handle(offset, bytes);
}

std::uint64_t FetchPlan::missing_from(std::uint64_t offset) const noexcept {
    const auto block = layout_.block_at(offset);
    const auto missing = have_.next_out(block);
    return missing == block ? std::min(offset, layout_.size()) : layout_.range(missing).offset;
}

std::uint64_t FetchPlan::stored_bytes() const noexcept {
    if (have_.count() == 0) return 0;
    const auto last = have_.capacity() - 1;
    const auto shorter = layout_.block_bytes() - layout_.range(last).length;
    return std::uint64_t{have_.count()} * layout_.block_bytes() -
           (have_.contains(last) ? shorter : 0);
}

std::optional<FetchPlan::Candidate> FetchPlan::choose() const {
    for (const auto& demand : demands_) {
        if (auto found = choose_in(demand, Urgency::waited_for)) {
            found->demanded = true;
            return found;
        }
    }
    if (auto found = choose_index()) return found;
    if (auto found = choose_in_window()) return found;
    return choose_gap();
}

std::optional<FetchPlan::Candidate> FetchPlan::choose_in(FileRange range, Urgency urgency) const {
    if (range.length == 0) return std::nullopt;
    const auto end = layout_.block_at(range.end() - 1) + 1;
    const auto block = free_.next_in(layout_.block_at(range.offset));
    if (block >= end) return std::nullopt;
    return Candidate{block, end, urgency, false};
}

// First its place, then the index itself.
std::optional<FetchPlan::Candidate> FetchPlan::choose_index() const {
    if (const auto index = scanner_.index()) {
        if (index->length > kMaxIndexBytes) return std::nullopt;
        return choose_in(*index, Urgency::soon);
    }
    auto wanted = scanner_.wanted();
    if (!wanted) return std::nullopt;
    const auto left = layout_.size() - wanted->offset;
    if (wanted->offset > 0 && left <= config_.tail_bytes) wanted->length = left;
    return choose_in(*wanted, Urgency::soon);
}

std::optional<FetchPlan::Candidate> FetchPlan::choose_in_window() const {
    const auto block = free_.next_in(layout_.block_at(head_));
    const auto end = window_end_block();
    if (block >= end) return std::nullopt;
    const auto soon_end = layout_.block_at(std::min(head_ + config_.soon_bytes, layout_.size()));
    if (block < soon_end) return Candidate{block, std::min(soon_end, end), Urgency::soon, false};
    return Candidate{block, end, Urgency::ahead, false};
}

// Before the player, once nothing is missing behind it.
std::optional<FetchPlan::Candidate> FetchPlan::choose_gap() const {
    const auto head = layout_.block_at(head_);
    if (window_end_ < layout_.size() || free_.next_in(head) < free_.capacity()) return std::nullopt;
    const auto block = free_.next_in(0);
    if (block >= head) return std::nullopt;
    return Candidate{block, head, Urgency::gap, false};
}

std::uint32_t FetchPlan::window_end_block() const noexcept {
    if (window_end_ == layout_.size()) return layout_.block_count();
    const auto whole = static_cast<std::uint32_t>(window_end_ / layout_.block_bytes());
    return std::min(std::max(whole, layout_.block_at(head_) + 2), layout_.block_count());
}

bool FetchPlan::is_wanted(std::uint32_t block) const noexcept {
    if (block >= layout_.block_at(head_) && block < window_end_block()) return true;
    const auto touches = [&](const FileRange& range) {
        return range.length > 0 && block >= layout_.block_at(range.offset) &&
               block <= layout_.block_at(range.end() - 1);
    };
    if (const auto index = scanner_.index(); index && touches(*index)) return true;
    if (const auto wanted = scanner_.wanted(); wanted && touches(*wanted)) return true;
    return std::ranges::any_of(demands_, touches);
}

// Whether the block would come sooner if it was asked for anew: the request brings others before it,
// or older requests come first.
bool FetchPlan::is_late(RequestId request, std::uint32_t block) const noexcept {
    const auto& [urgency, blocks] = requests_.at(request);
    const auto place = std::ranges::find(blocks, block) - blocks.begin();
    if (place > 1) return true;
    if (urgency <= Urgency::soon) return false;
    return std::any_of(requests_.begin(), requests_.find(request),
                       [](const auto& older) { return older.second.urgency <= Urgency::ahead; });
}

std::vector<RequestId> FetchPlan::give_up_late(std::uint32_t block) {
    for (const auto& [request, under_way] : requests_) {
        if (std::ranges::find(under_way.blocks, block) == under_way.blocks.end()) continue;
        if (!is_late(request, block)) break;
        const auto late = request;
        lost(late);
        return {late};
    }
    return {};
}

// Takes the block off the request. @return false if it was not one of its blocks
bool FetchPlan::settle(RequestId request, std::uint32_t block) {
    const auto found = requests_.find(request);
    if (found == requests_.end() || std::erase(found->second.blocks, block) == 0) {
        return false;
    }
    under_way_bytes_ -= layout_.range(block).length;
    if (found->second.blocks.empty()) requests_.erase(found);
    return true;
}

}  // namespace streamkit::file
