#pragma once

// Which byte of a file plays when.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "streamkit/file/catalogue.hpp"

namespace streamkit::file {

/// Goes from media time to file offsets and back, in straight lines between the points that are
/// known: at first the two ends of the file, so the mean rate. More points, from the file's index or
/// from a player that ran dry, make it follow a variable bit rate.
class MediaMap {
public:
    static constexpr std::size_t kMaxPoints = 1U << 16;

    /// Nothing is known: `known()` is false.
    MediaMap() = default;
    /// By size and duration; where the latter is not known, by the bit rate.
    explicit MediaMap(const Entry& entry);

    [[nodiscard]] bool known() const noexcept { return !points_.empty(); }
    /// Mean bits per second; 0 where nothing is known.
    [[nodiscard]] std::uint64_t bit_rate() const noexcept;
    /// Notes that what plays at `position` lies at `offset`. A point that contradicts one that is
    /// there (later but not behind it), or one too many, is not taken.
    ///
    /// @return whether it was taken
    bool add(milliseconds position, std::uint64_t offset);
    /// The offset of what plays at `position`, at most the size of the file; the size where nothing
    /// is known.
    [[nodiscard]] std::uint64_t offset_at(milliseconds position) const noexcept;
    /// When the byte at `offset` plays; 0 where nothing is known.
    [[nodiscard]] milliseconds time_at(std::uint64_t offset) const noexcept;

private:
    struct Point {
        milliseconds position;
        std::uint64_t offset;
    };
    std::vector<Point> points_;  // in order of both; none or at least two
    std::uint64_t size_ = 0;
};

}  // namespace streamkit::file
