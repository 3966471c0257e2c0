#pragma once

// Ranges of messages that were given up, until they are on their way.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "frame.hpp"

namespace streamkit::rudp {

/// Few, wide ranges: neighbours become one.
class DropQueue {
public:
    /// More ranges than this are only kept for a peer that we cannot reach: the oldest are
    /// forgotten, and the peer learns of those messages by its own timers.
    static constexpr std::size_t kMaxRanges = 64;

    [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
    [[nodiscard]] const DropFrame& front() const noexcept { return ranges_.front(); }
    void pop() { ranges_.erase(ranges_.begin()); }

    /// @param open_between  `bool(first, last)`: whether any message from `first` to `last` may
    ///                      still be delivered; a DROP over it would be a lie
    template <class OpenBetween>
    void add(DropFrame range, OpenBetween open_between) {
        auto at = std::find_if(ranges_.begin(), ranges_.end(),
                               [&](const DropFrame& other) { return other.last >= range.first; });
        if (at != ranges_.begin()) {
            const auto before = at - 1;
            if (before->last + 1 == range.first ||
                !open_between(before->last + 1, range.first - 1)) {
                range.first = before->first;
                at = ranges_.erase(before);
            }
        }
        while (at != ranges_.end()) {
            const auto overlaps = at->first <= range.last + 1;
            if (!overlaps && open_between(range.last + 1, at->first - 1)) break;
            range.first = std::min(range.first, at->first);
            range.last = std::max(range.last, at->last);
            at = ranges_.erase(at);
        }
        ranges_.insert(at, range);
        if (ranges_.size() > kMaxRanges) pop();
    }

private:
    std::vector<DropFrame> ranges_;  // in order, disjoint
};

}  // namespace streamkit::rudp
