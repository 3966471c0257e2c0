#pragma once

// Puts messages together out of the chunk stream.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/rtmp/errc.hpp"
#include "streamkit/rtmp/message.hpp"

namespace streamkit::rtmp {

/// What a peer may make us hold. Whatever goes over a limit ends the connection.
struct ChunkLimits {
    /// Chunk stream ids in use; encoders use three to six.
    std::size_t max_chunk_streams = 64;
    /// Audio, video, data and aggregate messages: a key frame must fit.
    std::size_t max_message_bytes = 8 * 1024 * 1024;
    /// All other messages.
    std::size_t max_command_bytes = 64 * 1024;
    /// Lengths of all messages that have begun and are not complete.
    std::size_t max_held_bytes = 12 * 1024 * 1024;
};

/// Reads chunks in pieces of any size.
///
/// Set Chunk Size and Abort are obeyed here and not given out. Time stamps are unwrapped to 64 bits
/// along the audio and video messages of the connection.
///
/// Where a chunk of type 3 follows one with an extended time stamp, most peers repeat it, as the
/// specification says, and others do not (older librtmp and FFmpeg, Flash-era encoders).
/// The first such chunk shows which kind the peer is.
/// @see RTMP 1.0, section 5.3
class ChunkReader {
public:
    explicit ChunkReader(ChunkLimits limits = {}) : limits_(limits) {}

    /// Takes bytes from the front of `input` until a message is complete or all are taken.
    ///
    /// @return the message, or nothing when all bytes are taken;
    ///         `Errc::chunk_size_out_of_range`, `Errc::missing_chunk_header`,
    ///         `Errc::unfinished_message`, `Errc::too_many_chunk_streams`,
    ///         `Errc::message_too_large`, `Errc::too_many_held_bytes`, `Errc::truncated_message`,
    ///         with the number of bytes read before; nothing can be read after an error
    Result<std::optional<Message>> read(BytesView& input);

    /// Payload bytes per chunk of the peer.
    [[nodiscard]] std::uint32_t chunk_size() const noexcept { return chunk_size_; }
    /// The lengths of all messages that are not complete.
    [[nodiscard]] std::size_t held_bytes() const noexcept { return held_bytes_; }

private:
    struct ChunkStream {
        std::uint32_t id = 0;
        std::uint32_t timestamp = 0;        // of the current or last message
        std::uint32_t timestamp_field = 0;  // as its last chunk header had it: a time or a delta
        bool extended = false;              // the last header had an extended time stamp
        std::uint32_t length = 0;
        std::uint8_t type = 0;
        std::uint32_t stream_id = 0;
        bool in_message = false;
        BufferBuilder payload;
    };
    enum class ExtendedOnType3 : std::uint8_t { unknown, repeated, left_out };
    static constexpr std::size_t kMaxHeaderBytes = 3 + 11 + 4;
    static constexpr std::size_t kNone = SIZE_MAX;

    Result<bool> read_header(BytesView& source);
    bool read_extended_on_type_3(BytesView& source, std::size_t at, std::uint32_t expected);
    [[nodiscard]] bool has_reread() const noexcept { return reread_begin_ != reread_end_; }
    bool fill_header(BytesView& source, std::size_t size);
    Result<std::size_t> find_or_add(std::uint32_t id, std::uint8_t format);
    Result<void> begin_message(ChunkStream& stream);
    Result<std::optional<Message>> read_payload(BytesView& source);
    Result<std::optional<Message>> finish_message(ChunkStream& stream);
    Result<void> handle_abort(std::uint32_t id);
    std::int64_t unwrap(std::uint32_t timestamp, MessageType type);
    [[nodiscard]] Error error(Errc errc, const char* what) const noexcept;

    ChunkLimits limits_;
    std::uint32_t chunk_size_ = 128;  // RTMP 1.0, 5.4.1: the default
    std::vector<ChunkStream> streams_;
    std::size_t current_ = kNone;  // whose payload is being read; none: a header is
    std::size_t chunk_left_ = 0;   // payload bytes left in the current chunk
    std::size_t held_bytes_ = 0;
    std::uint64_t bytes_read_ = 0;

    std::array<std::uint8_t, kMaxHeaderBytes> header_{};
    std::size_t header_size_ = 0;
    ExtendedOnType3 extended_on_type_3_ = ExtendedOnType3::unknown;
    // Bytes taken for an extended time stamp that turned out to be what follows the header.
    std::array<std::uint8_t, 4> reread_{};
    std::uint8_t reread_begin_ = 0;
    std::uint8_t reread_end_ = 0;

    std::optional<std::int64_t> last_timestamp_;  // of audio or video, unwrapped
};

}  // namespace streamkit::rtmp
