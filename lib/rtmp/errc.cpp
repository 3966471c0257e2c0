#include "streamkit/rtmp/errc.hpp"

#include "streamkit/base/error.hpp"

namespace streamkit::rtmp {
namespace {

constexpr ErrorEntry entry(Errc errc, Failure failure, const char* message) {
    return {static_cast<int>(errc), failure, message};
}

constexpr ErrorEntry kEntries[] = {
    entry(Errc::unsupported_version, Failure::malformed, "not an RTMP version 3 handshake"),
    entry(Errc::http_request, Failure::malformed, "an HTTP request came to the RTMP port"),
    entry(Errc::tls_client_hello, Failure::malformed,
          "a TLS ClientHello (rtmps, https) came to the RTMP port"),
    entry(Errc::handshake_timeout, Failure::timed_out, "the handshake was not completed in time"),
    entry(Errc::chunk_size_out_of_range, Failure::malformed, "chunk size is not in 1 to 2^31 - 1"),
    entry(Errc::missing_chunk_header, Failure::malformed,
          "a chunk stream begins with a chunk of type 2 or 3"),
    entry(Errc::unfinished_message, Failure::protocol_violation,
          "a message begins inside another one of its chunk stream"),
    entry(Errc::too_many_chunk_streams, Failure::limit_exceeded, "too many chunk streams"),
    entry(Errc::message_too_large, Failure::limit_exceeded, "message is longer than the limit"),
    entry(Errc::too_many_held_bytes, Failure::limit_exceeded,
          "incomplete messages take more than the limit"),
    entry(Errc::truncated_message, Failure::malformed, "message is shorter than its fields"),
    entry(Errc::malformed_aggregate, Failure::malformed, "malformed aggregate message"),
    entry(Errc::malformed_command, Failure::malformed, "malformed command message"),
    entry(Errc::out_of_order, Failure::protocol_violation,
          "this command is not allowed at this point"),
    entry(Errc::too_many_message_streams, Failure::limit_exceeded, "too many message streams"),
    entry(Errc::setup_timeout, Failure::timed_out, "the server did not let us begin in time"),
    entry(Errc::idle_timeout, Failure::timed_out, "the peer was silent for too long"),
    entry(Errc::refused, Failure::closed, "refused"),
    entry(Errc::not_publishing, Failure::protocol_violation, "the stream is not being published"),
    entry(Errc::invalid_url, Failure::malformed, "not an rtmp:// URL with an application"),
    entry(Errc::empty_stream_name, Failure::malformed, "the stream name is empty"),
    entry(Errc::stream_name_too_long, Failure::limit_exceeded,
          "the stream name is longer than the limit"),
    entry(Errc::stream_name_not_utf8, Failure::malformed, "the stream name is not valid UTF-8"),
    entry(Errc::stream_name_control_character, Failure::malformed,
          "the stream name has a control character"),
    entry(Errc::stream_name_dot_segment, Failure::malformed,
          "the stream name has a '.' or '..' segment or a backslash"),
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory table{"streamkit.rtmp", kEntries};
    return table;
}

}  // namespace streamkit::rtmp
