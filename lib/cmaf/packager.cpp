#include "streamkit/cmaf/packager.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "audio_track.hpp"
#include "start_buffer.hpp"
#include "streamkit/base/overloaded.hpp"
#include "streamkit/h264/access_unit.hpp"
#include "track_setup.hpp"
#include "video_track.hpp"

namespace streamkit::cmaf {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kMs = 1000;
// Segments stay fetchable after they have left the manifest: a player has the last one, and has
// taken its time to ask.
constexpr std::size_t kExtraSegments = 2;
// Far outside what any clock gives, and far from where ticks of any timescale overflow.
constexpr std::int64_t kMaxSeconds = std::int64_t{1} << 31;
constexpr milliseconds kMinEventDuration{10'000};
constexpr std::size_t kMaxWaitingEvents = 1000;

std::string base36(std::int64_t number) {
    constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
    auto rest = static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0));
    std::string text;
    do {
        text.insert(text.begin(), kDigits[rest % 36]);
        rest /= 36;
    } while (rest != 0);
    return text;
}

bool in_range(Timestamp time) {
    return time.timescale != 0 &&
           std::abs(time.ticks / static_cast<std::int64_t>(time.timescale)) <= kMaxSeconds &&
           time.ticks != INT64_MIN;
}

std::int64_t in_ms(Timestamp time) { return time.in(kMs).ticks; }

milliseconds at_least(milliseconds value, milliseconds least) { return std::max(value, least); }

