#pragma once

// What a stream's queues hold: one event, shared by all of them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "streamkit/flv/tag_muxer.hpp"
#include "streamkit/media/media_event.hpp"
#include "streamkit/rtmp/encoded_message.hpp"

namespace streamkit::live {

/// An event and, once an RTMP player has asked for it, its chunks. Immutable for all who see it:
/// any thread may read it.
class QueuedEvent {
public:
    /// @param body        the event as an RTMP message, where there is one
    /// @param chunk_size  payload bytes per chunk of `encoded`
    QueuedEvent(MediaEvent event, std::optional<flv::TagBody> body, std::uint32_t chunk_size);

    [[nodiscard]] const MediaEvent& event() const noexcept { return event_; }
    [[nodiscard]] const std::optional<flv::TagBody>& body() const noexcept { return body_; }
    /// The chunks for RTMP players, made by the first call and shared by all; null where RTMP has no
    /// message for the event. Lives as long as this.
    [[nodiscard]] const rtmp::EncodedMessage* encoded() const;

    /// What it weighs in a queue: payload, and a little for itself.
    [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }

private:
    const MediaEvent event_;
    const std::optional<flv::TagBody> body_;
    const std::uint32_t chunk_size_;
    const std::size_t size_bytes_;
    mutable std::once_flag encoded_once_;
    mutable std::optional<rtmp::EncodedMessage> encoded_;
};

/// Shared between the queues of all subscribers and the GOP cache, on any thread.
using EventPointer = std::shared_ptr<const QueuedEvent>;

}  // namespace streamkit::live
