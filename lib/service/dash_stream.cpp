#include "dash_stream.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "streamkit/base/overloaded.hpp"
#include "streamkit/dash/mpd_writer.hpp"
#include "streamkit/http/problem.hpp"
#include "streamkit/http/static_response.hpp"
#include "streamkit/service/errc.hpp"

namespace streamkit {
namespace {

constexpr std::string_view kManifest = "manifest.mpd";
constexpr std::string_view kEventManifest = "live-manifest.mpd";

SharedBuffer mpd_of(const cmaf::Presentation& presentation, dash::WithEvents events) {
    dash::MpdOptions options;
    options.events = events;
    const auto text = dash::write_mpd(presentation, options);
    return SharedBuffer::copy_of(as_bytes(text));
}

bool is_manifest(std::string_view file) { return file == kManifest || file == kEventManifest; }

void answer_not_there(const std::shared_ptr<HttpExchange>& exchange) {
    exchange->respond(http::problem(404, "this file is not there: not yet, not any more, or never",
                                    "the manifest lists what is there"));
}

}  // namespace

std::shared_ptr<DashStream> DashStream::create(std::string path, Config config,
                                               MediaDirectory* disk, Logger log, WallTime wall) {
    auto stream = std::make_shared<DashStream>(Private{}, std::move(path), std::move(config), disk,
                                               std::move(log), wall);
    stream->held_ = std::make_shared<HeldRequests>(
        [weak = std::weak_ptr{stream}](const auto& exchange, const auto& file) {
            const auto alive = weak.lock();
            alive ? alive->answer(exchange, file) : answer_not_there(exchange);
        });
    return stream;
}

DashStream::DashStream(Private /*key*/, std::string path, Config config, MediaDirectory* disk,
                       Logger log, WallTime wall)
    : path_(std::move(path)),
      config_(std::move(config)),
      disk_(disk),
      log_(std::move(log)),
      events_(wall, config_.events) {
    static_cast<void>(store_.observe(
        [this](auto change, const auto& object) { on_store_change(change, object); }));
}

DashStream::~DashStream() { held_->release_all(); }

void DashStream::begin(TimePoint now) {
    const std::lock_guard lock{mutex_};
    tracks_.clear();
    ended_at_.reset();
    start_packager(now);
}

void DashStream::start_packager(TimePoint now) {
    if (packager_) {
        // Players of the presentation before still read what its last manifest lists.
        retired_.push_back({std::move(packager_), now + config_.packager.window});
    }
    packager_ = std::make_unique<cmaf::Packager>(config_.packager, store_, events_);
    events_.begin_presentation();
    manifests_ready_ = false;
}

void DashStream::write(const MediaEvent& event, TimePoint now, WallTime wall) {
    const std::lock_guard lock{mutex_};
    if (!packager_ || ended_at_) return;
    if (const auto* info = std::get_if<TrackInfo>(&event)) tracks_[info->id] = *info;
    feed(event, now, wall);
    remove_retired(now);
    publish_changes();
}

void DashStream::feed(const MediaEvent& event, TimePoint now, WallTime wall) {
    const auto result = packager_->write(event, now, wall);
    if (result) return;
    if (result.error().code == cmaf::Errc::discontinuity) return restart(event, now, wall);
    log_.warn("left out of the presentation",
              {{"stream", path_}, {"reason", result.error().message()}});
}

void DashStream::restart(const MediaEvent& refused, TimePoint now, WallTime wall) {
    log_.warn("media cannot go on in this presentation, a new one begins", {{"stream", path_}});
    packager_->finish(wall);
    start_packager(now);
    for (const auto& [id, info] : tracks_) {
        static_cast<void>(packager_->write(info, now, wall));  // refused before: logged then
    }
    if (std::holds_alternative<TrackInfo>(refused)) return;
    if (const auto result = packager_->write(refused, now, wall); !result) {
        log_.warn("left out of the presentation",
                  {{"stream", path_}, {"reason", result.error().message()}});
    }
}

void DashStream::end(WallTime wall, TimePoint now) {
    {
        const std::lock_guard lock{mutex_};
        if (!packager_ || ended_at_) return;
        packager_->finish(wall);
        ended_at_ = now;
        publish_changes();
    }
    held_->release_all();
}

Result<cmaf::PostedEvent> DashStream::post(const cmaf::EventRequest& request, WallTime wall) {
    const std::lock_guard lock{mutex_};
    if (!packager_ || ended_at_) return Error{ServiceErrc::not_live, "stream"};
    auto posted = packager_->post(request, wall);
    if (posted) publish_changes();
    return posted;
}

std::optional<TimePoint> DashStream::ended_at() const {
    const std::lock_guard lock{mutex_};
    return ended_at_;
}

void DashStream::remove_retired(TimePoint now) {
    while (!retired_.empty() && retired_.front().remove_at <= now) {
        retired_.front().packager->remove_objects();
        retired_.pop_front();
    }
}

void DashStream::publish_changes() {
    // Manifests are made when somebody reads them; the disk reads each version.
    if (!disk_ && manifests_ready_) return;
    const auto before = manifests_;
    const auto current = manifests();
    if (!current) return;
    if (disk_ && current != before) {
        disk_->write_manifest(path_, std::string{kManifest}, current->plain);
        disk_->write_manifest(path_, std::string{kEventManifest}, current->with_events);
    }
    if (std::exchange(manifests_ready_, true)) return;
    held_->release(std::string{kManifest});
    held_->release(std::string{kEventManifest});
}

std::shared_ptr<const DashStream::Manifests> DashStream::manifests() {
    auto presentation = packager_ ? packager_->snapshot() : nullptr;
    if (!presentation) return nullptr;
    if (manifests_ && manifests_->presentation == presentation) return manifests_;
    const bool every_track_has_a_segment = std::ranges::none_of(
        presentation->tracks, [](const auto& track) { return track.segments.empty(); });
    if (!every_track_has_a_segment) return nullptr;
    Manifests made;
    made.plain = mpd_of(*presentation, dash::WithEvents::no);
    made.with_events = mpd_of(*presentation, dash::WithEvents::yes);
    made.presentation = std::move(presentation);
    manifests_ = std::make_shared<const Manifests>(std::move(made));
    return manifests_;
}

void DashStream::on_store_change(cmaf::SegmentStore::Change change,
                                 const cmaf::SegmentStore::Object& object) {
    if (change == cmaf::SegmentStore::Change::added) {
        if (disk_) disk_->write_object(path_, object->name, object->slices);
        held_->release(object->name);
    } else if (disk_) {
        disk_->remove_object(path_, object->name);
    }
}

void DashStream::serve(const std::shared_ptr<HttpExchange>& exchange, const std::string& file) {
    if (is_manifest(file)) {
        {
            const std::lock_guard lock{mutex_};
            const bool begins_soon = packager_ && !ended_at_ && !manifests();
            if (begins_soon) return hold(file, exchange);
        }
        return answer_manifest(exchange, file);
    }
    if (!store_.is_next_segment(file)) return answer(exchange, file);
    hold(file, exchange);
    // It may have been completed, or the stream have ended, since we looked.
    if (!store_.is_next_segment(file)) held_->release(file);
}

void DashStream::hold(const std::string& name, const std::shared_ptr<HttpExchange>& exchange) {
    held_->hold(name, exchange, 2 * config_.packager.segment_duration);
}

void DashStream::answer(const std::shared_ptr<HttpExchange>& exchange, const std::string& file) {
    if (is_manifest(file)) return answer_manifest(exchange, file);
    const auto found = store_.find(file);
    if (!found) return answer_not_there(exchange);
    http::Object object;
    object.validators = {found->etag, found->created};
    object.content_type = found->content_type;
    object.cache_control = http::kImmutable;
    object.slices = found->slices;
    exchange->respond(http::static_response(exchange->head(), object));
}

void DashStream::answer_manifest(const std::shared_ptr<HttpExchange>& exchange,
                                 const std::string& file) {
    std::shared_ptr<const Manifests> current;
    {
        const std::lock_guard lock{mutex_};
        current = manifests();
    }
    if (!current) return answer_not_there(exchange);

    const bool with_events = file == kEventManifest;
    const auto& presentation = *current->presentation;
    http::Object object;
    object.validators.etag = http::make_etag(
        presentation.id + "-" + std::to_string(presentation.version) + (with_events ? "e" : ""));
    object.validators.last_modified = presentation.publish_time;
    object.content_type = "application/dash+xml";
    // An event must be in the next GET, so the manifest that has them is always asked for again.
    object.cache_control = with_events ? "no-cache" : "max-age=1";
    object.slices = {with_events ? current->with_events : current->plain};
    exchange->respond(http::static_response(exchange->head(), object));
}

}  // namespace streamkit
