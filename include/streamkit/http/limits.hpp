#pragma once

// What a peer may make us hold.

#include <cstddef>
#include <cstdint>

namespace streamkit::http {

/// Limits on one message. A server answers a request that goes beyond and closes the connection.
struct Limits {
    std::size_t max_target_bytes = 8192;     ///< of a request; beyond: 414
    std::size_t max_head_bytes = 32 * 1024;  ///< start line and header fields; beyond: 431
    std::size_t max_header_fields = 100;     ///< beyond: 431
    std::uint64_t max_body_bytes =
        1024 * 1024;  ///< beyond: 413, at once where Content-Length says so
};

}  // namespace streamkit::http
