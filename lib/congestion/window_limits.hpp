#pragma once

// The bounds that every controller keeps its window in.

#include <algorithm>
#include <cstdint>

#include "streamkit/congestion/controller.hpp"

namespace streamkit::congestion {

/// ControllerConfig in bytes, for the packets that the path takes now.
class WindowLimits {
public:
    explicit WindowLimits(const ControllerConfig& config) noexcept
        : config_{config},
          max_datagram_bytes_{std::max<std::uint32_t>(config.max_datagram_bytes, 1)} {}

    void set_max_datagram_bytes(std::uint32_t bytes) noexcept {
        max_datagram_bytes_ = std::max<std::uint32_t>(bytes, 1);
    }
    [[nodiscard]] std::uint64_t datagram() const noexcept { return max_datagram_bytes_; }
    [[nodiscard]] std::uint64_t minimum() const noexcept {
        return std::min(config_.min_window_packets * datagram(), maximum());
    }
    [[nodiscard]] std::uint64_t maximum() const noexcept {
        return std::clamp(config_.max_window_bytes, 2 * datagram(), kSanity);
    }
    [[nodiscard]] std::uint64_t initial() const noexcept {
        return clamp(config_.initial_window_packets * datagram());
    }
    [[nodiscard]] std::uint64_t clamp(std::uint64_t window) const noexcept {
        return std::clamp(window, minimum(), maximum());
    }

    /// The window in a round trip; never nothing, however long that is.
    [[nodiscard]] static Bandwidth rate(std::uint64_t window, Duration round_trip) noexcept {
        return std::max(Bandwidth::of(window, round_trip), Bandwidth::bytes_per_second(1000));
    }

private:
    static constexpr std::uint64_t kSanity = std::uint64_t{1}
                                             << 48;  // sums of windows fit in 64 bits

    ControllerConfig config_;
    std::uint64_t max_datagram_bytes_;
};

}  // namespace streamkit::congestion
