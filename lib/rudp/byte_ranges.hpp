#pragma once

// A set of bytes of a stream, or of packet numbers, as ranges.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "streamkit/base/assert.hpp"

namespace streamkit::rudp {

/// Disjoint ranges in order; adjacent ones are merged. Most operations are at one of the ends, where
/// they cost O(log n) or less.
class ByteRanges {
public:
    struct Range {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;  ///< not included
        friend bool operator==(const Range&, const Range&) = default;
    };
    /// @return how many bytes were not in the set before
    std::uint64_t add(std::uint64_t begin, std::uint64_t end);
    void remove(std::uint64_t begin, std::uint64_t end);
    void clear() noexcept;
    /// Whether all of them are in the set; true for an empty range.
    [[nodiscard]] bool contains(std::uint64_t begin, std::uint64_t end) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return head_ == ranges_.size(); }
    [[nodiscard]] std::size_t count() const noexcept { return ranges_.size() - head_; }
    /// There must be one.
    [[nodiscard]] const Range& front() const noexcept {
        STREAMKIT_ASSERT(!empty());
        return ranges_[head_];
    }
    /// Bytes in the set.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    /// Valid until the set changes.
    [[nodiscard]] std::span<const Range> all() const noexcept {
        return std::span{ranges_}.subspan(head_);
    }
    /// Those that have something in common with `begin` to `end`. Valid until the set changes.
    [[nodiscard]] std::span<const Range> overlapping(std::uint64_t begin,
                                                     std::uint64_t end) const noexcept;
    /// Calls `use(begin, end)` for each part of `begin` to `end` that is not in the set, in order;
    /// `use` must not change the set.
    template <class Use>
    void for_each_gap(std::uint64_t begin, std::uint64_t end, Use use) const {
        for (const auto& range : overlapping(begin, end)) {
            if (begin < range.begin) use(begin, range.begin);
            begin = range.end;
        }
        if (begin < end) use(begin, end);
    }

private:
    using Iterator = std::vector<Range>::iterator;
    [[nodiscard]] Iterator first() noexcept {
        return ranges_.begin() + static_cast<std::ptrdiff_t>(head_);
    }
    void erase(Iterator from, Iterator to);

    std::vector<Range> ranges_;
    std::size_t head_ = 0;  // those before it are gone: taking ranges off the front is cheap
    std::uint64_t bytes_ = 0;
};

}  // namespace streamkit::rudp
