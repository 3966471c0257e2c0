#pragma once

// A viewer's bounded queue.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "streamkit/base/error.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/live/errc.hpp"
#include "streamkit/live/queued_event.hpp"

namespace streamkit::live {

class Stream;

/// Where the packets of a new subscriber begin. In both cases with a key frame, where there is video.
enum class StartAt : std::uint8_t { cached_gop, next_key_frame };

struct SubscriberConfig {
    StartAt start = StartAt::cached_gop;
    /// Over any of these three the queue overflows. What came out of the GOP cache has no weight.
    std::size_t max_bytes = 8 << 20;
    std::size_t max_events = 16'384;
    std::chrono::milliseconds max_delay{2'000};  ///< that the oldest event has waited
    /// Closed with `Errc::too_far_behind` when the queue has not been empty for so long after an
    /// overflow.
    std::chrono::milliseconds max_behind{20'000};
};

struct SubscriberStats {
    std::size_t queued_events = 0;
    std::size_t queued_bytes = 0;  ///< without what came out of the GOP cache
    std::uint64_t delivered_events = 0;
    std::uint64_t dropped_packets = 0;
    std::uint64_t dropped_bytes = 0;
    std::uint64_t overflows = 0;
};

/// One consumer of a stream: poll it until it is empty, then wait for the wake.
///
/// First come the tracks, the metadata and the timed events that are not over yet, then the cached
/// group of pictures, then what the publisher sends; last an `EndOfStream`.
///
/// A queue that overflows drops packets and nothing else: from then on to the next key frame of the
/// video track, audio too. Without video the oldest second goes. So what is polled can always be
/// decoded.
///
/// The publisher's thread fills the queue; everything here may be called from any one thread. Its
/// end unsubscribes.
class Subscriber {
    struct Private {};  // only a stream makes subscribers

public:
    Subscriber(Private, std::shared_ptr<Stream> stream, SubscriberConfig config);
    ~Subscriber();
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;

    /// The next event, or null: nothing is queued, or it is closed.
    [[nodiscard]] EventPointer poll();

    /// Sets what is called when the queue turns from empty to not empty, or is closed; at once if one
    /// of them is the case already. Called on the publisher's thread: hand over to your own there.
    void on_wake(std::function<void()> wake);

    /// Why the hub has given up on this subscriber: nothing more will come. Not set by the end of
    /// the stream.
    [[nodiscard]] std::optional<Error> closed_reason() const;

    [[nodiscard]] SubscriberStats stats() const;

private:
    friend class Stream;
    using Wake = std::function<void()>;
    struct Entry {
        EventPointer event;
        TimePoint arrived;
        std::size_t weight;  // 0 where the GOP cache has it as well
    };
    enum class Skip : std::uint8_t { no, to_first_key_frame, after_overflow };
    /// What the stream tells about an event.
    struct Arrival {
        bool is_packet = false;
        bool is_video_key_frame = false;
        bool has_video = false;  // video packets have come lately
        TimePoint now;
    };

    // The stream calls these.
    void preload(const EventPointer& event, TimePoint now);
    void wait_for_key_frame();
    /// @return what to call once no lock is held, or null
    std::shared_ptr<const Wake> push(const EventPointer& event, const Arrival& arrival);

    // Under `mutex_`.
    [[nodiscard]] bool accepts(const EventPointer& event, const Arrival& arrival);
    [[nodiscard]] bool fits(const EventPointer& event, TimePoint now) const;
    bool drop_oldest_second();
    void drop(const EventPointer& event);
    void close(Error reason);

    const std::shared_ptr<Stream> stream_;  // keeps what it unsubscribes from
    const SubscriberConfig config_;
    mutable std::mutex mutex_;  // the publisher's thread against the subscriber's
    std::deque<Entry> queue_;
    std::size_t queued_bytes_ = 0;
    Skip skip_ = Skip::no;
    std::optional<TimePoint> behind_since_;
    std::optional<Error> closed_reason_;
    SubscriberStats stats_;
    std::shared_ptr<const Wake> wake_;  // shared with a call that is under way
};

}  // namespace streamkit::live
