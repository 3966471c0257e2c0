#include "streamkit/service/dash_files.hpp"

#include <array>
#include <optional>
#include <utility>

#include "atomic_file.hpp"
#include "streamkit/cmaf/packager.hpp"
#include "streamkit/dash/mpd_writer.hpp"
#include "streamkit/net/timer.hpp"
#include "wall_clock.hpp"

namespace streamkit {
namespace {

/// Longer than any file: everything stays in the manifest.
constexpr std::chrono::milliseconds kWholeFile = std::chrono::hours{24 * 365 * 100};

cmaf::PackagerConfig packager_config(const DashFilesConfig& config) {
    cmaf::PackagerConfig packager;
    packager.segment_duration = config.segment_duration;
    packager.chunk_duration = {};  // nobody reads a segment before it is complete
    packager.window = kWholeFile;
    return packager;
}

}  // namespace

struct DashFiles::Impl {
    explicit Impl(DashFilesConfig c)
        : config(std::move(c)), events(started), packager(packager_config(config), store, events) {
        static_cast<void>(store.observe([this](auto change, const auto& object) {
            if (change == cmaf::SegmentStore::Change::added) write_object(*object);
        }));
    }

    void write_object(const cmaf::StoredObject& object) {
        const auto code = write_file_atomically(config.output / object.name, object.slices);
        if (code && !failure) failure = Error{code, "write segment"};
        store.remove(object.name);  // a whole film does not have to fit into memory
    }

    Result<void> take(const MediaEvent& event) {
        STREAMKIT_TRY(packager.write(event, net::now(), started));
        if (failure) return *failure;
        return {};
    }

    DashFilesConfig config;
    WallTime started = wall_now();
    cmaf::SegmentStore store;
    cmaf::EventSchedule events;
    cmaf::Packager packager;
    std::optional<Error> failure;  // of a segment that was completed inside of a call
};

DashFiles::DashFiles(DashFilesConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
DashFiles::~DashFiles() = default;
DashFiles::DashFiles(DashFiles&&) noexcept = default;
DashFiles& DashFiles::operator=(DashFiles&&) noexcept = default;

Result<void> DashFiles::add_tracks(std::span<const TrackInfo> tracks) {
    for (const auto& info : tracks)
        STREAMKIT_TRY(impl_->take(info));
    return {};
}

Result<void> DashFiles::add(const TimedEvent& event) {
    cmaf::EventRequest request;
    request.scheme_id_uri = event.scheme_id_uri;
    request.value = event.value;
    request.message = event.message;
    request.time = event.time;
    request.duration = event.duration;
    if (event.id != 0) request.id = event.id;
    const auto posted = impl_->packager.post(request, impl_->started);
    if (!posted) return posted.error();
    return {};
}

Result<void> DashFiles::write(const Packet& packet) { return impl_->take(packet); }

Result<void> DashFiles::finish() {
    impl_->packager.finish(impl_->started);
    if (impl_->failure) return *impl_->failure;
    const auto presentation = impl_->packager.snapshot();
    if (!presentation) return Error{cmaf::Errc::finished, "no packet was written"};
    dash::MpdOptions options;
    options.events = dash::WithEvents::yes;
    options.utc_timing_url = {};
    const auto mpd = dash::write_mpd(*presentation, options);
    const std::array body{SharedBuffer::copy_of(as_bytes(mpd))};
    if (const auto code = write_file_atomically(impl_->config.output / "manifest.mpd", body)) {
        return Error{code, "write manifest.mpd"};
    }
    return {};
}

}  // namespace streamkit
