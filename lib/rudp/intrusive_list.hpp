#pragma once

// A list whose links are members of what is listed: nothing is allocated, and removing is O(1).

namespace streamkit::rudp {

/// The links of a `T` that can be in one list at a time.
template <class T>
struct ListHook {
    T* previous = nullptr;
    T* next = nullptr;
    bool linked = false;
};

/// In order of arrival. `T` has a member `ListHook<T> hook`, and leaves the list before it goes away.
template <class T>
class IntrusiveList {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] T* front() const noexcept { return first_; }

    /// No effect where the item is in a list already.
    void push_back(T& item) noexcept {
        if (item.hook.linked) return;
        item.hook = {last_, nullptr, true};
        (last_ != nullptr ? last_->hook.next : first_) = &item;
        last_ = &item;
    }
    /// No effect where the item is in no list; it must not be in another one.
    void remove(T& item) noexcept {
        if (!item.hook.linked) return;
        (item.hook.previous != nullptr ? item.hook.previous->hook.next : first_) = item.hook.next;
        (item.hook.next != nullptr ? item.hook.next->hook.previous : last_) = item.hook.previous;
        item.hook = {};
    }
    /// The first one becomes the last one.
    void rotate() noexcept {
        if (first_ == last_) return;
        T& item = *first_;
        remove(item);
        push_back(item);
    }

private:
    T* first_ = nullptr;
    T* last_ = nullptr;
};

}  // namespace streamkit::rudp
