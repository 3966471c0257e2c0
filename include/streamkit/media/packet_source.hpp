#pragma once

// Pipelines: something gives packets, something takes them.

#include <optional>
#include <span>

#include "streamkit/base/result.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit {

/// Gives out the packets of a file or a stream in the order of their decoding times.
class PacketSource {
public:
    virtual ~PacketSource() = default;

    /// The tracks, known before the first packet. Valid as long as the source.
    [[nodiscard]] virtual std::span<const TrackInfo> tracks() const = 0;
    /// The next packet, or nothing at the end.
    [[nodiscard]] virtual Result<std::optional<Packet>> next() = 0;
    /// Goes back to the first packet.
    ///
    /// @return an error if the source cannot go back, such as a pipe
    virtual Result<void> rewind() = 0;
};

/// Takes packets.
class PacketSink {
public:
    virtual ~PacketSink() = default;

    /// @param tracks  announced once, before the first packet
    virtual Result<void> begin(std::span<const TrackInfo> tracks) = 0;
    virtual Result<void> write(const Packet& packet) = 0;
    /// Writes what is still held back.
    virtual Result<void> finish() = 0;
};

/// Moves everything from a source to a sink, `begin` and `finish` included.
Result<void> copy(PacketSource& source, PacketSink& sink);

}  // namespace streamkit
