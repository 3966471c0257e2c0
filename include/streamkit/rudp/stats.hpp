#pragma once

// What a connection has done so far.

#include <cstdint>
#include <string_view>

#include "streamkit/congestion/bandwidth.hpp"
#include "streamkit/rudp/datagram.hpp"

namespace streamkit::rudp {

/// Counters from the start of the connection, and what is known of the path now. Bytes are those of
/// UDP payloads unless the name says otherwise.
struct ConnectionStats {
    std::uint64_t packets_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t packets_lost = 0;  ///< found lost, spurious ones taken off again
    std::uint64_t bytes_lost = 0;
    std::uint64_t spurious_losses = 0;
    std::uint64_t probe_timeouts = 0;
    std::uint64_t duplicate_packets = 0;  ///< received twice
    std::uint64_t rejected_packets = 0;   ///< not authentic, malformed, out of state
    std::uint64_t acks_sent = 0;
    std::uint64_t stream_bytes_sent = 0;  ///< payload of streams, the first time
    std::uint64_t stream_bytes_resent = 0;
    std::uint64_t stream_bytes_received = 0;  ///< without duplicates
    std::uint64_t messages_sent = 0;
    std::uint64_t messages_delivered = 0;
    std::uint64_t messages_dropped = 0;  ///< given up by us
    std::uint64_t messages_received = 0;
    std::uint64_t messages_recovered = 0;  ///< by repair packets
    std::uint64_t message_bytes_sent = 0;  ///< payload, the first time
    std::uint64_t message_bytes_resent = 0;
    std::uint64_t fec_bytes_sent = 0;
    std::uint64_t ce_marks = 0;  ///< of our packets, as the peer reports
    std::uint64_t key_updates = 0;
    std::uint64_t migrations = 0;

    congestion::Duration smoothed_rtt{};
    congestion::Duration minimum_rtt{};
    congestion::Duration latest_rtt{};
    congestion::Duration rtt_variation{};
    std::uint64_t window = 0;
    std::uint64_t in_flight = 0;
    congestion::Bandwidth pacing_rate{};
    congestion::Bandwidth bandwidth{};  ///< the controller's model, or 0
    std::uint32_t datagram_bytes = 0;   ///< what the path carries, as far as probed
    std::string_view congestion_phase = "";
    Path path{};
};

}  // namespace streamkit::rudp
