#include "streamkit/cmaf/timeline.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace streamkit::cmaf {
namespace {

constexpr std::array kUsualRates{
    FrameRate{30, 1},        FrameRate{25, 1},       FrameRate{60, 1},       FrameRate{50, 1},
    FrameRate{30000, 1001},  FrameRate{24, 1},       FrameRate{24000, 1001}, FrameRate{60000, 1001},
    FrameRate{15, 1},        FrameRate{20, 1},       FrameRate{10, 1},       FrameRate{12, 1},
    FrameRate{48, 1},        FrameRate{100, 1},      FrameRate{120, 1},      FrameRate{144, 1},
    FrameRate{120000, 1001}, FrameRate{15000, 1001}, FrameRate{25, 2},       FrameRate{5, 1},
    FrameRate{1, 1},
};

constexpr double kMaxRate = 300;
constexpr std::uint32_t kUnknownRateTimescale = 90'000;
constexpr std::int64_t kMaxCompositionOffsetSeconds = 5;
constexpr std::int64_t kFirstTuning = 64;  // frames

std::uint32_t timescale_of(FrameRate rate) {
    if (!rate.known()) return kUnknownRateTimescale;
    // 30 and 30000/1001 share a timescale, so that the grid can be tuned from one to the other.
    return rate.numerator >= 10'000 ? rate.numerator : rate.numerator * 1000;
}

/// Ticks a frame, or 0 where it is no whole number.
std::int64_t interval_of(FrameRate rate, std::uint32_t timescale) {
    if (!rate.known()) return 0;
    const std::uint64_t ticks = std::uint64_t{timescale} * rate.denominator;
    return ticks % rate.numerator == 0 ? static_cast<std::int64_t>(ticks / rate.numerator) : 0;
}

/// The only usual rate that is as close as `relative_error` to a measured one.
FrameRate usual_rate(double per_second, double relative_error) {
    FrameRate found;
    for (const auto rate : kUsualRates) {
        if (std::abs(rate.per_second() / per_second - 1) > relative_error) continue;
        if (found.known()) return {};
        found = rate;
    }
    return found;
}

}  // namespace

FrameRate frame_rate(std::uint64_t numerator, std::uint64_t denominator) {
    if (numerator == 0 || denominator == 0) return {};
    const auto per_second = static_cast<double>(numerator) / static_cast<double>(denominator);
    if (per_second > kMaxRate || per_second < 1) return {};
    const auto usual = usual_rate(per_second, 1e-4);
    if (usual.known()) return usual;
    const auto divisor = std::gcd(numerator, denominator);
    numerator /= divisor;
    denominator /= divisor;
    if (numerator > 1'000'000) return {};  // no timescale for it
    return {static_cast<std::uint32_t>(numerator), static_cast<std::uint32_t>(denominator)};
}

FrameRate measure_frame_rate(std::span<const std::int64_t> times, std::uint32_t timescale) {
    if (times.size() < 3) return {};
    auto shortest = times[1] - times[0];
    auto longest = shortest;
    for (std::size_t i = 2; i < times.size(); ++i) {
        shortest = std::min(shortest, times[i] - times[i - 1]);
        longest = std::max(longest, times[i] - times[i - 1]);
    }
    if (shortest <= 0 || longest - shortest > timescale / 500 + 1) return {};
    const auto frames = static_cast<double>(times.size() - 1);
    const auto seconds = static_cast<double>(times.back() - times.front()) / timescale;
    // The ends are rounded to ms. Of 30 and 30000/1001, the first in the list: it is tuned later.
    const auto error = 1.0 / timescale / seconds + 0.001 / seconds;
    for (const auto rate : kUsualRates) {
        if (std::abs(rate.per_second() * seconds / frames - 1) <= error) return rate;
    }
    return {};
}

VideoTimeline::VideoTimeline(FrameRate rate)
    : timescale_(timescale_of(rate)),
      interval_(interval_of(rate, timescale_)),
      tolerance_(timescale_ / 1000 + 1) {}

std::int64_t VideoTimeline::frame_duration() const noexcept {
    if (interval_ > 0) return interval_;
    return last_interval_ > 0 ? last_interval_ : timescale_ / 30;
}

VideoTimeline::Times VideoTimeline::add(Timestamp dts, Timestamp pts) {
    const auto raw = dts.in(timescale_).ticks;
    auto offset = pts.in(timescale_).ticks - raw;
    if (std::abs(offset) > kMaxCompositionOffsetSeconds * timescale_) offset = 0;
    tune(raw);
    const auto placed = place(raw);
    if (last_dts_) last_interval_ = placed - *last_dts_;
    last_dts_ = placed;

    if (interval_ > 0) {
        const auto half = offset >= 0 ? interval_ / 2 : -(interval_ / 2);
        const auto on_grid = (offset + half) / interval_ * interval_;
        if (std::abs(offset - on_grid) <= tolerance_) offset = on_grid;
    }
    return {placed, placed + offset};
}

std::int64_t VideoTimeline::place(std::int64_t raw) {
    if (!last_dts_) return raw;
    const auto last = *last_dts_;
    if (interval_ > 0) {
        const auto frames = std::max<std::int64_t>((raw - last + interval_ / 2) / interval_, 1);
        const auto on_grid = last + frames * interval_;
        if (std::abs(raw - on_grid) <= tolerance_) return on_grid;
        ++off_grid_;
    }
    const auto shortest =
        interval_ > 0 ? std::max<std::int64_t>(interval_ / 2, 1) : timescale_ / 1000;
    return std::max(raw, last + shortest);
}

// Compares the mean interval with the usual ones, ever longer, until the answer is clear.
void VideoTimeline::tune(std::int64_t raw) {
    if (measured_frames_ < 0 || raw <= measured_from_) {
        measured_from_ = raw;
        measured_frames_ = 0;
        return;
    }
    ++measured_frames_;
    const bool power_of_two = (measured_frames_ & (measured_frames_ - 1)) == 0;
    if (measured_frames_ < kFirstTuning || !power_of_two) return;
    const auto seconds = static_cast<double>(raw - measured_from_) / timescale_;
    const auto rate = usual_rate(static_cast<double>(measured_frames_) / seconds, 0.001 / seconds);
    if (const auto interval = interval_of(rate, timescale_); interval > 0) interval_ = interval;
}

std::int64_t AudioTimeline::add(Timestamp pts) {
    const auto raw = pts.in(sample_rate_).ticks;
    if (!last_) return *(last_ = raw);
    auto time = *last_ + frame_;
    if (raw - time >= frame_) {
        time = raw;
        ++off_grid_;
    } else if (raw - time <= -frame_) {
        time = *last_ + std::max<std::int64_t>(frame_ / 2, 1);
        ++off_grid_;
    }
    return *(last_ = time);
}

}  // namespace streamkit::cmaf
