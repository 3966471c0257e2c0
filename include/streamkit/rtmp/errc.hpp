#pragma once

// Error codes of the module `rtmp`.

#include <system_error>

namespace streamkit::rtmp {

/// Why an RTMP connection, or a part of one, cannot go on.
enum class Errc {
    // Handshake
    unsupported_version = 1,  ///< C0 or S0 is not 3
    http_request,             ///< the first bytes are an HTTP request
    tls_client_hello,         ///< the first bytes are a TLS ClientHello (an RTMPS client)
    handshake_timeout,        ///< no complete handshake in the time allowed
    // Chunk stream
    chunk_size_out_of_range,  ///< Set Chunk Size of 0 or with its highest bit set
    missing_chunk_header,     ///< a new chunk stream begins without saying length and type
    unfinished_message,       ///< a message header inside another message of the chunk stream
    too_many_chunk_streams,   ///< more than `ChunkLimits::max_chunk_streams`
    message_too_large,        ///< longer than the limit for its type, or than 2^24 - 1
    too_many_held_bytes,      ///< incomplete messages take more than `ChunkLimits::max_held_bytes`
    // Messages
    truncated_message,    ///< a message is shorter than its fixed fields
    malformed_aggregate,  ///< the parts of an aggregate message do not fit into it
    malformed_command,    ///< a command does not begin with its name
    // Sessions
    out_of_order,              ///< a command that the state of the connection does not allow
    too_many_message_streams,  ///< more than `ServerConfig::max_message_streams`
    setup_timeout,             ///< the server did not let us publish or play in the time allowed
    idle_timeout,              ///< nothing came, not even the answer to a ping
    refused,                   ///< the other side, or the application, said no
    not_publishing,            ///< media to send before, or after, the stream is being published
    // Names
    invalid_url,                    ///< not an rtmp or rtmps URL with an application
    empty_stream_name,              ///< neither a stream name nor a second part of the application
    stream_name_too_long,           ///< longer than `NameLimits` allow
    stream_name_not_utf8,           ///< invalid UTF-8
    stream_name_control_character,  ///< NUL, line breaks and the like
    stream_name_dot_segment,        ///< `.` or `..` between slashes, or a backslash
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::rtmp

template <>
struct std::is_error_code_enum<streamkit::rtmp::Errc> : std::true_type {};
