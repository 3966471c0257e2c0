#include "streamkit/live/gop_cache.hpp"

namespace streamkit::live {

void GopCache::add(const EventPointer& event, bool starts_gop, TimePoint now) {
    if (starts_gop) {
        clear();
        begin_ = now;
    } else if (events_.empty()) {
        return;
    }
    if (size_bytes_ + event->size_bytes() > config_.max_bytes ||
        events_.size() >= config_.max_packets || now - begin_ > config_.max_duration) {
        if (config_.max_bytes > 0) ++overflows_;
        return clear();
    }
    events_.push_back(event);
    size_bytes_ += event->size_bytes();
}

void GopCache::forget_track(TrackId track) {
    std::erase_if(events_, [&](const EventPointer& event) {
        if (std::get<Packet>(event->event()).track != track) return false;
        size_bytes_ -= event->size_bytes();
        return true;
    });
}

void GopCache::clear() {
    events_.clear();
    size_bytes_ = 0;
}

}  // namespace streamkit::live
