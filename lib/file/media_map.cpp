#include "streamkit/file/media_map.hpp"

#include <algorithm>

namespace streamkit::file {

MediaMap::MediaMap(const Entry& entry) : size_(entry.size) {
    auto duration = entry.duration;
    if (duration.count() <= 0 && entry.bit_rate > 0) {
        const auto seconds = static_cast<double>(size_) * 8 / static_cast<double>(entry.bit_rate);
        const auto most = static_cast<double>(kMaxDuration.count());
        duration = milliseconds{static_cast<std::int64_t>(std::min(seconds * 1000, most))};
    }
    if (duration.count() <= 0 || size_ == 0) return;
    points_ = {{milliseconds{0}, 0}, {duration, size_}};
}

std::uint64_t MediaMap::bit_rate() const noexcept {
    if (!known()) return 0;
    const auto seconds = static_cast<double>(points_.back().position.count()) / 1000;
    return static_cast<std::uint64_t>(
        std::min(static_cast<double>(size_) * 8 / seconds, static_cast<double>(kMaxBitRate)));
}

bool MediaMap::add(milliseconds position, std::uint64_t offset) {
    if (!known() || points_.size() >= kMaxPoints) return false;
    const auto after = std::ranges::lower_bound(points_, position, {}, &Point::position);
    if (after == points_.begin() || after == points_.end()) return false;
    if (after->position == position || after->offset <= offset) return false;
    if (std::prev(after)->offset >= offset) return false;
    points_.insert(after, {position, offset});
    return true;
}

std::uint64_t MediaMap::offset_at(milliseconds position) const noexcept {
    if (!known() || position >= points_.back().position) return size_;
    if (position.count() <= 0) return 0;
    const auto after = std::ranges::upper_bound(points_, position, {}, &Point::position);
    const auto before = std::prev(after);
    const auto part = static_cast<double>((position - before->position).count()) /
                      static_cast<double>((after->position - before->position).count());
    const auto bytes = part * static_cast<double>(after->offset - before->offset);
    return before->offset + static_cast<std::uint64_t>(bytes);
}

milliseconds MediaMap::time_at(std::uint64_t offset) const noexcept {
    if (!known()) return milliseconds{0};
    if (offset >= size_) return points_.back().position;
    const auto after = std::ranges::upper_bound(points_, offset, {}, &Point::offset);
    const auto before = std::prev(after);
    const auto part = static_cast<double>(offset - before->offset) /
                      static_cast<double>(after->offset - before->offset);
    const auto time = part * static_cast<double>((after->position - before->position).count());
    return before->position + milliseconds{static_cast<std::int64_t>(time)};
}

}  // namespace streamkit::file
