#include "streamkit/live/subscriber.hpp"

#include <utility>

#include "streamkit/live/stream.hpp"

namespace streamkit::live {
namespace {

// What must not be dropped may go over the limits so many times before the subscriber is closed.
constexpr std::size_t kSlack = 2;

constexpr double kOldestSecond = 1;  // what a queue without video drops at a time

}  // namespace

Subscriber::Subscriber(Private, std::shared_ptr<Stream> stream, SubscriberConfig config)
    : stream_(std::move(stream)), config_(config) {}

Subscriber::~Subscriber() { stream_->unsubscribe(*this); }

EventPointer Subscriber::poll() {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return nullptr;
    auto event = std::move(queue_.front().event);
    queued_bytes_ -= queue_.front().weight;
    queue_.pop_front();
    if (queue_.empty()) behind_since_.reset();
    ++stats_.delivered_events;
    return event;
}

void Subscriber::on_wake(std::function<void()> wake) {
    auto shared = std::make_shared<const Wake>(std::move(wake));
    bool now = false;
    {
        const std::lock_guard lock(mutex_);
        wake_ = shared;
        now = !queue_.empty() || closed_reason_;
    }
    if (now && *shared) (*shared)();
}

std::optional<Error> Subscriber::closed_reason() const {
    const std::lock_guard lock(mutex_);
    return closed_reason_;
}

SubscriberStats Subscriber::stats() const {
    const std::lock_guard lock(mutex_);
    auto stats = stats_;
    stats.queued_events = queue_.size();
    stats.queued_bytes = queued_bytes_;
    return stats;
}

void Subscriber::preload(const EventPointer& event, TimePoint now) {
    const std::lock_guard lock(mutex_);
    queue_.push_back({event, now, 0});
}

void Subscriber::wait_for_key_frame() {
    const std::lock_guard lock(mutex_);
    skip_ = Skip::to_first_key_frame;
}

std::shared_ptr<const Subscriber::Wake> Subscriber::push(const EventPointer& event,
                                                         const Arrival& arrival) {
    const std::lock_guard lock(mutex_);
    if (closed_reason_) return nullptr;
    const bool was_empty = queue_.empty();
    if (arrival.is_packet && !accepts(event, arrival)) {
        if (skip_ == Skip::after_overflow) drop(event);
    } else {
        queue_.push_back({event, arrival.now, event->size_bytes()});
        queued_bytes_ += event->size_bytes();
    }
    if (behind_since_ && arrival.now - *behind_since_ > config_.max_behind) {
        close({Errc::too_far_behind, "subscriber"});
    } else if (queued_bytes_ / kSlack > config_.max_bytes ||
               queue_.size() / kSlack > config_.max_events) {
        close({Errc::queue_overflow, "subscriber"});
    }
    const bool wakes = closed_reason_ || (was_empty && !queue_.empty());
    return wakes ? wake_ : nullptr;
}

bool Subscriber::accepts(const EventPointer& event, const Arrival& arrival) {
    const bool skips = skip_ != Skip::no && !arrival.is_video_key_frame;
    if (skips && arrival.has_video) return false;  // where no video comes, sound alone goes on
    if (!fits(event, arrival.now)) {
        if (skip_ != Skip::after_overflow) ++stats_.overflows;
        if (!behind_since_) behind_since_ = arrival.now;
        if (arrival.has_video) {
            skip_ = Skip::after_overflow;
            return false;
        }
        while (!fits(event, arrival.now) && drop_oldest_second()) {
        }
    }
    if (!skips) skip_ = Skip::no;
    return true;
}

bool Subscriber::fits(const EventPointer& event, TimePoint now) const {
    if (queue_.empty()) return true;  // whatever its size: it must be possible to play the stream
    return queued_bytes_ + event->size_bytes() <= config_.max_bytes &&
           queue_.size() < config_.max_events && now - queue_.front().arrived <= config_.max_delay;
}

bool Subscriber::drop_oldest_second() {
    std::optional<double> end;
    const auto dropped = std::erase_if(queue_, [&](const Entry& entry) {
        const auto* packet = std::get_if<Packet>(&entry.event->event());
        if (!packet) return false;
        if (!end) end = packet->dts.seconds() + kOldestSecond;
        if (packet->dts.seconds() >= *end) return false;
        drop(entry.event);
        queued_bytes_ -= entry.weight;
        return true;
    });
    return dropped > 0;
}

void Subscriber::drop(const EventPointer& event) {
    ++stats_.dropped_packets;
    stats_.dropped_bytes += event->size_bytes();
    stream_->count_drop();
}

void Subscriber::close(Error reason) {
    closed_reason_ = reason;
    queue_.clear();
    queued_bytes_ = 0;
    stream_->count_closed();
}

}  // namespace streamkit::live
