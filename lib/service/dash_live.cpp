#include "streamkit/service/dash_live.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "dash_stream.hpp"
#include "media_directory.hpp"
#include "metadata_feed.hpp"
#include "metadata_message.hpp"
#include "streamkit/base/uri.hpp"
#include "streamkit/http/problem.hpp"
#include "streamkit/http/static_response.hpp"
#include "streamkit/net/timer.hpp"
#include "streamkit/service/errc.hpp"
#include "wall_clock.hpp"

namespace streamkit {
namespace {

/// How often ended streams are looked through, and silent feeds are kept open.
constexpr std::chrono::seconds kSweepInterval{10};
constexpr std::string_view kDefaultStream = "live/app";

/// The first segments of the routes.
constexpr std::array<std::string_view, 12> kReservedApps{
    "api",          "favicon.ico", "healthz",      "metadata", "metadata_feed", "metrics",
    "openapi.json", "readyz",      "stream_alive", "time",     "watch",         "web"};

int status_of(const Error& error) {
    if (error.code == ServiceErrc::not_live) return 404;
    if (error.code == ServiceErrc::ambiguous_stream) return 409;
    if (error.code == cmaf::Errc::event_id_taken) return 409;
    if (error.code == cmaf::Errc::event_too_large) return 413;
    return 400;
}

/// May the path be joined to a folder? The names of RTMP clients are checked before they get here.
bool is_safe_folder(std::string_view path) {
    while (!path.empty()) {
        const auto part = path.substr(0, path.find('/'));
        if (part.empty() || part == "." || part == "..") return false;
        if (part.find('\0') != std::string_view::npos) return false;
        path.remove_prefix(std::min(path.size(), part.size() + 1));
    }
    return true;
}

}  // namespace

struct DashLive::Impl {
    Impl(net::Runtime& r, live::Hub& h, DashLiveConfig c)
        : runtime(r),
          hub(h),
          config(std::move(c)),
          log(config.log, "dash"),
          feed(std::make_shared<MetadataFeed>()),
          sweep_timer(runtime.shard(0).get_executor()) {}

    void begin_stream(const std::shared_ptr<live::Stream>& live_stream);
    void schedule_sweep();
    void sweep(TimePoint now);

    std::shared_ptr<DashStream> find(std::string_view path) const;
    std::vector<std::shared_ptr<DashStream>> all() const;
    Result<std::shared_ptr<DashStream>> choose(const std::optional<std::string>& name) const;
    Result<cmaf::PostedEvent> post(DashStream& stream, const cmaf::EventRequest& request);

    void serve_file(const std::shared_ptr<HttpExchange>& exchange) const;
    void serve_post(const std::shared_ptr<HttpExchange>& exchange);
    void serve_feed(const std::shared_ptr<HttpExchange>& exchange);

    net::Runtime& runtime;
    live::Hub& hub;
    const DashLiveConfig config;
    const Logger log;
    std::unique_ptr<MediaDirectory> disk;
    const std::shared_ptr<MetadataFeed> feed;  // shared with the exchanges that follow it
    net::Timer sweep_timer;
    Registration on_stop;
    Registration on_stream;

    mutable std::mutex mutex;  // streams come and go on their publishers' threads
    std::map<std::string, std::shared_ptr<DashStream>, std::less<>> streams;

