#pragma once

// The timed events of one stream: their ids, their order, and how long they are kept.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::cmaf {

/// What a `POST /metadata` asks for.
struct EventRequest {
    std::string scheme_id_uri = "urn:streamkit:metadata";
    std::string value = "1";
    Bytes message;
    std::optional<Timestamp> time;      ///< 0 = the presentation's earliest time; none: live edge
    std::optional<Timestamp> duration;  ///< none, or not above 0: the default
    std::optional<std::uint32_t> id;    ///< none: the next free one
};

/// An event as it stands in the schedule. Immutable; shared with the manifests and the feeds.
struct ScheduledEvent {
    TimedEvent event;            ///< `time` from the presentation's earliest time, in ms
    WallTime posted;             ///< when it arrived
    std::uint64_t sequence = 0;  ///< 0, 1, 2 … in order of arrival, over all presentations
};

struct EventScheduleConfig {
    std::size_t max_events = 10'000;          ///< oldest out
    std::size_t max_total_bytes = 16U << 20;  ///< of texts and messages; oldest out
    std::size_t max_event_bytes = 64U << 10;  ///< of texts and message; a larger one is refused
};

/// Keeps the events of a stream over all its presentations: ids are never used again, while the
/// times belong to the presentation that was live when the event came.
///
/// Ids are 32 bits, start at the seconds since 2024-01-01 and grow by one, so that a restart needs
/// no state (DESIGN.md 12). May be used from any thread.
class EventSchedule {
public:
    using Event = std::shared_ptr<const ScheduledEvent>;  ///< shared with readers on other threads

    explicit EventSchedule(WallTime started, EventScheduleConfig config = {});

    /// Adds an event; an `id` of 0 gets the next free one.
    ///
    /// @param event  `time` from the presentation's earliest time; `duration` above 0. Both are
    ///               rounded to ms
    /// @return `Errc::event_too_large`; `Errc::event_id_taken` if the id was used before
    Result<Event> add(TimedEvent event, WallTime now);

    /// Whether this event (scheme, value and id) is in the schedule.
    [[nodiscard]] bool contains(const TimedEvent& event) const;

    /// A new presentation begins: what was scheduled belongs to the last one. `all()` keeps it.
    void begin_presentation();

    /// Takes events out of the presentation whose end is before `window_start` **and** which were
    /// posted more than `window` before `now`.
    ///
    /// @param window_start  from the presentation's earliest time
    /// @return whether there were any
    bool trim(Timestamp window_start, std::chrono::milliseconds window, WallTime now);

    /// Events of the current presentation, sorted by time, then id.
    [[nodiscard]] std::vector<Event> scheduled() const;
    /// Every event that is kept, of all presentations, in order of arrival.
    [[nodiscard]] std::vector<Event> all() const;

private:
    struct ByOrder {
        bool operator()(const Event& a, const Event& b) const noexcept;
    };
    void drop_oldest();

    const EventScheduleConfig config_;
    mutable std::mutex mutex_;
    std::deque<Event> arrived_;
    std::set<Event, ByOrder> scheduled_;
    std::set<std::uint32_t> ids_;  // of `arrived_`
    std::uint32_t next_id_;
    std::uint64_t next_sequence_ = 0;
    std::size_t total_bytes_ = 0;
};

}  // namespace streamkit::cmaf
