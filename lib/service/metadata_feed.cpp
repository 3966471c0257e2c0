#include "metadata_feed.hpp"

#include <utility>

#include "metadata_message.hpp"
#include "streamkit/http/sse.hpp"

namespace streamkit {
namespace {

SharedBuffer buffer_of(std::string_view text) { return SharedBuffer::copy_of(as_bytes(text)); }

}  // namespace

std::string feed_event_text(std::string_view stream, const cmaf::ScheduledEvent& event) {
    json::JsonWriter json;
    write_feed_event(json, stream, event);
    http::ServerSentEvent sent;
    sent.data = json.take();
    sent.id = std::to_string(event.event.id);
    return http::format_event(sent);
}

void MetadataFeed::follow(const std::shared_ptr<HttpExchange>& exchange, std::string so_far,
                          std::optional<std::string> only) {
    http::ResponseHead head;
    head.headers.set("Content-Type", std::string{http::kEventStreamType});
    head.headers.set("Cache-Control", "no-store");
    exchange->begin_stream(std::move(head));
    exchange->append(buffer_of(so_far.empty() ? std::string{http::kEventStreamComment} : so_far));
    exchange->on_gone([self = weak_from_this(), key = exchange.get()] {
        if (const auto alive = self.lock()) alive->forget(key);
    });
    const std::lock_guard lock{mutex_};
    readers_.push_back({exchange, std::move(only)});
}

void MetadataFeed::publish(std::string_view stream, const cmaf::ScheduledEvent& event) {
    const auto text = buffer_of(feed_event_text(stream, event));
    const std::lock_guard lock{mutex_};
    for (const auto& reader : readers_) {
        if (!reader.only || *reader.only == stream) reader.exchange->append(text);
    }
}

void MetadataFeed::keep_alive() {
    const auto comment = SharedBuffer::from_static(as_bytes(http::kEventStreamComment));
    const std::lock_guard lock{mutex_};
    for (const auto& reader : readers_)
        reader.exchange->append(comment);
}

void MetadataFeed::finish() {
    std::list<Reader> readers;
    {
        const std::lock_guard lock{mutex_};
        readers.swap(readers_);
    }
    for (const auto& reader : readers)
        reader.exchange->finish();
}

void MetadataFeed::forget(const HttpExchange* exchange) {
    const std::lock_guard lock{mutex_};
    std::erase_if(readers_,
                  [&](const Reader& reader) { return reader.exchange.get() == exchange; });
}

}  // namespace streamkit
