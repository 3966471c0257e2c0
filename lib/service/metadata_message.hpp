#pragma once

// The JSON of `POST /metadata` and `GET /metadata_feed`.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "streamkit/cmaf/event_schedule.hpp"
#include "streamkit/cmaf/packager.hpp"
#include "streamkit/json/writer.hpp"

namespace streamkit {

/// What a `POST /metadata` says.
struct MetadataMessage {
    std::string metadata;
    std::optional<std::string> stream;  ///< "live/app"
    cmaf::EventRequest request;
};

/// Why a `POST /metadata` is refused.
struct MetadataProblem {
    std::string detail;
    std::string hint;
};

/// Reads and checks the body of a `POST /metadata`: DESIGN.md 10.
std::variant<MetadataMessage, MetadataProblem> read_metadata_message(std::string_view body);

/// The answer to a POST that was taken.
std::string metadata_answer(const MetadataMessage& message, std::string_view stream,
                            const cmaf::PostedEvent& posted);

/// One event as the feed shows it.
void write_feed_event(json::JsonWriter& out, std::string_view stream,
                      const cmaf::ScheduledEvent& event);

}  // namespace streamkit
