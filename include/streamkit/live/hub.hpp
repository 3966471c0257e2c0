#pragma once

// The live streams of a server, by path.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "streamkit/base/registration.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/live/errc.hpp"
#include "streamkit/live/stats.hpp"
#include "streamkit/live/stream.hpp"

namespace streamkit::live {

/// What becomes of a publisher whose path is taken.
enum class OnConflict : std::uint8_t {
    refuse,     ///< the second one gets `Errc::already_publishing`
    take_over,  ///< the first one's stream ends with `Errc::taken_over`, and a new one begins
};

struct HubConfig {
    std::size_t max_streams = 100;
    std::size_t max_path_bytes = 256;
    OnConflict on_conflict = OnConflict::refuse;
    StreamConfig stream{};
};

/// Everything may be called from any thread. Streams may outlive their hub.
class Hub {
    struct State;

public:
    using StreamCallback = std::function<void(const std::shared_ptr<Stream>& stream)>;

    explicit Hub(HubConfig config = {});
    ~Hub();
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;

    /// Begins a stream; its publisher writes to it and ends it.
    ///
    /// @param path  "live/app"; any bytes
    /// @return `Errc::already_publishing`, `too_many_streams`, `invalid_path`, `path_too_long`
    [[nodiscard]] Result<std::shared_ptr<Stream>> open(std::string_view path);

    /// The stream that is live under that path, or null.
    [[nodiscard]] std::shared_ptr<Stream> find(std::string_view path) const;

    /// Called for each new stream on the publisher's thread, before `open` returns: the place to add
    /// an observer that misses nothing. A call on another thread may be under way when a registration
    /// ends; registrations may outlive the hub.
    [[nodiscard]] Registration on_stream_started(StreamCallback callback);
    /// Called for each stream that has ended, on the thread that ended it; the path is free by then.
    [[nodiscard]] Registration on_stream_ended(StreamCallback callback);

    [[nodiscard]] HubStats stats(TimePoint now) const;

private:
    const std::shared_ptr<State>
        state_;  // shared with the streams and registrations, which outlive it
};

}  // namespace streamkit::live
