#include "byte_ranges.hpp"

namespace streamkit::rudp {
namespace {

// Fewer than this many removed ranges at the front are not worth moving the others for.
constexpr std::size_t kMinGone = 32;

}  // namespace

std::uint64_t ByteRanges::add(std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return 0;
    if (empty() || begin > ranges_.back().end) {
        ranges_.push_back({begin, end});
        bytes_ += end - begin;
        return end - begin;
    }
    if (begin >= ranges_.back().begin) {
        auto& last = ranges_.back();
        if (end <= last.end) return 0;
        const auto added = end - last.end;
        last.end = end;
        bytes_ += added;
        return added;
    }

    // From the first that touches the new one to the first behind it.
    const auto from = std::partition_point(first(), ranges_.end(),
                                           [&](const Range& range) { return range.end < begin; });
    auto to = from;
    std::uint64_t there = 0;
    for (; to != ranges_.end() && to->begin <= end; ++to)
        there += std::min(end, to->end) - std::max(begin, to->begin);  // 0 for an adjacent one
    const auto added = end - begin - there;
    bytes_ += added;
    if (from != to) {
        from->begin = std::min(from->begin, begin);
        from->end = std::max(std::prev(to)->end, end);
        erase(std::next(from), to);
    } else if (from == first() && head_ > 0) {
        ranges_[--head_] = {begin, end};
    } else {
        ranges_.insert(from, {begin, end});
    }
    return added;
}

void ByteRanges::remove(std::uint64_t begin, std::uint64_t end) {
    if (begin >= end || empty() || begin >= ranges_.back().end) return;
    auto from = std::partition_point(first(), ranges_.end(),
                                     [&](const Range& range) { return range.end <= begin; });
    if (from->begin < begin) {
        if (from->end > end) {
            const Range behind{end, from->end};
            from->end = begin;
            bytes_ -= end - begin;
            ranges_.insert(std::next(from), behind);
            return;
        }
        bytes_ -= from->end - begin;
        from->end = begin;
        ++from;
    }
    auto to = from;
    for (; to != ranges_.end() && to->end <= end; ++to)
        bytes_ -= to->end - to->begin;
    if (to != ranges_.end() && to->begin < end) {
        bytes_ -= end - to->begin;
        to->begin = end;
    }
    erase(from, to);
}

void ByteRanges::clear() noexcept {
    ranges_.clear();
    head_ = 0;
    bytes_ = 0;
}

bool ByteRanges::contains(std::uint64_t begin, std::uint64_t end) const noexcept {
    if (begin >= end) return true;
    if (empty() || end > ranges_.back().end) return false;
    const auto ranges = all();
    const auto behind = std::partition_point(
        ranges.begin(), ranges.end(), [&](const Range& range) { return range.begin <= begin; });
    return behind != ranges.begin() && std::prev(behind)->end >= end;
}

std::span<const ByteRanges::Range> ByteRanges::overlapping(std::uint64_t begin,
                                                           std::uint64_t end) const noexcept {
    if (begin >= end || empty() || begin >= ranges_.back().end) return {};
    const auto ranges = all();
    const auto from = std::partition_point(ranges.begin(), ranges.end(),
                                           [&](const Range& range) { return range.end <= begin; });
    const auto to = std::partition_point(from, ranges.end(),
                                         [&](const Range& range) { return range.begin < end; });
    return {from, to};
}

void ByteRanges::erase(Iterator from, Iterator to) {
    if (from != first()) {
        ranges_.erase(from, to);
        return;
    }
    head_ += static_cast<std::size_t>(to - from);
    if (head_ == ranges_.size()) {
        ranges_.clear();
        head_ = 0;
    } else if (head_ > kMinGone && head_ > ranges_.size() / 2) {
        ranges_.erase(ranges_.begin(), first());
        head_ = 0;
    }
}

}  // namespace streamkit::rudp
