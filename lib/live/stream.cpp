#include "streamkit/live/stream.hpp"

#include <algorithm>
#include <utility>

#include "rate_meter.hpp"

namespace streamkit::live {
namespace {

// A video track that sends nothing for so long (a camera that was switched off) does not keep sound
// from being played.
constexpr std::chrono::seconds kVideoSilence{5};

constexpr std::string_view kStreamMetadata = "onMetaData";  // the others belong to a moment only

Timestamp end_of(const TimedEvent& event) {
    const auto duration = event.duration.in(event.time.timescale);
    return {event.time.ticks + duration.ticks, event.time.timescale};
}

}  // namespace

struct Stream::TrackState {
    EventPointer announcement;
    ByteRate byte_rate;
    FrameRate frame_rate;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;

    [[nodiscard]] const TrackInfo& info() const {
        return std::get<TrackInfo>(announcement->event());
    }
};

Stream::Stream(Private, std::string path, StreamConfig config, OnEnded on_ended)
    : path_(std::move(path)),
      config_(config),
      on_ended_(std::move(on_ended)),
      gop_(config.gop_cache) {}

Stream::~Stream() = default;

// The publisher's side

void Stream::write(MediaEvent event, TimePoint now) {
    if (std::holds_alternative<EndOfStream>(event)) return end(now);
    const std::lock_guard lock(writing_);
    publish(std::move(event), now);
}

void Stream::end(TimePoint now) {
    {
        const std::lock_guard lock(writing_);
        if (!is_live()) return;
        publish(EndOfStream{}, now);
        observers_.clear();
    }
    on_ended_(shared_from_this());
}

void Stream::revoke(Error reason) {
    std::function<void(Error)> tell;
    {
        const std::lock_guard lock(writing_);
        TimePoint now;
        {
            const std::lock_guard state_lock(state_);
            if (ended_) return;
            revoked_ = reason;
            tell = std::move(on_revoked_);
            now = last_write_;
        }
        publish(EndOfStream{}, now);
        observers_.clear();
    }
    if (tell) tell(reason);
    on_ended_(shared_from_this());
}

std::optional<Error> Stream::revoked() const {
    const std::lock_guard lock(state_);
    return revoked_;
}

void Stream::on_revoked(std::function<void(Error reason)> callback) {
    const std::lock_guard lock(state_);
    on_revoked_ = std::move(callback);
}

void Stream::publish(MediaEvent event, TimePoint now) {
    std::optional<flv::TagBody> body;
    // An event that RTMP has no message for (an unknown codec) goes to the others all the same.
    if (auto muxed = muxer_.mux(event)) body = std::move(*muxed);
    const auto queued =
        std::make_shared<const QueuedEvent>(std::move(event), std::move(body), config_.chunk_size);
    {
        const std::lock_guard lock(state_);
        if (ended_) return;
        const auto arrival = remember(queued, now);
        for (Subscriber* subscriber : subscribers_) {
            if (auto wake = subscriber->push(queued, arrival)) wakes_.push_back(std::move(wake));
        }
    }
    // Without `state_`: a wake may poll, and an observer may subscribe.
    for (const auto& wake : wakes_) {
        if (*wake) (*wake)();
    }
    wakes_.clear();
    for (const auto& observer : observers_)
        observer(queued->event(), now);
}

// What a new subscriber needs

Subscriber::Arrival Stream::remember(const EventPointer& event, TimePoint now) {
    if (!started_) started_ = now;
    last_write_ = now;
    if (event->body()) last_timestamp_ms_ = event->body()->timestamp_ms;

    Subscriber::Arrival arrival;
    arrival.now = now;
    if (std::holds_alternative<TrackInfo>(event->event())) {
        remember_track(event);
    } else if (const auto* metadata = std::get_if<Metadata>(&event->event())) {
        if (metadata->name == kStreamMetadata) metadata_ = event;
    } else if (std::holds_alternative<TimedEvent>(event->event())) {
        remember_timed_event(event);
    } else if (std::holds_alternative<EndOfStream>(event->event())) {
        ended_ = true;  // together with its way into the queues: no subscriber may miss it
        gop_.clear();
        timed_events_.clear();
    } else if (const auto* packet = std::get_if<Packet>(&event->event())) {
        arrival.is_packet = true;
        auto* const track = find_track(packet->track);
        if (track) {
            track->byte_rate.add(packet->payload.size(), now);
            track->frame_rate.add(packet->dts);
            ++track->packets;
            track->bytes += packet->payload.size();
            if (track->info().kind == TrackKind::video) last_video_ = now;
        }
        arrival.is_video_key_frame = packet->key_frame && packet->track == video_track_;
        gop_.add(event, arrival.is_video_key_frame, now);
        forget_past_events(packet->dts);
    }
    arrival.has_video = last_video_ && now - *last_video_ <= kVideoSilence;
    return arrival;
}

void Stream::remember_track(const EventPointer& event) {
    const auto& info = std::get<TrackInfo>(event->event());
    if (info.kind == TrackKind::video && !video_track_) video_track_ = info.id;
    auto* const known = find_track(info.id);
    if (!known) {
        tracks_.push_back({event, {}, {}, 0, 0});
        return;
    }
    if (!(known->info() == info)) {
        // Packets of the old configuration under the new one would be garbage.
        if (info.id == video_track_) gop_.clear();
        gop_.forget_track(info.id);
    }
    known->announcement = event;
}

void Stream::remember_timed_event(const EventPointer& event) {
    if (config_.max_pending_events == 0) return;
    if (timed_events_.size() >= config_.max_pending_events) timed_events_.pop_front();
    timed_events_.push_back(event);
}

void Stream::forget_past_events(Timestamp now) {
    std::erase_if(timed_events_, [&](const EventPointer& event) {
        return end_of(std::get<TimedEvent>(event->event())) < now;
    });
}

std::vector<EventPointer> Stream::preamble() const {
    // The messages of tracks stand at the time of what follows them, not of hours ago. onMetaData comes
    // first and at time 0, as at the start of a stream: at any other time FFmpeg makes a track of it.
    auto time = last_timestamp_ms_;
    if (!gop_.events().empty() && gop_.events().front()->body()) {
        time = gop_.events().front()->body()->timestamp_ms;
    }
    std::vector<EventPointer> events;
    const auto add = [&](const EventPointer& event, std::int64_t at) {
        auto body = event->body();
        if (body) body->timestamp_ms = at;
        events.push_back(std::make_shared<const QueuedEvent>(event->event(), std::move(body),
                                                             config_.chunk_size));
    };
    if (metadata_) add(metadata_, 0);
    for (const auto& track : tracks_)
        add(track.announcement, time);
    events.insert(events.end(), timed_events_.begin(), timed_events_.end());
    return events;
}

Stream::TrackState* Stream::find_track(TrackId id) {
    const auto found = std::find_if(tracks_.begin(), tracks_.end(),
                                    [&](const TrackState& track) { return track.info().id == id; });
    return found != tracks_.end() ? &*found : nullptr;
}

// The consumers' side

std::shared_ptr<Subscriber> Stream::subscribe(SubscriberConfig config) {
    auto subscriber =
        std::make_shared<Subscriber>(Subscriber::Private{}, shared_from_this(), config);
    const std::lock_guard lock(state_);
    const auto now = last_write_;
    for (const auto& event : preamble())
        subscriber->preload(event, now);
    if (ended_) {
        subscriber->preload(
            std::make_shared<const QueuedEvent>(EndOfStream{}, std::nullopt, config_.chunk_size),
            now);
        return subscriber;
    }
    const bool from_cache = config.start == StartAt::cached_gop && !gop_.events().empty();
    if (from_cache) {
        for (const auto& event : gop_.events())
            subscriber->preload(event, now);
    } else {
        subscriber->wait_for_key_frame();
    }
    subscribers_.push_back(subscriber.get());
    ++total_subscribers_;
    return subscriber;
}

void Stream::unsubscribe(const Subscriber& subscriber) {
    const std::lock_guard lock(state_);
    std::erase(subscribers_, &subscriber);
}

void Stream::observe(Observer observer) {
    const std::lock_guard lock(writing_);
    std::vector<EventPointer> known;
    TimePoint now;
    {
        const std::lock_guard state_lock(state_);
        known = preamble();
        now = last_write_;
    }
    for (const auto& event : known)
        observer(event->event(), now);
    if (is_live()) {
        observers_.push_back(std::move(observer));
    } else {
        observer(EndOfStream{}, now);
    }
}

bool Stream::is_live() const {
    const std::lock_guard lock(state_);
    return !ended_;
}

StreamStats Stream::stats(TimePoint now) const {
    const std::lock_guard lock(state_);
    StreamStats stats;
    stats.path = path_;
    stats.started = started_.value_or(now);
    for (const auto& track : tracks_) {
        stats.tracks.push_back({track.info(), track.frame_rate.per_second(),
                                track.byte_rate.bits_per_second(now), track.packets, track.bytes});
        stats.bits_per_second += stats.tracks.back().bits_per_second;
        stats.bytes += track.bytes;
    }
    stats.viewers = subscribers_.size();
    stats.total_viewers = total_subscribers_;
    stats.dropped_packets = dropped_packets_.load(std::memory_order_relaxed);
    stats.closed_subscribers = closed_subscribers_.load(std::memory_order_relaxed);
    stats.gop_packets = gop_.events().size();
    stats.gop_bytes = gop_.size_bytes();
    return stats;
}

}  // namespace streamkit::live
