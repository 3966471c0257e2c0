#pragma once

// Timeline repair: timestamps of millisecond grain become exact frame and sample times.

#include <cstdint>
#include <optional>
#include <span>

#include "streamkit/base/timestamp.hpp"

namespace streamkit::cmaf {

/// Frames per second as a fraction in lowest terms; 0/1: not known.
struct FrameRate {
    std::uint32_t numerator = 0;
    std::uint32_t denominator = 1;

    [[nodiscard]] bool known() const noexcept { return numerator != 0; }
    [[nodiscard]] double per_second() const noexcept {
        return static_cast<double>(numerator) / denominator;
    }
    friend bool operator==(const FrameRate&, const FrameRate&) = default;
};

/// What an encoder says of its frame rate: a usual rate if it is within 0.01 % of one, else the
/// fraction itself; not known if it cannot be (0, above 300 a second, or below 1).
[[nodiscard]] FrameRate frame_rate(std::uint64_t numerator, std::uint64_t denominator);

/// The usual frame rate of frames that were seen at these times, if it is clear.
///
/// @param times  decoding times in order, in ticks of `timescale`
/// @return not known for less than 3 frames, or where the intervals differ by more than 2 ms
[[nodiscard]] FrameRate measure_frame_rate(std::span<const std::int64_t> times,
                                           std::uint32_t timescale);

/// Puts video on a grid of frames.
///
/// A frame that is within 1 ms of the grid is moved onto it; another one keeps its time, and the
/// grid goes on from there. So jitter is absorbed, the long-term rate is kept, and a stream of
/// variable frame rate passes with plain timestamps. After some seconds the grid is tuned to what
/// was measured (30 against 30000/1001).
///
/// Decoding times always grow; a small step back is caught up by at most half a frame per frame.
class VideoTimeline {
public:
    struct Times {
        std::int64_t dts = 0;
        std::int64_t pts = 0;
    };

    explicit VideoTimeline(FrameRate rate);

    /// Ticks per second of the times given out: a whole number of ticks a frame.
    [[nodiscard]] std::uint32_t timescale() const noexcept { return timescale_; }
    /// Ticks from a frame to the next; before it is known, what the last two frames had.
    [[nodiscard]] std::int64_t frame_duration() const noexcept;

    /// The repaired times of the next frame in decoding order. A composition offset of more than
    /// 5 s is taken for a mistake, and as 0.
    Times add(Timestamp dts, Timestamp pts);

    /// Frames that did not lie on the grid.
    [[nodiscard]] std::uint64_t off_grid() const noexcept { return off_grid_; }

private:
    std::int64_t place(std::int64_t raw);
    void tune(std::int64_t raw);

    std::uint32_t timescale_;
    std::int64_t interval_;  // ticks a frame; 0: not known
    std::int64_t tolerance_;
    std::optional<std::int64_t> last_dts_;
    std::int64_t last_interval_ = 0;
    std::uint64_t off_grid_ = 0;

    std::int64_t measured_from_ = 0;     // raw time where the measurement of the rate began
    std::int64_t measured_frames_ = -1;  // since then; -1: none yet
};

/// Puts audio on the grid of its samples: each frame begins where the last one ends.
///
/// A deviation of less than a frame is absorbed. A gap of a frame or more stays, a frame that comes
/// too early is caught up by at most half a frame per frame.
class AudioTimeline {
public:
    /// @param sample_rate        of the encoded core: the timescale of the times given out
    /// @param samples_per_frame  1024, 960, …
    AudioTimeline(std::uint32_t sample_rate, std::uint32_t samples_per_frame)
        : sample_rate_(sample_rate), frame_(samples_per_frame) {}

    [[nodiscard]] std::uint32_t timescale() const noexcept { return sample_rate_; }
    [[nodiscard]] std::int64_t frame_duration() const noexcept { return frame_; }

    /// The repaired time of the next frame.
    std::int64_t add(Timestamp pts);

    /// Frames that were a frame or more away from where the last one ended.
    [[nodiscard]] std::uint64_t off_grid() const noexcept { return off_grid_; }

private:
    std::uint32_t sample_rate_;
    std::int64_t frame_;
    std::optional<std::int64_t> last_;
    std::uint64_t off_grid_ = 0;
};

}  // namespace streamkit::cmaf
