#pragma once

// `GET /metadata_feed`: all events, and those to come.

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "streamkit/cmaf/event_schedule.hpp"
#include "streamkit/service/http_exchange.hpp"

namespace streamkit {

/// Keeps the readers of the feed that wait for more. From any thread.
class MetadataFeed : public std::enable_shared_from_this<MetadataFeed> {
public:
    /// Begins a `text/event-stream` answer.
    ///
    /// @param so_far  sent first: what had been posted before this call
    /// @param only    the stream that the reader asked for; nothing: all
    void follow(const std::shared_ptr<HttpExchange>& exchange, std::string so_far,
                std::optional<std::string> only);
    /// Sends an event to all who follow.
    void publish(std::string_view stream, const cmaf::ScheduledEvent& event);
    /// Lets proxies and readers see that the feed is alive.
    void keep_alive();
    /// Ends every answer in order: the program stops.
    void finish();

private:
    struct Reader {
        std::shared_ptr<HttpExchange> exchange;
        std::optional<std::string> only;
    };
    void forget(const HttpExchange* exchange);

    std::mutex mutex_;
    std::list<Reader> readers_;
};

/// One event as a Server-Sent Event.
[[nodiscard]] std::string feed_event_text(std::string_view stream,
                                          const cmaf::ScheduledEvent& event);

}  // namespace streamkit
