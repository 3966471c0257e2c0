#pragma once

// A media message cut into chunks once, for all players.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/flv/tag_muxer.hpp"
#include "streamkit/rtmp/chunk_writer.hpp"
#include "streamkit/rtmp/errc.hpp"

namespace streamkit::rtmp {

/// The chunks of one audio, video or data message as a list of slices: headers of our own in one
/// small block, slices of the shared payload between them.
///
/// It begins with a chunk of type 0 that has the stream's own time, so it depends on nothing that
/// was sent before: a player may get it or not. Immutable: any thread may read it.
class EncodedMessage {
public:
    /// The message stream that the shared header names: the first one that a client creates.
    static constexpr std::uint32_t kMessageStreamId = 1;

    /// @param body        its time is taken modulo 2^32
    /// @param chunk_size  payload bytes per chunk, at least 1; the receiver must have been told
    /// @return `Errc::message_too_large` above 2^24 - 1 bytes
    static Result<EncodedMessage> make(const flv::TagBody& body,
                                       std::uint32_t chunk_size = kDefaultChunkSize);

    /// The bytes to send, in order. Valid as long as the message.
    [[nodiscard]] std::span<const SharedBuffer> slices() const noexcept { return slices_; }
    /// What replaces the first slice for a player on another message stream.
    [[nodiscard]] SharedBuffer first_slice_for(std::uint32_t message_stream_id) const;

    [[nodiscard]] flv::TagType type() const noexcept { return type_; }
    [[nodiscard]] std::uint32_t chunk_size() const noexcept { return chunk_size_; }
    /// Bytes of all slices.
    [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }

private:
    EncodedMessage() = default;

    std::vector<SharedBuffer> slices_;
    std::size_t size_bytes_ = 0;
    std::uint32_t chunk_size_ = 0;
    flv::TagType type_ = flv::TagType::video;
};

}  // namespace streamkit::rtmp
