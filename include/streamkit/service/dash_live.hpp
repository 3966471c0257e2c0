#pragma once

// Every stream of a hub as live MPEG-DASH with injected events, over HTTP.

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "streamkit/base/log.hpp"
#include "streamkit/cmaf/packager.hpp"
#include "streamkit/live/hub.hpp"
#include "streamkit/net/runtime.hpp"
#include "streamkit/service/http_server.hpp"

namespace streamkit {

struct DashLiveConfig {
    cmaf::PackagerConfig packager{};
    /// A message may have 64 KiB; the rest is for its scheme and value.
    cmaf::EventScheduleConfig events{.max_event_bytes = 68U << 10};
    /// A copy on disk as `DIR/<app>/<key>/<name>`; empty: memory only. What an earlier run left
    /// there is removed at the start.
    std::filesystem::path media_dir{};
    /// How long a stream can still be read after its end.
    std::chrono::seconds ended_retention{600};
    /// Ended streams that are kept; the one that ended first goes first.
    std::size_t max_ended_streams = 100;
    LogSink log{};
};

/// Packages each stream that is published to a hub, on the publisher's thread, and serves it.
///
/// Routes: `GET /<app>/<key>/<file>` (`manifest.mpd`, `live-manifest.mpd`, init and media segments),
/// `POST /metadata`, `GET /metadata_feed`.
class DashLive {
public:
    /// @param runtime, hub  must outlive this
    DashLive(net::Runtime& runtime, live::Hub& hub, DashLiveConfig config = {});
    ~DashLive();
    DashLive(const DashLive&) = delete;
    DashLive& operator=(const DashLive&) = delete;

    /// Adds the routes to a server. Before the server's start; the server must end with the runtime.
    void mount(HttpServer& server);

    /// Prepares `media_dir`.
    ///
    /// @return an error of the file system, such as a folder that cannot be written
    Result<void> start();

    /// Injects an event into a live stream, as `POST /metadata` does; from any thread. It is in the
    /// next `live-manifest.mpd`.
    ///
    /// @param path  "live/app"
    /// @return `ServiceErrc::not_live`, or an error of `cmaf::Packager::post`
    Result<cmaf::PostedEvent> post(std::string_view path, const cmaf::EventRequest& request);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with the routes, which end after this
};

/// Whether streams of this application could not be reached over HTTP, because a route has the same
/// name: refuse to publish them.
[[nodiscard]] bool is_reserved_app(std::string_view app) noexcept;

}  // namespace streamkit
