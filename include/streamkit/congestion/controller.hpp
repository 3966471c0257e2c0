#pragma once

// How much may be in flight, and how fast it may leave.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "streamkit/base/random.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"
#include "streamkit/congestion/delivery_rate.hpp"

namespace streamkit::congestion {

enum class Algorithm : std::uint8_t {
    bbr,         ///< models rate and round trip; passes random loss, keeps the queue short
    cubic,       ///< RFC 9438 with HyStart++ (RFC 9406): what most TCP does
    background,  ///< less than best effort (after RFC 6817, LEDBAT): yields to everyone else
};
[[nodiscard]] std::string_view name(Algorithm algorithm) noexcept;

struct ControllerConfig {
    std::uint32_t max_datagram_bytes = 1200;
    std::uint32_t initial_window_packets = 10;  ///< RFC 9002, 7.2
    std::uint32_t min_window_packets = 4;
    /// Never a larger window, whatever the path gives.
    std::uint64_t max_window_bytes = std::uint64_t{256} << 20;
};

/// A packet was found lost.
struct LostPacket {
    DeliveryState state;
    std::uint64_t packet_number = 0;
};

/// An acknowledgement was worked off: losses it uncovered have been reported before.
struct AckEvent {
    TimePoint now{};
    std::uint64_t acked_bytes = 0;      ///< newly, by this acknowledgement
    std::uint64_t lost_bytes = 0;       ///< found lost by this acknowledgement
    std::uint64_t in_flight = 0;        ///< after it
    std::uint64_t prior_in_flight = 0;  ///< before it
    std::uint64_t delivered = 0;        ///< bytes, since the start
    std::uint64_t largest_acked = 0;    ///< packet number
    std::uint64_t largest_sent = 0;     ///< packet number
    std::optional<Duration> rtt;        ///< of the newest packet, if it is a fresh sample
    Duration smoothed_rtt{};
    Duration minimum_rtt{};          ///< since the start of the path
    std::uint64_t new_ce_marks = 0;  ///< RFC 3168 marks that the peer newly reports
    RateSample rate;
};

/// A congestion controller. It reads no clock and knows nothing of packets but numbers and sizes.
class Controller {
public:
    virtual ~Controller() = default;

    /// A packet that counts (that will be acknowledged) leaves.
    virtual void on_sent(TimePoint now, std::uint64_t packet_number,
                         const DeliveryState& state) = 0;
    /// Before the `on_ack` of the acknowledgement, or alone when a timer found the loss.
    virtual void on_lost(TimePoint now, const LostPacket& packet) = 0;
    virtual void on_ack(const AckEvent& event) = 0;
    /// A packet that had been reported lost was acknowledged after all.
    virtual void on_spurious_loss(TimePoint now, const LostPacket& packet) = 0;
    /// Everything over a long time was lost: RFC 9002, 7.6.
    virtual void on_persistent_congestion(TimePoint now) = 0;
    /// Sending goes on after nothing was in flight.
    virtual void on_idle_restart(TimePoint now) = 0;
    /// The path takes larger or smaller packets now.
    virtual void set_max_datagram_bytes(std::uint32_t bytes) = 0;

    /// Bytes that may be in flight.
    [[nodiscard]] virtual std::uint64_t window() const noexcept = 0;
    /// At what rate packets may leave.
    [[nodiscard]] virtual Bandwidth pacing_rate() const noexcept = 0;
    /// What it believes the path can carry, where it models that; 0 otherwise.
    [[nodiscard]] virtual Bandwidth bandwidth() const noexcept { return {}; }
    /// "startup", "recovery": for traces and statistics; a literal.
    [[nodiscard]] virtual std::string_view phase() const noexcept = 0;

protected:
    Controller() = default;
    Controller(const Controller&) = default;
    Controller& operator=(const Controller&) = default;
};

/// @param random  for BBR's probing times; must outlive the controller
[[nodiscard]] std::unique_ptr<Controller> make_controller(Algorithm algorithm,
                                                          const ControllerConfig& config,
                                                          RandomSource& random);

}  // namespace streamkit::congestion
