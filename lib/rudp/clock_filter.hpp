#pragma once

// The offset between two clocks, from TIME frames.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "frame.hpp"
#include "streamkit/base/time.hpp"

namespace streamkit::rudp {

/// Offset of the peer's clock, from the exchanges with the shortest round trips of late (RFC 5905,
/// section 8 and 10); a drift of more than 500 ppm, or a time from the future, is not believed. A
/// clock that has jumped is believed after eight exchanges that agree on nothing else.
class ClockFilter {
public:
    explicit ClockFilter(TimePoint clock_start) : start_(clock_start) {}
    /// What to send now.
    [[nodiscard]] TimeFrame make_frame(TimePoint now) const;
    void receive(const TimeFrame& frame, TimePoint now);
    /// To be added to the peer's clock to get ours.
    [[nodiscard]] std::optional<std::chrono::microseconds> offset() const noexcept;

private:
    struct Sample {
        TimePoint at{};
        std::int64_t offset_us = 0;
        std::int64_t round_trip_us = 0;
    };
    [[nodiscard]] std::int64_t clock_us(TimePoint now) const noexcept;
    [[nodiscard]] const Sample* best() const noexcept;
    [[nodiscard]] bool is_plausible(const Sample& sample) const noexcept;

    TimePoint start_;
    std::optional<std::uint64_t> peer_time_us_;
    TimePoint peer_time_at_{};
    std::array<Sample, 8> samples_{};  // a ring
    std::size_t sample_count_ = 0;
    std::size_t next_sample_ = 0;
    std::size_t not_believed_ = 0;  // in a row
};

}  // namespace streamkit::rudp
