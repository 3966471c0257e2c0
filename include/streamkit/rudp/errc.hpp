#pragma once

// Error codes of the module `rudp`.

#include <system_error>

namespace streamkit::rudp {

enum class Errc {
    // Of datagrams and frames.
    truncated = 1,        ///< a field runs past the end
    unknown_packet_type,  ///< a first byte, or a version, that is not known
    unknown_frame_type,
    datagram_too_short,   ///< a HELLO of less than 1200 bytes, a packet too short for its tag
    not_authentic,        ///< the tag is wrong: forged, changed, or under another key
    duplicate_packet,     ///< a packet number that came before, or is too old to tell
    unknown_connection,   ///< a connection id that nobody has
    varint_out_of_range,  ///< a number, or a sum of two, beyond what its field may hold
    // What a peer may not do; the connection is closed with these.
    ack_of_unsent_packet,  ///< of a number that was never sent, or was skipped on purpose
    invalid_ack_ranges,    ///< reversed, overlapping or below zero
    too_many_ack_ranges,
    flow_control,  ///< more bytes than the window allows
    stream_limit,  ///< more streams than allowed
    stream_state,  ///< a frame that this kind or state of stream does not allow
    final_size,    ///< two different ends of one stream, or bytes behind it
    message_too_long,
    invalid_message,  ///< parts that contradict each other
    invalid_drop,     ///< a DROP range that is reversed or outside of the window
    invalid_fec,
    illegal_frame,      ///< not in this state
    invalid_parameter,  ///< a transport parameter out of its range
    // Ends of a connection.
    handshake_timeout,
    idle_timeout,
    wrong_server_key,
    handshake_failed,  ///< the Noise handshake: wrong secret, or changed on the way
    version_mismatch,
    rejected,
    closed_by_peer,
    closed_here,
    stateless_reset,  ///< the peer does not know this connection (any more)
    no_viable_path,
    packet_numbers_used_up,
    // What a caller may not do.
    no_such_link,
    no_such_stream,
    send_buffer_full,
    stream_finished,
    no_identity,  ///< an endpoint without a static key takes no connections
    not_connected,
};

[[nodiscard]] const std::error_category& rudp_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), rudp_category()};
}

}  // namespace streamkit::rudp

template <>
struct std::is_error_code_enum<streamkit::rudp::Errc> : std::true_type {};