PackagerConfig checked(PackagerConfig config) {
    config.segment_duration = at_least(config.segment_duration, milliseconds{100});
    config.max_segment_duration = at_least(config.max_segment_duration, config.segment_duration);
    config.window = at_least(config.window, config.segment_duration);
    // Above that the duration of a sample might not fit its field.
    config.max_jump = std::min(config.max_jump, milliseconds{60'000});
    config.track_timeout = std::clamp(config.track_timeout, config.max_jump, milliseconds{600'000});
    return config;
}

/// Whether the configuration of a track is still the same.
bool same_track(const TrackInfo& a, const TrackInfo& b) {
    return a.id == b.id && a.codec == b.codec && a.codec_config == b.codec_config;
}

}  // namespace

class Packager::Impl {
public:
    Impl(PackagerConfig config, SegmentStore& store, EventSchedule& events)
        : config_(checked(config)), store_(store), events_(events) {
        events_.begin_presentation();
    }

    Result<void> write(const MediaEvent& event, TimePoint now, WallTime wall) {
        if (state_ == State::finished) return Error{Errc::finished, "write"};
        now_ = now;
        wall_ = wall;
        return std::visit(
            overloaded{[this](const TrackInfo& info) { return take(info); },
                       [this](const Packet& packet) { return take(packet); },
                       [this](const TimedEvent& timed) { return take(timed); },
                       [](const Metadata&) { return Result<void>{}; },
                       [this](const EndOfStream&) { return finish(wall_), Result<void>{}; }},
            event);
    }

    Result<PostedEvent> post(const EventRequest& request, WallTime wall);
    void finish(WallTime wall);
    void remove_objects();
    std::shared_ptr<const Presentation> snapshot();
    Timestamp live_edge() const;
    std::size_t held_bytes() const;
    const PackagerStats& stats();
    bool finished() const { return state_ == State::finished; }

private:
    enum class State : std::uint8_t { waiting, running, finished };

    /// What is known of a track's newest packet.
    struct Arrival {
        std::int64_t dts_ms;
        TimePoint at;
    };

    Result<void> take(const TrackInfo& info);
    Result<void> take(const Packet& packet);
    Result<void> take(const TimedEvent& event);

    std::optional<TrackKind> kind_of(TrackId id) const;
    bool is_jump(TrackKind kind, const Packet& packet) const;
    bool other_track_is_gone(TrackKind kind, const Packet& packet) const;
    void hold(TrackKind kind, const Packet& packet);
    void drop_held();
    void begin();
    Timestamp start_tracks();
    void count(const Packet& packet);
    void feed(TrackKind kind, Packet packet, WallTime wall);
    void list_segments();
    Packet shifted(Packet packet) const;
    std::string unused_id() const;
    void trim_window();
    Result<void> schedule(const TimedEvent& event);
    milliseconds default_event_duration() const;
    Timestamp zero_of_stream() const;
    SegmentWriter& main_writer() { return video_ ? video_->writer() : audio_->writer(); }

    const PackagerConfig config_;
    SegmentStore& store_;
    EventSchedule& events_;
    State state_ = State::waiting;
    TimePoint now_;
    WallTime wall_;
    PackagerStats stats_;

    std::optional<VideoSetup> video_setup_;
    std::optional<AudioSetup> audio_setup_;
    std::array<std::optional<Arrival>, 2> arrivals_;  // by TrackKind

    // Until the presentation begins.
    StartBuffer held_;
    std::vector<TimedEvent> waiting_events_;

    // Since it has begun.
    std::optional<VideoTrack> video_;
    std::optional<AudioTrack> audio_;
    std::string id_;
    WallTime availability_start_;
    Timestamp zero_{0, kMs};          // of the presentation, in the times of the tracks
    std::int64_t shift_seconds_ = 0;  // added to packets' times so that none is negative
    std::uint64_t cuts_ = 0;
    std::uint64_t listed_segments_ = 0;  // of all tracks
    std::uint64_t complete_cut_ = 0;     // the newest one up to which every track has its segments
    std::uint64_t first_listed_cut_ = 1;

    std::uint64_t version_ = 1;
    std::shared_ptr<const Presentation> snapshot_;  // shared with the manifests
    WallTime publish_time_;
};

Result<void> Packager::Impl::take(const TrackInfo& info) {
    const bool is_video = info.kind == TrackKind::video;
    const TrackInfo* known = nullptr;
    if (is_video && video_setup_) known = &video_setup_->track.description.info;
    if (!is_video && audio_setup_) known = &audio_setup_->track.description.info;
    if (known != nullptr && same_track(*known, info)) return {};
    const bool in_use = is_video ? video_.has_value() : audio_.has_value();
    if (known != nullptr && known->id == info.id && in_use) {
        return Error{Errc::discontinuity, "codec configuration"};
    }
    if (const auto kind = kind_of(info.id); kind && *kind != info.kind) {
        return Error{Errc::discontinuity, "kind of track"};
    }
    if (known != nullptr && known->id != info.id) return Error{Errc::too_many_tracks, "TrackInfo"};

    if (known != nullptr && state_ == State::waiting) drop_held();  // of the last configuration
    if (is_video) {
        video_setup_.reset();
        auto setup = video_setup(info);
        if (!setup) return setup.error();
        setup->track.chunk_duration = config_.chunk_duration;
        video_setup_ = std::move(*setup);
    } else {
        audio_setup_.reset();
        auto setup = audio_setup(info);
        if (!setup) return setup.error();
        setup->track.chunk_duration = config_.chunk_duration;
        audio_setup_ = std::move(*setup);
    }
    return {};
}

Result<void> Packager::Impl::take(const Packet& packet) {
    const auto kind = kind_of(packet.track);
    if (!kind || packet.payload.empty() || !in_range(packet.dts) || !in_range(packet.pts)) {
        ++stats_.skipped_packets;
        return {};
    }
    if (state_ == State::waiting) {
        hold(*kind, packet);
        return {};
    }
    const bool is_video = *kind == TrackKind::video;
    if (is_video ? !video_ : !audio_) {
        const bool useful =
            !is_video ||
            (packet.key_frame && h264::is_idr(packet.payload, video_setup_->nal_length_size));
        if (useful) return Error{Errc::discontinuity, "late track"};
        ++stats_.skipped_packets;
        return {};
    }
    if (is_jump(*kind, packet)) return Error{Errc::discontinuity, "timestamp"};
    if (other_track_is_gone(*kind, packet)) return Error{Errc::discontinuity, "silent track"};
    arrivals_[static_cast<std::size_t>(*kind)] = Arrival{in_ms(packet.dts), now_};
    feed(*kind, packet, wall_);
    list_segments();
    return {};
}

std::optional<TrackKind> Packager::Impl::kind_of(TrackId id) const {
    if (video_setup_ && video_setup_->track.description.info.id == id) return TrackKind::video;
    if (audio_setup_ && audio_setup_->track.description.info.id == id) return TrackKind::audio;
    return std::nullopt;
}

bool Packager::Impl::is_jump(TrackKind kind, const Packet& packet) const {
    const auto& last = arrivals_[static_cast<std::size_t>(kind)];
    if (!last) return false;
    const milliseconds step{in_ms(packet.dts) - last->dts_ms};
    if (step <= config_.max_jump) return step < -config_.max_jump;
    // A publisher that really sent nothing for so long has not jumped (a slide show does this).
    return step > config_.track_timeout || now_ - last->at < step - config_.max_jump;
}

bool Packager::Impl::other_track_is_gone(TrackKind kind, const Packet& packet) const {
    if (!video_ || !audio_) return false;
    const Timestamp video_end{video_->end(), video_->writer().timescale()};
    const Timestamp audio_end{audio_->end(), audio_->writer().timescale()};
    const auto other = in_ms(kind == TrackKind::video ? audio_end : video_end);
    const auto own = std::max(in_ms(kind == TrackKind::video ? video_end : audio_end),
                              in_ms(packet.dts) + shift_seconds_ * kMs);
    return milliseconds{own - other} > config_.track_timeout;
}

void Packager::Impl::hold(TrackKind kind, const Packet& packet) {
    if (is_jump(kind, packet)) drop_held();
    if (kind == TrackKind::video && !held_.has(kind) &&
        !(packet.key_frame && h264::is_idr(packet.payload, video_setup_->nal_length_size))) {
        ++stats_.skipped_packets;
        return;
    }
    arrivals_[static_cast<std::size_t>(kind)] = Arrival{in_ms(packet.dts), now_};
    held_.add({packet, kind, wall_}, now_);
    const bool frame_rate_known = video_setup_ && video_setup_->track.frame_rate.known();
    if (held_.is_complete(config_, frame_rate_known, now_)) begin();
}

void Packager::Impl::drop_held() {
    stats_.skipped_packets += held_.clear();
    arrivals_ = {};
}

void Packager::Impl::begin() {
    stats_.skipped_packets += held_.drop_leading_audio();
    shift_seconds_ = held_.seconds_below_zero();
    zero_ = start_tracks();
    availability_start_ = held_.packets().front().wall;
    id_ = unused_id();
    const auto begin_writer = [this](SegmentWriter& writer) {
        const auto first = writer.pending().front().pts;
        const auto origin = std::min(zero_.in(writer.timescale()).ticks, first);
        writer.begin(id_, first, origin, wall_);
    };
    if (video_) begin_writer(video_->writer());
    if (audio_) begin_writer(audio_->writer());
    state_ = State::running;

    bool video_started = false;
    bool audio_started = false;
    for (auto& [packet, kind, wall] : held_.take()) {
        auto& started = kind == TrackKind::video ? video_started : audio_started;
        if (std::exchange(started, true)) {
            feed(kind, std::move(packet), wall);
        } else {
            count(packet);
        }
    }
    list_segments();
    for (const auto& event : std::exchange(waiting_events_, {})) {
        static_cast<void>(schedule(event));  // one that is refused is left out
    }
}

/// Makes the tracks that have packets and gives each its first one.
///
/// @return the earliest presentation time
Timestamp Packager::Impl::start_tracks() {
    Timestamp zero{INT64_MAX, 1};
    if (const auto* first = held_.first(TrackKind::video)) {
        auto& setup = *video_setup_;
        if (!setup.track.frame_rate.known()) {
            set_frame_rate(setup.track, measure_frame_rate(held_.video_decoding_times_ms(), kMs));
        }
        video_.emplace(setup.track, setup.nal_length_size, config_, store_);
        const auto time = video_->start(shifted(first->packet));
        zero = std::min(zero, {time, video_->writer().timescale()});
    }
    if (const auto* first = held_.first(TrackKind::audio)) {
        const auto& setup = *audio_setup_;
        audio_.emplace(setup.track, setup.samples_per_frame, config_, store_);
        const auto time = audio_->start(shifted(first->packet));
        zero = std::min(zero, {time, audio_->writer().timescale()});
    }
    return zero;
}

Packet Packager::Impl::shifted(Packet packet) const {
    packet.dts.ticks += shift_seconds_ * packet.dts.timescale;
    packet.pts.ticks += shift_seconds_ * packet.pts.timescale;
    return packet;
}

std::string Packager::Impl::unused_id() const {
    auto start = availability_start_.time_since_epoch().count();
    const auto taken = [this](const std::string& id) {
        const auto init_of = [&id](const TrackInfo& info) {
            return "init-" + id + "-" + std::to_string(info.id) + ".mp4";
        };
        return (video_ && store_.find(init_of(video_setup_->track.description.info))) ||
               (audio_ && store_.find(init_of(audio_setup_->track.description.info)));
    };
    auto id = base36(start);
    while (taken(id))
        id = base36(++start);
    return id;
}

void Packager::Impl::count(const Packet& packet) {
    ++stats_.packets;
    stats_.bytes += packet.payload.size();
}

void Packager::Impl::feed(TrackKind kind, Packet packet, WallTime wall) {
    count(packet);
    if (kind == TrackKind::video) {
        const auto cut = video_->add(shifted(std::move(packet)), cuts_ + 1, wall);
        if (!cut) return;
        ++cuts_;
        if (!audio_) return;
        audio_->add_boundary(
            cuts_, rescale(*cut, video_->writer().timescale(), audio_->writer().timescale()));
        audio_->cut_at_boundaries(wall);
    } else {
        audio_->add(shifted(std::move(packet)));
        if (video_) {
            audio_->cut_at_boundaries(wall);
        } else {
            cuts_ = audio_->cut_by_duration(wall);
        }
    }
}

/// A segment is listed as soon as it is written; the window follows the edge that all tracks have
/// reached. FFmpeg 5.1 asks for a segment again if it has got it, by a request that was held, before
/// the manifest lists it.
void Packager::Impl::list_segments() {
    auto complete = cuts_;
    std::uint64_t written = 0;
    const auto look_at = [&](const SegmentWriter& writer) {
        complete = std::min(complete, writer.last_cut());
        written += writer.segments_written();
    };
    if (video_) look_at(video_->writer());
    if (audio_) look_at(audio_->writer());
    if (written == listed_segments_) return;
    listed_segments_ = written;
    complete_cut_ = complete;
    ++version_;
    trim_window();
}

void Packager::Impl::trim_window() {
    if (complete_cut_ == 0) return;  // a track has no segment yet: the window has no end to go by
    auto& main = main_writer();
    const auto timescale = main.timescale();
    const auto window_start =
        main.end_of_cut(complete_cut_) - rescale(config_.window.count(), kMs, timescale);
    first_listed_cut_ = std::max(first_listed_cut_, main.first_cut_after(window_start));
    if (video_) video_->writer().remove_before(first_listed_cut_, kExtraSegments);
    if (audio_) audio_->writer().remove_before(first_listed_cut_, kExtraSegments);
    events_.trim({window_start - main.origin(), timescale}, config_.window, wall_);
}

void Packager::Impl::finish(WallTime wall) {
    if (state_ == State::finished) return;
    wall_ = wall;
    if (state_ == State::waiting && !held_.empty()) begin();
    if (state_ == State::running) {
        ++cuts_;
        if (video_) video_->finish(cuts_, wall);
        if (audio_) audio_->finish(cuts_, wall);
        complete_cut_ = cuts_;
        ++version_;
        state_ = State::finished;
        static_cast<void>(snapshot());  // events of the next presentation must not get into it
    }
    drop_held();
    state_ = State::finished;
}

void Packager::Impl::remove_objects() {
    if (video_) video_->writer().remove_all();
    if (audio_) audio_->writer().remove_all();
}

milliseconds Packager::Impl::default_event_duration() const {
    // Two updates of the manifest and a presentation delay of three segments: a player that hears
    // of the event only then must still find it running.
    return at_least(5 * config_.segment_duration, kMinEventDuration);
}

/// The presentation's earliest time in the stream's own times; before the begin, as far as known.
Timestamp Packager::Impl::zero_of_stream() const {
    if (id_.empty()) return {held_.earliest_ms(), kMs};
    return {in_ms(zero_) - shift_seconds_ * kMs, kMs};
}

Result<void> Packager::Impl::take(const TimedEvent& event) {
    if (events_.contains(event)) return {};
    if (!in_range(event.time) || !in_range(event.duration)) {
        return Error{Errc::event_time_out_of_range, "TimedEvent"};
    }
    if (state_ == State::running) return schedule(event);
    if (waiting_events_.size() >= kMaxWaitingEvents) return Error{Errc::event_too_large, "waiting"};
    waiting_events_.push_back(event);
    return {};
}

Result<void> Packager::Impl::schedule(const TimedEvent& event) {
    TimedEvent relative = event;
    relative.time = {std::max<std::int64_t>(in_ms(event.time) - in_ms(zero_of_stream()), 0), kMs};
    if (event.duration.ticks <= 0) relative.duration = {default_event_duration().count(), kMs};
    const auto added = events_.add(std::move(relative), wall_);
    if (!added) return added.error();
    ++version_;
    return {};
}

Result<PostedEvent> Packager::Impl::post(const EventRequest& request, WallTime wall) {
    if (state_ == State::finished) return Error{Errc::finished, "post"};
    const auto edge = live_edge();
    TimedEvent event;
    event.scheme_id_uri = request.scheme_id_uri;
    event.value = request.value;
    event.message = request.message;
    event.id = request.id.value_or(0);
    event.time = request.time.value_or(edge);
    event.duration = request.duration.value_or(Timestamp{});
    if (!in_range(event.time) || !in_range(event.duration) || event.time.ticks < 0) {
        return Error{Errc::event_time_out_of_range, "time"};
    }
    if (event.duration.ticks <= 0) event.duration = {default_event_duration().count(), kMs};
    auto scheduled = events_.add(std::move(event), wall);
    if (!scheduled) return scheduled.error();
    ++version_;
    wall_ = std::max(wall_, wall);

    PostedEvent posted;
    posted.scheduled = std::move(*scheduled);
    posted.stream_event = posted.scheduled->event;
    posted.stream_event.time.ticks += in_ms(zero_of_stream());
    const milliseconds offset{posted.scheduled->event.time.ticks};
    posted.wall =
        id_.empty() ? wall + offset - milliseconds{edge.ticks} : availability_start_ + offset;
    posted.late = offset.count() < edge.ticks;
    return posted;
}

std::shared_ptr<const Presentation> Packager::Impl::snapshot() {
    if (complete_cut_ == 0) return nullptr;
    if (snapshot_ && (snapshot_->version == version_ || snapshot_->ended)) return snapshot_;

    auto out = std::make_shared<Presentation>();
    out->id = id_;
    out->version = version_;
    out->ended = state_ == State::finished;
    out->availability_start = availability_start_;
    publish_time_ = std::max(publish_time_ + milliseconds{1}, wall_);
    out->publish_time = publish_time_;
    out->segment_duration = config_.segment_duration;
    out->max_segment_duration = config_.max_segment_duration;
    out->window = config_.window;
    out->period_start = {0, kMs};
    out->duration = {0, kMs};
    const auto add = [&](const SegmentWriter& writer) {
        out->tracks.push_back(writer.snapshot(first_listed_cut_, cuts_));
        if (out->ended) {
            const Timestamp end{writer.time() - writer.origin(), writer.timescale()};
            out->duration = std::max(out->duration, end);
        }
    };
    if (video_) add(video_->writer());
    if (audio_) add(audio_->writer());
    for (const auto& scheduled : events_.scheduled())
        out->events.push_back(scheduled->event);
    snapshot_ = std::move(out);
    return snapshot_;
}

Timestamp Packager::Impl::live_edge() const {
    if (id_.empty()) return {held_.latest_ms() - held_.earliest_ms(), kMs};
    Timestamp edge = zero_;
    if (video_) edge = std::max(edge, {video_->end(), video_->writer().timescale()});
    if (audio_) edge = std::max(edge, {audio_->end(), audio_->writer().timescale()});
    return {in_ms(edge) - in_ms(zero_), kMs};
}

std::size_t Packager::Impl::held_bytes() const {
    return held_.bytes() + (video_ ? video_->writer().pending_bytes() : 0) +
           (audio_ ? audio_->writer().pending_bytes() : 0);
}

const PackagerStats& Packager::Impl::stats() {
    stats_.segments = 0;
    stats_.repaired_timestamps = 0;
    if (video_) {
        stats_.segments += video_->writer().segments_written();
        stats_.repaired_timestamps += video_->off_grid();
        stats_.forced_cuts = video_->forced_cuts();
    }
    if (audio_) {
        stats_.segments += audio_->writer().segments_written();
        stats_.repaired_timestamps += audio_->off_grid();
    }
    return stats_;
}

Packager::Packager(PackagerConfig config, SegmentStore& store, EventSchedule& events)
    : impl_(std::make_unique<Impl>(config, store, events)) {}
Packager::~Packager() = default;

Result<void> Packager::write(const MediaEvent& event, TimePoint now, WallTime wall) {
    return impl_->write(event, now, wall);
}
Result<PostedEvent> Packager::post(const EventRequest& request, WallTime wall) {
    return impl_->post(request, wall);
}
void Packager::finish(WallTime wall) { impl_->finish(wall); }
void Packager::remove_objects() { impl_->remove_objects(); }
std::shared_ptr<const Presentation> Packager::snapshot() const { return impl_->snapshot(); }
Timestamp Packager::live_edge() const { return impl_->live_edge(); }
bool Packager::finished() const { return impl_->finished(); }
std::size_t Packager::held_bytes() const { return impl_->held_bytes(); }
const PackagerStats& Packager::stats() const { return impl_->stats(); }

}  // namespace streamkit::cmaf
