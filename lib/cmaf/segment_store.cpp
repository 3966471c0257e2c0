#include "streamkit/cmaf/segment_store.hpp"

#include <algorithm>
#include <utility>

namespace streamkit::cmaf {

void SegmentStore::put(Object object) {
    Object replaced;
    {
        const std::lock_guard lock{mutex_};
        replaced = insert(object);
    }
    if (replaced) notify(Change::removed, replaced);
    notify(Change::added, object);
}

void SegmentStore::put_segment(Object object, std::string_view track_prefix,
                               std::string next_name) {
    Object replaced;
    {
        const std::lock_guard lock{mutex_};
        replaced = insert(object);
        set_next(track_prefix, std::move(next_name));
    }
    if (replaced) notify(Change::removed, replaced);
    notify(Change::added, object);
}

bool SegmentStore::remove(std::string_view name) {
    Object removed;
    {
        const std::lock_guard lock{mutex_};
        const auto found = objects_.find(name);
        if (found == objects_.end()) return false;
        removed = found->second;
        total_bytes_ -= removed->size;
        objects_.erase(found);
    }
    notify(Change::removed, removed);
    return true;
}

SegmentStore::Object SegmentStore::find(std::string_view name) const {
    const std::lock_guard lock{mutex_};
    const auto found = objects_.find(name);
    return found == objects_.end() ? nullptr : found->second;
}

void SegmentStore::set_next_segment(std::string_view track_prefix, std::string next_name) {
    const std::lock_guard lock{mutex_};
    set_next(track_prefix, std::move(next_name));
}

bool SegmentStore::is_next_segment(std::string_view name) const {
    const std::lock_guard lock{mutex_};
    return std::any_of(next_segments_.begin(), next_segments_.end(),
                       [name](const auto& next) { return next.second == name; });
}

SegmentStore::ObserverId SegmentStore::observe(Observer observer) {
    const std::lock_guard lock{mutex_};
    watchers_.push_back({++last_observer_, std::make_shared<const Observer>(std::move(observer))});
    return last_observer_;
}

void SegmentStore::forget(ObserverId id) {
    const std::lock_guard lock{mutex_};
    watchers_.erase(std::remove_if(watchers_.begin(), watchers_.end(),
                                   [id](const Watcher& watcher) { return watcher.id == id; }),
                    watchers_.end());
}

std::size_t SegmentStore::object_count() const {
    const std::lock_guard lock{mutex_};
    return objects_.size();
}

std::uint64_t SegmentStore::total_bytes() const {
    const std::lock_guard lock{mutex_};
    return total_bytes_;
}

SegmentStore::Object SegmentStore::insert(const Object& object) {
    auto& place = objects_[object->name];
    total_bytes_ += object->size;
    if (place) total_bytes_ -= place->size;
    return std::exchange(place, object);
}

void SegmentStore::set_next(std::string_view track_prefix, std::string next_name) {
    const auto found = next_segments_.find(track_prefix);
    if (next_name.empty()) {
        if (found != next_segments_.end()) next_segments_.erase(found);
    } else if (found != next_segments_.end()) {
        found->second = std::move(next_name);
    } else {
        next_segments_.emplace(track_prefix, std::move(next_name));
    }
}

void SegmentStore::notify(Change change, const Object& object) {
    std::vector<Watcher> watchers;
    {
        const std::lock_guard lock{mutex_};
        watchers = watchers_;
    }
    for (const auto& watcher : watchers)
        (*watcher.call)(change, object);
}

}  // namespace streamkit::cmaf
