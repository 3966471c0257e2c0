#pragma once

// One live stream: a publisher, and any number of consumers.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "streamkit/base/time.hpp"
#include "streamkit/flv/tag_muxer.hpp"
#include "streamkit/live/gop_cache.hpp"
#include "streamkit/live/queued_event.hpp"
#include "streamkit/live/stats.hpp"
#include "streamkit/live/subscriber.hpp"
#include "streamkit/media/media_event.hpp"
#include "streamkit/rtmp/chunk_writer.hpp"

namespace streamkit::live {

struct StreamConfig {
    GopCacheConfig gop_cache = {};
    /// Timed events that a new subscriber still gets; of more, the oldest are forgotten.
    std::size_t max_pending_events = 256;
    /// Payload bytes per chunk of `QueuedEvent::encoded`: what RTMP sessions announce.
    std::uint32_t chunk_size = rtmp::kDefaultChunkSize;
};

/// Made by `Hub::open`, which hands it to the publisher; players find it in the hub.
///
/// Threads: the publisher writes on its own; subscribing, injecting and reading the statistics are
/// done from any thread. Two mutexes: one for who writes, held while observers are called, and one
/// for the state, held for moments only. So what a viewer does never delays the publisher for longer
/// than it takes to append to a queue.
///
/// Shared by its publisher, its subscribers and the hub, which end in any order.
class Stream : public std::enable_shared_from_this<Stream> {
    struct Private {};  // only a hub makes streams

public:
    /// Called on the thread that writes, before `write` returns, and never by two at a time. Must not
    /// write to the stream.
    using Observer = std::function<void(const MediaEvent& event, TimePoint now)>;
    using OnEnded = std::function<void(const std::shared_ptr<Stream>& stream)>;

    Stream(Private, std::string path, StreamConfig config, OnEnded on_ended);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// "live/app".
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// Hands an event to all subscribers and observers. Nothing after the end. `EndOfStream` is the
    /// same as `end`.
    void write(MediaEvent event, TimePoint now);
    /// The same for a timed event that comes from elsewhere, from any thread: it takes its place
    /// between what the publisher writes.
    void inject(TimedEvent event, TimePoint now) { write(std::move(event), now); }
    /// Hands out `EndOfStream` and takes the stream out of the hub. The publisher must call it.
    void end(TimePoint now);
    /// Set once the stream has ended against its publisher's will: `Errc::taken_over`.
    [[nodiscard]] std::optional<Error> revoked() const;
    /// Called when that happens, on the thread of whoever did it; set before the first write.
    void on_revoked(std::function<void(Error reason)> callback);

    /// A new queue with what it takes to begin. The stream lives at least as long as its subscribers.
    /// After the end there is nothing in it but `EndOfStream`.
    [[nodiscard]] std::shared_ptr<Subscriber> subscribe(SubscriberConfig config = {});
    /// Adds a consumer without a queue, for the rest of the stream. It first gets the tracks, the
    /// metadata and the timed events that are not over yet, before this returns.
    void observe(Observer observer);

    [[nodiscard]] bool is_live() const;
    [[nodiscard]] StreamStats stats(TimePoint now) const;

private:
    friend class Hub;
    friend class Subscriber;
    struct TrackState;

    void revoke(Error reason);
    void unsubscribe(const Subscriber& subscriber);
    void count_drop() noexcept { dropped_packets_.fetch_add(1, std::memory_order_relaxed); }
    void count_closed() noexcept { closed_subscribers_.fetch_add(1, std::memory_order_relaxed); }

    // Under `writing_`.
    void publish(MediaEvent event, TimePoint now);

    // Under `state_`.
    Subscriber::Arrival remember(const EventPointer& event, TimePoint now);
    void remember_track(const EventPointer& event);
    void remember_timed_event(const EventPointer& event);
    void forget_past_events(Timestamp now);
    [[nodiscard]] std::vector<EventPointer> preamble() const;
    [[nodiscard]] TrackState* find_track(TrackId id);

    const std::string path_;
    const StreamConfig config_;
    const OnEnded on_ended_;

    std::mutex writing_;  // taken before `state_`
    flv::TagMuxer muxer_;
    std::vector<Observer> observers_;
    std::vector<std::shared_ptr<const Subscriber::Wake>>
        wakes_;  // of one event; kept for its memory

    mutable std::mutex state_;
    std::vector<TrackState> tracks_;
    EventPointer metadata_;                  // the last onMetaData
    std::deque<EventPointer> timed_events_;  // those that are not over yet
    GopCache gop_;
    std::vector<Subscriber*> subscribers_;  // they leave before they end
    std::uint64_t total_subscribers_ = 0;
    std::optional<TrackId> video_track_;  // the first one; its key frames begin the groups
    std::optional<TimePoint> last_video_;
    std::optional<TimePoint> started_;
    TimePoint last_write_;
    std::int64_t last_timestamp_ms_ = 0;
    bool ended_ = false;
    std::optional<Error> revoked_;
    std::function<void(Error)> on_revoked_;

    std::atomic<std::uint64_t> dropped_packets_{0};
    std::atomic<std::uint64_t> closed_subscribers_{0};
};

}  // namespace streamkit::live
