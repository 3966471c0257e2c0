#pragma once

// Rates over the last seconds.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "streamkit/base/time.hpp"
#include "streamkit/base/timestamp.hpp"

namespace streamkit::live {

/// Bytes per second by the time of arrival, over the last few whole seconds.
class ByteRate {
public:
    void add(std::size_t bytes, TimePoint now);
    [[nodiscard]] double bits_per_second(TimePoint now) const;

private:
    static constexpr std::int64_t kWindow = 5;  // seconds
    static std::int64_t second_of(TimePoint now);

    struct Second {
        std::int64_t number = -1;
        std::uint64_t bytes = 0;
    };
    std::array<Second, kWindow + 1> seconds_{};  // the window, and the second that is running
    std::optional<TimePoint> first_;
};

/// Frames per second by their decoding times, over the last frames.
class FrameRate {
public:
    void add(Timestamp dts);
    /// 0 until two frames were seen, and after a jump of the times.
    [[nodiscard]] double per_second() const;

private:
    static constexpr std::size_t kFrames = 64;

    std::array<Timestamp, kFrames> times_{};  // a ring
    std::size_t count_ = 0;
    std::size_t next_ = 0;
};

}  // namespace streamkit::live
