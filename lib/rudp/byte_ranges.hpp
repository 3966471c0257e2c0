#pragma once

// A set of bytes of a stream, as ranges.

#include <cstdint>
#include <optional>
#include <vector>

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
    [[nodiscard]] bool contains(std::uint64_t begin, std::uint64_t end) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
    [[nodiscard]] std::size_t count() const noexcept { return ranges_.size(); }
    /// There must be one.
    [[nodiscard]] const Range& front() const noexcept { return ranges_.front(); }
    /// Bytes in the set.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] const std::vector<Range>& all() const noexcept { return ranges_; }

private:
    std::vector<Range> ranges_;
    std::uint64_t bytes_ = 0;
};

}  // namespace streamkit::rudp
