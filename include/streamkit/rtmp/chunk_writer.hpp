#pragma once

// Cuts protocol and command messages into chunks.

#include <cstdint>

#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/rtmp/errc.hpp"
#include "streamkit/rtmp/message.hpp"

namespace streamkit::rtmp {

/// RTMP 1.0, 5.4.1: until a Set Chunk Size says otherwise.
inline constexpr std::uint32_t kInitialChunkSize = 128;
/// What we announce: as large as an average frame, so that most messages are one chunk.
inline constexpr std::uint32_t kDefaultChunkSize = 60'000;

/// Writes messages with chunk headers of type 0, and 3 between the parts. For the small ones: the
/// payload is copied. Media goes out as `EncodedMessage`.
/// @see RTMP 1.0, section 5.3
class ChunkWriter {
public:
    [[nodiscard]] std::uint32_t chunk_size() const noexcept { return chunk_size_; }

    /// Announces and applies the size of the chunks we send from now on. Takes effect after the Set
    /// Chunk Size message itself, which still uses the old size.
    ///
    /// @param size  payload bytes per chunk, 1 to 0x7FFFFFFF
    /// @return the message to send, or `Errc::chunk_size_out_of_range`; nothing changes then
    /// @see RTMP 1.0, section 5.4.1
    Result<SharedBuffer> set_chunk_size(std::uint32_t size);

    /// All chunks of a message in one buffer. Its time is taken modulo 2^32.
    ///
    /// @return `Errc::message_too_large` above 2^24 - 1 bytes
    [[nodiscard]] Result<SharedBuffer> write(const Message& message) const;

private:
    std::uint32_t chunk_size_ = kInitialChunkSize;
};

}  // namespace streamkit::rtmp
