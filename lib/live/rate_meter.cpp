#include "rate_meter.hpp"

#include <algorithm>
#include <chrono>

namespace streamkit::live {

std::int64_t ByteRate::second_of(TimePoint now) {
    return std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
}

void ByteRate::add(std::size_t bytes, TimePoint now) {
    if (!first_) first_ = now;
    const auto number = second_of(now);
    auto& second = seconds_[static_cast<std::size_t>(number) % seconds_.size()];
    if (second.number != number) second = {number, 0};
    second.bytes += bytes;
}

double ByteRate::bits_per_second(TimePoint now) const {
    if (!first_) return 0;
    const auto current = second_of(now);
    std::uint64_t bytes = 0;
    for (const auto& second : seconds_) {
        if (second.number >= current - kWindow && second.number < current) bytes += second.bytes;
    }
    // The first seconds of a stream: by what has passed, and not by a window that was not there yet.
    const auto whole = TimePoint{std::chrono::seconds{current}};
    const std::chrono::duration<double> passed = whole - *first_;
    const double span = std::min(passed.count(), static_cast<double>(kWindow));
    return span > 0 ? static_cast<double>(bytes) * 8 / span : 0;
}

void FrameRate::add(Timestamp dts) {
    if (count_ > 0) {
        const auto& last = times_[(next_ + kFrames - 1) % kFrames];
        const double step = dts.seconds() - last.seconds();
        if (step < 0 || step > 5) count_ = 0;  // the times have jumped
    }
    times_[next_] = dts;
    next_ = (next_ + 1) % kFrames;
    count_ = std::min(count_ + 1, kFrames);
}

double FrameRate::per_second() const {
    if (count_ < 2) return 0;
    const auto& first = times_[(next_ + kFrames - count_) % kFrames];
    const auto& last = times_[(next_ + kFrames - 1) % kFrames];
    const double span = last.seconds() - first.seconds();
    return span > 0 ? static_cast<double>(count_ - 1) / span : 0;
}

}  // namespace streamkit::live
