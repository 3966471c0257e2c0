#include "streamkit/live/queued_event.hpp"

#include <utility>

#include "streamkit/base/overloaded.hpp"

namespace streamkit::live {
namespace {

// So that a flood of tiny events is bounded as well.
constexpr std::size_t kOwnBytes = sizeof(QueuedEvent) + 64;

std::size_t weight(const MediaEvent& event) {
    return kOwnBytes +
           std::visit(overloaded{
                          [](const TrackInfo& e) { return e.codec_config.size(); },
                          [](const Metadata& e) { return e.name.size() + e.body.size(); },
                          [](const Packet& e) { return e.payload.size(); },
                          [](const TimedEvent& e) {
                              return e.scheme_id_uri.size() + e.value.size() + e.message.size();
                          },
                          [](const EndOfStream&) { return std::size_t{0}; },
                      },
                      event);
}

}  // namespace

QueuedEvent::QueuedEvent(MediaEvent event, std::optional<flv::TagBody> body,
                         std::uint32_t chunk_size)
    : event_(std::move(event)),
      body_(std::move(body)),
      chunk_size_(chunk_size),
      size_bytes_(weight(event_)) {}

const rtmp::EncodedMessage* QueuedEvent::encoded() const {
    if (!body_) return nullptr;
    std::call_once(encoded_once_, [this] {
        // What RTMP cannot carry (over 16 MB) is left out, as a stream without players would.
        if (auto made = rtmp::EncodedMessage::make(*body_, chunk_size_))
            encoded_ = std::move(*made);
    });
    return encoded_ ? &*encoded_ : nullptr;
}

}  // namespace streamkit::live
