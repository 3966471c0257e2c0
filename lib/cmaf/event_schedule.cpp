#include "streamkit/cmaf/event_schedule.hpp"

#include <algorithm>
#include <utility>

#include "streamkit/base/assert.hpp"
#include "streamkit/cmaf/errc.hpp"

namespace streamkit::cmaf {
namespace {

constexpr std::uint32_t kMilliseconds = 1000;

/// Seconds since 2024-01-01T00:00:00Z; never 0, which means "none yet".
std::uint32_t first_id(WallTime started) {
    using namespace std::chrono;
    constexpr WallTime kEpoch = sys_days{year{2024} / January / 1};
    const auto seconds = duration_cast<std::chrono::seconds>(started - kEpoch).count();
    const auto id = static_cast<std::uint32_t>(std::max<std::int64_t>(seconds, 1));
    return id == 0 ? 1 : id;
}

std::size_t bytes_of(const TimedEvent& event) {
    return event.message.size() + event.scheme_id_uri.size() + event.value.size();
}

std::int64_t end_of(const ScheduledEvent& scheduled) {
    return scheduled.event.time.ticks + scheduled.event.duration.ticks;
}

}  // namespace

bool EventSchedule::ByOrder::operator()(const Event& a, const Event& b) const noexcept {
    if (a->event.time.ticks != b->event.time.ticks) {
        return a->event.time.ticks < b->event.time.ticks;
    }
    return a->event.id < b->event.id;
}

EventSchedule::EventSchedule(WallTime started, EventScheduleConfig config)
    : config_(config), next_id_(first_id(started)) {}

Result<EventSchedule::Event> EventSchedule::add(TimedEvent event, WallTime now) {
    const std::lock_guard lock{mutex_};
    if (bytes_of(event) > config_.max_event_bytes) {
        return Error{Errc::event_too_large, "message"};
    }
    if (event.id == 0) {
        while (next_id_ == 0 || ids_.count(next_id_) != 0)
            ++next_id_;
        event.id = next_id_++;
    } else if (ids_.count(event.id) != 0) {
        return Error{Errc::event_id_taken, "id"};
    }
    event.time = event.time.in(kMilliseconds);
    event.duration = event.duration.in(kMilliseconds);
    event.duration.ticks = std::max<std::int64_t>(event.duration.ticks, 1);

    auto scheduled = std::make_shared<ScheduledEvent>();
    scheduled->event = std::move(event);
    scheduled->posted = now;
    scheduled->sequence = next_sequence_++;
    total_bytes_ += bytes_of(scheduled->event);
    ids_.insert(scheduled->event.id);
    scheduled_.insert(scheduled);
    arrived_.push_back(scheduled);
    while (arrived_.size() > 1 &&
           (arrived_.size() > config_.max_events || total_bytes_ > config_.max_total_bytes)) {
        drop_oldest();
    }
    return Event{std::move(scheduled)};
}

bool EventSchedule::contains(const TimedEvent& event) const {
    const std::lock_guard lock{mutex_};
    if (ids_.count(event.id) == 0) return false;
    return std::any_of(arrived_.rbegin(), arrived_.rend(), [&event](const Event& known) {
        return known->event.id == event.id && known->event.value == event.value &&
               known->event.scheme_id_uri == event.scheme_id_uri;
    });
}

void EventSchedule::begin_presentation() {
    const std::lock_guard lock{mutex_};
    scheduled_.clear();
}

bool EventSchedule::trim(Timestamp window_start, std::chrono::milliseconds window, WallTime now) {
    const std::lock_guard lock{mutex_};
    const auto start = window_start.in(kMilliseconds).ticks;
    const auto before = scheduled_.size();
    for (auto it = scheduled_.begin(); it != scheduled_.end();) {
        if ((*it)->event.time.ticks >= start) break;  // no later one can end before
        const bool leaves = end_of(**it) < start && (*it)->posted + window < now;
        it = leaves ? scheduled_.erase(it) : std::next(it);
    }
    return scheduled_.size() != before;
}

std::vector<EventSchedule::Event> EventSchedule::scheduled() const {
    const std::lock_guard lock{mutex_};
    return {scheduled_.begin(), scheduled_.end()};
}

std::vector<EventSchedule::Event> EventSchedule::all() const {
    const std::lock_guard lock{mutex_};
    return {arrived_.begin(), arrived_.end()};
}

void EventSchedule::drop_oldest() {
    const auto oldest = arrived_.front();
    arrived_.pop_front();
    total_bytes_ -= bytes_of(oldest->event);
    ids_.erase(oldest->event.id);
    const auto found = scheduled_.find(oldest);
    if (found != scheduled_.end() && *found == oldest) scheduled_.erase(found);
}

}  // namespace streamkit::cmaf
