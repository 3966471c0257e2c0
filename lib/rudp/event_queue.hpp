#pragma once

// What has happened and was not asked for yet.

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "streamkit/rudp/event.hpp"

namespace streamkit::rudp {

/// In order; its memory is used again once the owner has taken everything.
class EventQueue {
public:
    void push(Event event) { events_.push_back(std::move(event)); }
    [[nodiscard]] std::optional<Event> pop() {
        if (next_ == events_.size()) return std::nullopt;
        std::optional<Event> event{std::move(events_[next_++])};
        if (next_ == events_.size()) {
            events_.clear();
            next_ = 0;
        }
        return event;
    }

private:
    std::vector<Event> events_;
    std::size_t next_ = 0;
};

}  // namespace streamkit::rudp
