#pragma once

// What each side tells the other in the payload of its Noise message.

#include <cstdint>
#include <optional>
#include <string>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/rudp/config.hpp"
#include "streamkit/rudp/event.hpp"

namespace streamkit::rudp {

/// Limits that the sender of them keeps for itself. Written as (id, length, value) of varints, so
/// that unknown ids can be skipped; each id at most once; RFC 9000, 7.4 and 18.
struct TransportParameters {
    Protection protection = Protection::aes_256_gcm;
    std::uint64_t max_data = 0;
    std::uint64_t max_stream_data = 0;
    std::uint64_t max_streams = 0;
    std::uint64_t max_message_bytes = 0;
    std::uint64_t max_datagram_bytes = 1200;  ///< 1200 to 65 507
    std::uint64_t max_ack_delay_us = 25'000;  ///< up to 2^14 ms
    std::uint64_t idle_timeout_ms = 30'000;   ///< 0: none
    std::uint64_t first_packet_number = 0;    ///< of the sender's short packets
};

/// The client's payload.
struct Hello {
    TransportParameters parameters{};
    std::string protocol{};
    Bytes request{};
};
/// The server's: welcome, or why not.
struct Reply {
    std::optional<Reject> reject{};
    TransportParameters parameters{};
};

[[nodiscard]] Bytes write_hello_payload(const Hello& hello);
[[nodiscard]] Bytes write_reply_payload(const Reply& reply);
/// @return `Errc::truncated`, `Errc::invalid_parameter`
[[nodiscard]] Result<Hello> read_hello_payload(BytesView payload);
[[nodiscard]] Result<Reply> read_reply_payload(BytesView payload);

}  // namespace streamkit::rudp
