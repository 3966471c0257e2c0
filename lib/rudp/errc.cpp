#include "streamkit/rudp/errc.hpp"

#include <array>

#include "streamkit/base/error.hpp"

namespace streamkit::rudp {
namespace {

constexpr int code(Errc errc) { return static_cast<int>(errc); }

constexpr std::array kErrors{
    ErrorEntry{code(Errc::truncated), Failure::malformed, "a field runs past the end"},
    ErrorEntry{code(Errc::unknown_packet_type), Failure::malformed,
               "a packet of a type that is not known"},
    ErrorEntry{code(Errc::unknown_frame_type), Failure::malformed,
               "a frame of a type that is not known"},
    ErrorEntry{code(Errc::datagram_too_short), Failure::malformed,
               "the datagram is shorter than its kind allows"},
    ErrorEntry{code(Errc::not_authentic), Failure::malformed,
               "the packet was forged, changed, or sealed under another key"},
    ErrorEntry{code(Errc::duplicate_packet), Failure::protocol_violation,
               "the packet came before, or is too old to tell"},
    ErrorEntry{code(Errc::unknown_connection), Failure::protocol_violation,
               "no connection has this id"},
    ErrorEntry{code(Errc::varint_out_of_range), Failure::malformed,
               "a number is out of the range of its field"},
    ErrorEntry{code(Errc::ack_of_unsent_packet), Failure::protocol_violation,
               "a packet was acknowledged that was never sent"},
    ErrorEntry{code(Errc::invalid_ack_ranges), Failure::malformed,
               "the acknowledged ranges go below zero or overlap"},
    ErrorEntry{code(Errc::too_many_ack_ranges), Failure::limit_exceeded,
               "an acknowledgement has too many ranges"},
    ErrorEntry{code(Errc::flow_control), Failure::protocol_violation,
               "the peer sent more bytes than its window allows"},
    ErrorEntry{code(Errc::stream_limit), Failure::limit_exceeded,
               "more streams than the peer allows"},
    ErrorEntry{code(Errc::stream_state), Failure::protocol_violation,
               "the stream does not allow this"},
    ErrorEntry{code(Errc::final_size), Failure::protocol_violation,
               "the stream ends at two places, or goes on behind its end"},
    ErrorEntry{code(Errc::message_too_long), Failure::limit_exceeded,
               "the message is longer than the limit"},
    ErrorEntry{code(Errc::invalid_message), Failure::malformed,
               "the parts of the message contradict each other"},
    ErrorEntry{code(Errc::invalid_drop), Failure::malformed,
               "the range of dropped messages is reversed or too large"},
    ErrorEntry{code(Errc::invalid_fec), Failure::malformed,
               "the repair symbols contradict each other"},
    ErrorEntry{code(Errc::illegal_frame), Failure::protocol_violation,
               "the frame is not allowed now"},
    ErrorEntry{code(Errc::invalid_parameter), Failure::malformed,
               "a parameter is out of its range"},
    ErrorEntry{code(Errc::handshake_timeout), Failure::timed_out,
               "the handshake was not done in time"},
    ErrorEntry{code(Errc::idle_timeout), Failure::timed_out,
               "nothing came from the peer for too long"},
    ErrorEntry{code(Errc::wrong_server_key), Failure::protocol_violation,
               "the server has another key than the one that is known of it"},
    ErrorEntry{code(Errc::handshake_failed), Failure::protocol_violation,
               "the handshake failed: another secret, or changed on the way"},
    ErrorEntry{code(Errc::version_mismatch), Failure::unsupported,
               "the peer speaks another version"},
    ErrorEntry{code(Errc::rejected), Failure::closed, "the server refused the connection"},
    ErrorEntry{code(Errc::closed_by_peer), Failure::closed, "the peer closed the connection"},
    ErrorEntry{code(Errc::closed_here), Failure::closed, "the connection was closed on this side"},
    ErrorEntry{code(Errc::stateless_reset), Failure::closed,
               "the peer does not know this connection any more"},
    ErrorEntry{code(Errc::no_viable_path), Failure::closed, "the peer cannot be reached"},
    ErrorEntry{code(Errc::packet_numbers_used_up), Failure::limit_exceeded,
               "the connection has no packet numbers left"},
    ErrorEntry{code(Errc::no_such_link), Failure::closed, "there is no such connection"},
    ErrorEntry{code(Errc::no_such_stream), Failure::protocol_violation, "there is no such stream"},
    ErrorEntry{code(Errc::send_buffer_full), Failure::limit_exceeded, "the send buffer is full"},
    ErrorEntry{code(Errc::stream_finished), Failure::protocol_violation,
               "the stream has been finished"},
    ErrorEntry{code(Errc::no_identity), Failure::unsupported,
               "the endpoint has no key to take connections with"},
    ErrorEntry{code(Errc::not_connected), Failure::protocol_violation, "the handshake is not done"},
};

}  // namespace

const std::error_category& rudp_category() noexcept {
    static const TableCategory category{"streamkit.rudp", kErrors};
    return category;
}

}  // namespace streamkit::rudp
