#pragma once

// Whole transfers over a simulated bottleneck, packet by packet, in virtual time.

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/link.hpp"
#include "streamkit/congestion/controller.hpp"

namespace streamkit::congestion::test {

/// A data packet on the link; its bytes do not matter.
struct DataPacket {
    std::uint32_t flow = 0;
    std::uint32_t bytes = 0;
    std::uint64_t number = 0;
};

/// An acknowledgement on the link back.
struct AckPacket {
    static constexpr std::size_t kMaxRanges = 32;
    static constexpr std::uint32_t kBytes = 60;
    struct Range {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
    };
    std::uint32_t flow = 0;
    std::uint32_t range_count = 0;
    Duration delay{};
    std::uint64_t ce_marks = 0;
    std::array<Range, kMaxRanges> ranges{};  // the newest first
};

}  // namespace streamkit::congestion::test

namespace streamkit::sim {

template <>
struct PayloadTraits<congestion::test::DataPacket> {
    static std::size_t size(const congestion::test::DataPacket& packet) noexcept {
        return packet.bytes;
    }
    static void flip(congestion::test::DataPacket&, std::uint64_t) noexcept {}
};
template <>
struct PayloadTraits<congestion::test::AckPacket> {
    static std::size_t size(const congestion::test::AckPacket&) noexcept {
        return congestion::test::AckPacket::kBytes;
    }
    static void flip(congestion::test::AckPacket&, std::uint64_t) noexcept {}
};

}  // namespace streamkit::sim

namespace streamkit::congestion::test {

/// What a flow does.
struct FlowConfig {
    Algorithm algorithm = Algorithm::bbr;
    std::uint32_t datagram_bytes = 1472;
    std::uint32_t header_bytes = 37;  ///< of ours, in each datagram: the rest is payload
    std::uint64_t total_bytes = std::numeric_limits<std::uint64_t>::max();  ///< of payload
    Duration start{};
    Duration stop = Duration::max();
    bool paced = true;  ///< otherwise bursts as the window allows, like TCP without pacing
    /// The sender's timer fires up to so much late.
    Duration timer_lateness = std::chrono::microseconds{200};
    /// The application writes at no more than this rate (0: no limit), a packet at a time.
    Bandwidth application_rate{};
};

struct FlowResult {
    double goodput_percent = 0;  ///< payload over the link's rate, from its start to its end
    double megabits_per_second = 0;
    std::uint64_t sent = 0;
    std::uint64_t lost = 0;
    std::uint64_t spurious = 0;
    Duration finished{};
};

/// Flows share the link there and the link back.
struct TransferConfig {
    sim::LinkConfig forward{};
    sim::LinkConfig backward{};
    std::vector<FlowConfig> flows{};
    /// From a time on, so much more delay each way; nothing: never.
    std::optional<std::pair<Duration, Duration>> delay_step{};
    Duration duration = std::chrono::seconds{16};
    Duration measure_from{};  ///< goodput counts from here on
    std::uint64_t seed = 1;
};

struct TransferResult {
    std::vector<FlowResult> flows{};
    Duration queue_p50{};
    Duration queue_p95{};
    double jain = 1;
    [[nodiscard]] std::string text() const;
};

[[nodiscard]] TransferResult run_transfer(const TransferConfig& config);

/// Fairness of shares: 1 when all are equal, 1/n when one has it all.
[[nodiscard]] double jain_index(const std::vector<double>& shares);

}  // namespace streamkit::congestion::test
