#pragma once

// Server-Sent Events: the HTML standard, section 9.2.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace streamkit::http {

inline constexpr std::string_view kEventStreamType = "text/event-stream";

/// One event of a `text/event-stream`.
struct ServerSentEvent {
    std::string data{};   ///< may have several lines
    std::string event{};  ///< type; empty: "message"
    std::string id{};     ///< what a client sends back as `Last-Event-ID`; empty: none
    std::optional<std::chrono::milliseconds> retry{};  ///< how long a client waits to reconnect
};

/// The bytes of the event, with the empty line that ends it. Line breaks and NUL in `event` and
/// `id`, which would begin another field, are dropped.
[[nodiscard]] std::string format_event(const ServerSentEvent& event);

/// A line that clients ignore; keeps a silent connection open.
inline constexpr std::string_view kEventStreamComment = ":\n\n";

}  // namespace streamkit::http