    std::mutex posting;  // events enter the feed in the order in which they entered the schedules
};

void DashLive::Impl::begin_stream(const std::shared_ptr<live::Stream>& live_stream) {
    const auto& path = live_stream->path();
    std::shared_ptr<DashStream> stream;
    {
        const std::lock_guard lock{mutex};
        auto& slot = streams[path];
        if (!slot) {
            auto* copy_to = is_safe_folder(path) ? disk.get() : nullptr;
            slot = DashStream::create(path, {config.packager, config.events}, copy_to, log,
                                      wall_now());
        }
        stream = slot;
    }
    stream->begin(net::now());
    live_stream->observe([stream](const MediaEvent& event, TimePoint now) {
        if (std::holds_alternative<EndOfStream>(event)) {
            stream->end(wall_now(), now);
        } else {
            stream->write(event, now, wall_now());
        }
    });
}

void DashLive::Impl::schedule_sweep() {
    sweep_timer.start(net::now() + kSweepInterval, [this] {
        sweep(net::now());
        feed->keep_alive();
        schedule_sweep();
    });
}

void DashLive::Impl::sweep(TimePoint now) {
    const std::lock_guard lock{mutex};
    std::vector<std::pair<TimePoint, std::string>> ended;
    for (const auto& [path, stream] : streams) {
        if (const auto at = stream->ended_at()) ended.emplace_back(*at, path);
    }
    std::ranges::sort(ended);
    const auto too_many = ended.size() - std::min(ended.size(), config.max_ended_streams);
    for (std::size_t i = 0; i < ended.size(); ++i) {
        const auto& [at, path] = ended[i];
        if (i < too_many || at + config.ended_retention <= now) streams.erase(path);
    }
}

std::shared_ptr<DashStream> DashLive::Impl::find(std::string_view path) const {
    const std::lock_guard lock{mutex};
    const auto found = streams.find(path);
    return found != streams.end() ? found->second : nullptr;
}

std::vector<std::shared_ptr<DashStream>> DashLive::Impl::all() const {
    const std::lock_guard lock{mutex};
    std::vector<std::shared_ptr<DashStream>> found;
    for (const auto& [path, stream] : streams)
        found.push_back(stream);
    return found;
}

Result<std::shared_ptr<DashStream>> DashLive::Impl::choose(
    const std::optional<std::string>& name) const {
    std::vector<std::shared_ptr<DashStream>> live;
    for (auto& stream : all()) {
        if (stream->ended_at()) continue;
        if (stream->path() == name.value_or(std::string{kDefaultStream})) return stream;
        live.push_back(std::move(stream));
    }
    if (name || live.empty()) return Error{ServiceErrc::not_live, "stream"};
    if (live.size() > 1) return Error{ServiceErrc::ambiguous_stream, "stream"};
    return live.front();
}

Result<cmaf::PostedEvent> DashLive::Impl::post(DashStream& stream,
                                               const cmaf::EventRequest& request) {
    const std::lock_guard lock{posting};
    auto posted = stream.post(request, wall_now());
    if (!posted) return posted;
    feed->publish(stream.path(), *posted->scheduled);
    log.info("event posted", {{"stream", stream.path()},
                              {"id", posted->scheduled->event.id},
                              {"time", posted->scheduled->event.time.seconds()}});
    // Other subscribers get it in the stream's own queue; our packager knows it already.
    if (const auto live_stream = hub.find(stream.path())) {
        live_stream->inject(posted->stream_event, net::now());
    }
    return posted;
}

void DashLive::Impl::serve_file(const std::shared_ptr<HttpExchange>& exchange) const {
    const auto& path = exchange->head().target.path;
    const auto slash = path.rfind('/');
    if (slash != std::string::npos && slash > 1) {
        if (const auto stream = find(std::string_view{path}.substr(1, slash - 1))) {
            return stream->serve(exchange, path.substr(slash + 1));
        }
    }
    exchange->respond(http::problem(404, "there is no such stream, and no such page",
                                    "publish to rtmp://HOST/APP/KEY, then GET "
                                    "/APP/KEY/live-manifest.mpd; /openapi.json lists the rest"));
}

void DashLive::Impl::serve_post(const std::shared_ptr<HttpExchange>& exchange) {
    auto read = read_metadata_message(as_text(exchange->body()));
    if (const auto* problem = std::get_if<MetadataProblem>(&read)) {
        return exchange->respond(http::problem(400, problem->detail, problem->hint));
    }
    const auto& message = std::get<MetadataMessage>(read);
    const auto stream = choose(message.stream);
    auto posted =
        stream ? post(**stream, message.request) : Result<cmaf::PostedEvent>{stream.error()};
    if (!posted) {
        std::string hint;
        if (posted.error().code == ServiceErrc::not_live) hint = "publish the stream first";
        if (posted.error().code == ServiceErrc::ambiguous_stream) {
            hint = "name one with \"stream\":";
            for (const auto& one : all()) {
                if (!one->ended_at()) hint += " " + one->path();
            }
        }
        return exchange->respond(
            http::problem(status_of(posted.error()), posted.error().message(), hint));
    }
    exchange->respond(http::text_response(200, "application/json",
                                          metadata_answer(message, (*stream)->path(), *posted)));
}

void DashLive::Impl::serve_feed(const std::shared_ptr<HttpExchange>& exchange) {
    const auto& head = exchange->head();
    auto only = query_parameter(head.target.query, "stream");
    const bool follow = head.headers.has_token("Accept", "text/event-stream");

    const std::lock_guard lock{posting};
    struct Entry {
        std::string stream;
        cmaf::EventSchedule::Event event;
    };
    std::vector<Entry> entries;
    for (const auto& stream : all()) {
        if (only && *only != stream->path()) continue;
        for (auto& event : stream->events().all()) {
            entries.push_back({stream->path(), std::move(event)});
        }
    }
    std::ranges::stable_sort(entries, {}, [](const Entry& e) { return e.event->posted; });

    if (follow) {
        std::string so_far;
        for (const auto& entry : entries)
            so_far += feed_event_text(entry.stream, *entry.event);
        return feed->follow(exchange, std::move(so_far), std::move(only));
    }
    json::JsonWriter out;
    out.begin_array();
    for (const auto& entry : entries)
        write_feed_event(out, entry.stream, *entry.event);
    out.end_array();
    auto response = http::text_response(200, "application/json", out.take());
    response.head.headers.set("Cache-Control", "no-store");
    exchange->respond(std::move(response));
}

DashLive::DashLive(net::Runtime& runtime, live::Hub& hub, DashLiveConfig config)
    : impl_(std::make_shared<Impl>(runtime, hub, std::move(config))) {}

DashLive::~DashLive() {
    impl_->on_stream = {};
    impl_->on_stop = {};
    impl_->sweep_timer.cancel();
}

void DashLive::mount(HttpServer& server) {
    server.route(http::Method::post, "/metadata",
                 [impl = impl_](const auto& exchange, const auto&) { impl->serve_post(exchange); });
    server.route(http::Method::get, "/metadata_feed",
                 [impl = impl_](const auto& exchange, const auto&) { impl->serve_feed(exchange); });
    server.otherwise([impl = impl_](const auto& exchange, const auto&) {
        const auto method = exchange->head().method;
        if (method != http::Method::get && method != http::Method::head) {
            return exchange->respond(http::method_not_allowed("GET, HEAD"));
        }
        impl->serve_file(exchange);
    });
}

Result<void> DashLive::start() {
    if (!impl_->config.media_dir.empty()) {
        impl_->disk = std::make_unique<MediaDirectory>(impl_->config.media_dir, impl_->log);
        STREAMKIT_TRY(impl_->disk->start());
    }
    impl_->on_stream = impl_->hub.on_stream_started(
        [impl = impl_.get()](const auto& stream) { impl->begin_stream(stream); });
    impl_->on_stop = impl_->runtime.on_stop([impl = impl_.get()](const net::Drain&) {
        impl->sweep_timer.cancel();
        impl->feed->finish();
    });
    impl_->schedule_sweep();
    return {};
}

Result<cmaf::PostedEvent> DashLive::post(std::string_view path, const cmaf::EventRequest& request) {
    const auto stream = impl_->find(path);
    if (!stream) return Error{ServiceErrc::not_live, "stream"};
    return impl_->post(*stream, request);
}

bool is_reserved_app(std::string_view app) noexcept {
    return std::ranges::find(kReservedApps, app.substr(0, app.find('/'))) != kReservedApps.end();
}

}  // namespace streamkit
