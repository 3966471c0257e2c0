#pragma once

// Which of many things is due first.

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "streamkit/base/time.hpp"

namespace streamkit::rudp {

/// Where an item stands in the heap.
struct Deadline {
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    TimePoint time{};
    std::size_t position = kNone;
};

/// A binary heap that can move an item in O(log n). `T` has a member `Deadline deadline`, and leaves
/// the heap before it goes away.
template <class T>
class DeadlineHeap {
public:
    [[nodiscard]] T* first() const noexcept { return items_.empty() ? nullptr : items_.front(); }

    /// Puts the item in, moves it, or takes it out (an empty time).
    void set(T& item, std::optional<TimePoint> time) {
        if (!time) return remove(item);
        if (item.deadline.position == Deadline::kNone) {
            item.deadline = {*time, items_.size()};
            items_.push_back(&item);
            return up(item.deadline.position);
        }
        if (*time == item.deadline.time) return;
        const bool earlier = *time < item.deadline.time;
        item.deadline.time = *time;
        earlier ? up(item.deadline.position) : down(item.deadline.position);
    }
    void remove(T& item) noexcept {
        const auto at = item.deadline.position;
        if (at == Deadline::kNone) return;
        item.deadline.position = Deadline::kNone;
        T* last = items_.back();
        items_.pop_back();
        if (last == &item) return;
        place(at, last);
        up(at);
        down(last->deadline.position);
    }

private:
    void place(std::size_t at, T* item) noexcept {
        items_[at] = item;
        item->deadline.position = at;
    }
    [[nodiscard]] bool before(std::size_t a, std::size_t b) const noexcept {
        return items_[a]->deadline.time < items_[b]->deadline.time;
    }
    void exchange(std::size_t a, std::size_t b) noexcept {
        T* item = items_[a];
        place(a, items_[b]);
        place(b, item);
    }
    void up(std::size_t at) noexcept {
        for (; at > 0 && before(at, (at - 1) / 2); at = (at - 1) / 2)
            exchange(at, (at - 1) / 2);
    }
    void down(std::size_t at) noexcept {
        for (;;) {
            auto least = at;
            for (auto child = 2 * at + 1; child <= 2 * at + 2 && child < items_.size(); ++child)
                if (before(child, least)) least = child;
            if (least == at) return;
            exchange(at, least);
            at = least;
        }
    }

    std::vector<T*> items_;
};

}  // namespace streamkit::rudp
