#pragma once

// One stream of a DashLive: its packager, its segments and its manifests.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "held_requests.hpp"
#include "media_directory.hpp"
#include "streamkit/base/log.hpp"
#include "streamkit/cmaf/packager.hpp"
#include "streamkit/dash/mpd_builder.hpp"
#include "streamkit/service/http_exchange.hpp"

namespace streamkit {

/// Media comes in on the publisher's thread, events and requests on any other: one mutex guards the
/// packager, and nothing is answered while it is held.
class DashStream : public std::enable_shared_from_this<DashStream> {
    struct Private {};  // only `create` makes streams

public:
    struct Config {
        cmaf::PackagerConfig packager;
        cmaf::EventScheduleConfig events;
    };

    /// @param path  "live/app"
    /// @param disk  gets copies, if not null; outlives the stream
    ///
    /// Shared because requests that are held, on any thread, may outlive its owner.
    [[nodiscard]] static std::shared_ptr<DashStream> create(std::string path, Config config,
                                                            MediaDirectory* disk, Logger log,
                                                            WallTime wall);
    DashStream(Private, std::string path, Config config, MediaDirectory* disk, Logger log,
               WallTime wall);
    ~DashStream();
    DashStream(const DashStream&) = delete;
    DashStream& operator=(const DashStream&) = delete;

    /// A publisher has come (again): a new presentation begins.
    void begin(TimePoint now);
    void write(const MediaEvent& event, TimePoint now, WallTime wall);
    /// The publisher has gone: the presentation becomes static.
    void end(WallTime wall, TimePoint now);

    /// @return `ServiceErrc::not_live`, or an error of `cmaf::Packager::post`
    Result<cmaf::PostedEvent> post(const cmaf::EventRequest& request, WallTime wall);

    /// Answers a GET of a file of this stream, now or when it is there.
    void serve(const std::shared_ptr<HttpExchange>& exchange, const std::string& file);

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] const cmaf::EventSchedule& events() const noexcept { return events_; }
    /// When the last publisher went; nothing while one is there.
    [[nodiscard]] std::optional<TimePoint> ended_at() const;

private:
    /// Both manifests of one version, made together.
    struct Manifests {
        std::shared_ptr<const cmaf::Presentation> presentation;
        SharedBuffer plain;
        SharedBuffer with_events;
    };
    struct Retired {
        std::unique_ptr<cmaf::Packager> packager;
        TimePoint remove_at;
    };

    void start_packager(TimePoint now);
    void feed(const MediaEvent& event, TimePoint now, WallTime wall);
    void restart(const MediaEvent& refused, TimePoint now, WallTime wall);
    void remove_retired(TimePoint now);
    void publish_changes();
    /// The newest manifests, or null while a track has no segment.
    std::shared_ptr<const Manifests> manifests();
    void on_store_change(cmaf::SegmentStore::Change change,
                         const cmaf::SegmentStore::Object& object);
    void hold(const std::string& name, const std::shared_ptr<HttpExchange>& exchange);
    /// Answers with what there is now.
    void answer(const std::shared_ptr<HttpExchange>& exchange, const std::string& file);
    void answer_manifest(const std::shared_ptr<HttpExchange>& exchange, const std::string& file);

    const std::string path_;
    const Config config_;
    MediaDirectory* const disk_;
    const Logger log_;
    cmaf::EventSchedule events_;
    cmaf::SegmentStore store_;
    std::shared_ptr<HeldRequests> held_;  // shared with the timers of its requests

    mutable std::mutex mutex_;
    std::map<TrackId, TrackInfo> tracks_;  // of the current publish, for a new presentation
    std::unique_ptr<cmaf::Packager> packager_;
    std::deque<Retired> retired_;
    std::shared_ptr<const Manifests> manifests_;  // shared with the answers that send them
    bool manifests_ready_ = false;                // of the current presentation
    std::optional<TimePoint> ended_at_;
};

}  // namespace streamkit
