#include "streamkit/service/dash_live.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "blocking_client.hpp"
#include "cmaf/synthetic_stream.hpp"
#include "running_runtime.hpp"
#include "streamkit/dash/mpd_reader.hpp"
#include "streamkit/service/status_api.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace streamkit;
using test::http_get;
using test::http_post;

namespace {

/// A server on loopback, with streams that the test writes as their publisher.
struct Origin {
    explicit Origin(DashLiveConfig config = {}) : dash(runtime, hub, std::move(config)) {
        dash.mount(http);
        mount_status_api(http, hub);
        REQUIRE(dash.start());
        REQUIRE(http.start());
        running.emplace(runtime);
    }

    std::shared_ptr<live::Stream> publish(std::string_view path) {
        auto stream = hub.open(path).value();
        stream->write(cmaf::test::video_info(), now);
        stream->write(cmaf::test::audio_info(), now);
        return stream;
    }
    /// Writes the media of `make_packets` from one second to another.
    void write(live::Stream& stream, double from_s, double to_s) {
        for (const auto& packet : cmaf::test::make_packets({}, to_s)) {
            if (packet.dts.seconds() >= from_s) stream.write(packet, now);
        }
    }
    test::HttpAnswer get(std::string_view target) { return http_get(http.port(), target); }
    test::HttpAnswer post(std::string_view body) {
        return http_post(http.port(), "/metadata", body);
    }
    dash::Mpd mpd(std::string_view target) {
        const auto answer = get(target);
        REQUIRE(answer.status == 200);
        return dash::read_mpd(answer.body).value();
    }

    static HttpServerConfig any_port() {
        HttpServerConfig config;
        config.listen = "127.0.0.1:0";
        return config;
    }

    net::Runtime runtime;
    live::Hub hub;
    HttpServer http{runtime, any_port()};
    DashLive dash;
    std::optional<test::RunningRuntime> running;
    TimePoint now{std::chrono::seconds{1000}};
};

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// The names of all files that an MPD lists.
std::vector<std::string> file_names(const std::string& mpd_text) {
    std::vector<std::string> names;
    const auto mpd = dash::read_mpd(mpd_text).value();
    for (const auto& set : mpd.periods.at(0).adaptation_sets) {
        const auto& representation = set.representations.at(0);
        const auto& files = *set.template_of(representation);
        names.push_back(dash::expand_template(files.initialization, representation));
        for (const auto& segment : dash::unfold_timeline(files.timeline).value()) {
            names.push_back(dash::expand_template(files.media, representation, segment.time));
        }
    }
    return names;
}

}  // namespace

TEST_CASE("a live stream is served as DASH, every file that its manifest lists", "[service]") {
    Origin origin;
    CHECK(origin.get("/live/app/manifest.mpd").status == 404);
    const auto stream = origin.publish("live/app");
    origin.write(*stream, 0, 7);

    const auto manifest = origin.get("/live/app/live-manifest.mpd");
    REQUIRE(manifest.status == 200);
    CHECK(contains(manifest.head, "Content-Type: application/dash+xml\r\n"));
    CHECK(contains(manifest.body, "type=\"dynamic\""));
    const auto names = file_names(manifest.body);
    CHECK(names.size() == 2 * (1 + 3));
    for (const auto& name : names) {
        INFO(name);
        const auto file = origin.get("/live/app/" + name);
        CHECK(file.status == 200);
        CHECK_FALSE(file.body.empty());
        CHECK(contains(file.head, "immutable"));
    }
    CHECK(origin.get("/live/app/nothing.m4s").status == 404);
    CHECK(origin.get("/live/other/manifest.mpd").status == 404);

    stream->end(origin.now);
    const auto ended = origin.get("/live/app/manifest.mpd");
    CHECK(contains(ended.body, "type=\"static\""));
    CHECK(file_names(ended.body).size() == 2 * (1 + 4));
}

TEST_CASE("a manifest is not sent again to a reader who has it", "[service]") {
    Origin origin;
    const auto stream = origin.publish("live/app");
    origin.write(*stream, 0, 5);
    const auto first = origin.get("/live/app/manifest.mpd");
    const auto at = first.head.find("ETag: ") + 6;
    const auto etag = first.head.substr(at, first.head.find("\r\n", at) - at);
    const auto again =
        http_get(origin.http.port(), "/live/app/manifest.mpd", "If-None-Match: " + etag + "\r\n");
    CHECK(again.status == 304);
    origin.write(*stream, 5, 7);
    CHECK(http_get(origin.http.port(), "/live/app/manifest.mpd", "If-None-Match: " + etag + "\r\n")
              .status == 200);
}

TEST_CASE("a request for the next segment, and for a manifest that begins soon, is held",
          "[service]") {
    Origin origin;
    const auto stream = origin.publish("live/app");
    test::HttpAnswer manifest;
    std::thread early{[&] { manifest = origin.get("/live/app/manifest.mpd"); }};
    origin.write(*stream, 0, 5);
    early.join();
    REQUIRE(manifest.status == 200);

    const auto mpd = origin.mpd("/live/app/manifest.mpd");
    const auto& set = mpd.periods.at(0).adaptation_sets.at(0);
    const auto& representation = set.representations.at(0);
    const auto& files = *set.template_of(representation);
    const auto last = dash::unfold_timeline(files.timeline).value().back();
    const auto segment_at = [&](std::uint64_t time) {
        return "/live/app/" + dash::expand_template(files.media, representation, time);
    };
    const auto next = segment_at(last.time + last.duration);
    const auto further = segment_at(last.time + 2 * last.duration);

    const auto too_far = origin.get(further);
    CHECK(too_far.status == 404);
    CHECK(contains(too_far.head, "Cache-Control: no-store"));
    test::HttpAnswer held;
    std::thread player{[&] { held = origin.get(next); }};
    origin.write(*stream, 5, 7);
    player.join();
    CHECK(held.status == 200);

    test::HttpAnswer never;
    std::thread late{[&] { never = origin.get(further); }};
    stream->end(origin.now);  // the rest of the media becomes that segment, or nothing does
    late.join();
    CHECK((never.status == 200 || never.status == 404));
}

TEST_CASE("a posted event is in the next manifest, under its time", "[service]") {
    Origin origin;
    const auto stream = origin.publish("live/app");
    origin.write(*stream, 0, 5);
    const auto answer = origin.post(R"({"metadata": "hello <&> \"you\"", "time": 3.5})");
    CHECK(answer.status == 200);
    CHECK(contains(answer.body, R"("status":"ok","received":"hello <&> \"you\"")"));
    CHECK(contains(answer.body, R"("time":3.5)"));

    const auto mpd = origin.mpd("/live/app/live-manifest.mpd");
    const auto& events = mpd.periods.at(0).event_streams.at(0);
    REQUIRE(events.events.size() == 1);
    CHECK(events.events[0].message_data == "hello <&> \"you\"");
    CHECK(events.events[0].presentation_time == 3500);
    CHECK_FALSE(contains(origin.get("/live/app/manifest.mpd").body, "EventStream"));

    const auto feed = origin.get("/metadata_feed");
    CHECK(contains(feed.body, R"([{"metadata":"hello <&> \"you\"","time":3.5)"));
    CHECK(origin.get("/metadata_feed?stream=live/other").body == "[]");
}

TEST_CASE("a thousand events stay in order and unique", "[service]") {
    Origin origin;
    const auto stream = origin.publish("live/app");
    origin.write(*stream, 0, 5);
    for (int i = 0; i < 1000; ++i) {
        cmaf::EventRequest request;
        request.time = Timestamp{(i * 37) % 1000, 100};
        request.message = {'x'};
        REQUIRE(origin.dash.post("live/app", request));
    }
    const auto mpd = origin.mpd("/live/app/live-manifest.mpd");
    const auto& events = mpd.periods.at(0).event_streams.at(0).events;
    REQUIRE(events.size() == 1000);
    for (std::size_t i = 1; i < events.size(); ++i) {
        const auto& a = events[i - 1];
        const auto& b = events[i];
        CHECK(std::pair{a.presentation_time, a.id} < std::pair{b.presentation_time, b.id});
    }
}

TEST_CASE("an event for no stream, or for one of several, is refused with a hint", "[service]") {
    Origin origin;
    const auto nobody = origin.post(R"({"metadata": "x"})");
    CHECK(nobody.status == 404);
    CHECK(contains(nobody.body, "publish the stream first"));

    const auto a = origin.publish("live/a");
    const auto b = origin.publish("live/b");
    const auto which = origin.post(R"({"metadata": "x"})");
    CHECK(which.status == 409);
    CHECK(contains(which.body, "live/a live/b"));
    CHECK(origin.post(R"({"metadata": "x", "stream": "live/b"})").status == 200);
    CHECK(origin.post(R"({"metadata": "x", "stream": "live/c"})").status == 404);
    CHECK(origin.post(R"({"metadata": "x", "stream": "live/b", "id": 5})").status == 200);
    CHECK(origin.post(R"({"metadata": "x", "stream": "live/b", "id": 5})").status == 409);
    CHECK(origin.post("{").status == 400);

    b->end(origin.now);
    CHECK(origin.post(R"({"metadata": "x"})").status == 200);  // only one is live
    CHECK(origin.post(R"({"metadata": "x", "stream": "live/b"})").status == 404);
    const auto app = origin.publish("live/app");
    CHECK(contains(origin.post(R"({"metadata": "x"})").body, R"("stream":"live/app")"));
}

TEST_CASE("the feed goes on as Server-Sent Events", "[service]") {
    Origin origin;
    const auto stream = origin.publish("live/app");
    CHECK(origin.post(R"({"metadata": "first", "time": 1})").status == 200);
    test::BlockingClient reader{origin.http.port()};
    reader.send("GET /metadata_feed HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n");
    const auto head = reader.read_until("\r\n\r\n");
    CHECK(contains(head, "Content-Type: text/event-stream"));
    CHECK(contains(reader.read_until("\n\n"), R"(data: {"metadata":"first","time":1,)"));
    CHECK(origin.post(R"({"metadata": "second", "time": 2})").status == 200);
    CHECK(contains(reader.read_until("\n\n"), R"(data: {"metadata":"second","time":2,)"));
    origin.running->stop();
    CHECK(reader.read_to_end().ends_with("0\r\n\r\n"));
}

TEST_CASE("a publisher who returns begins a new presentation", "[service]") {
    Origin origin;
    const auto first = origin.publish("live/app");
    origin.write(*first, 0, 5);
    const auto before = file_names(origin.get("/live/app/manifest.mpd").body);
    first->end(origin.now);
    const auto second = origin.publish("live/app");
    origin.write(*second, 0, 5);
    const auto after = file_names(origin.get("/live/app/manifest.mpd").body);
    CHECK(before.front() != after.front());
    CHECK(origin.get("/live/app/" + before.front()).status == 200);  // for those who still watch
    CHECK(contains(origin.get("/live/app/manifest.mpd").body, "type=\"dynamic\""));
}

TEST_CASE("a jump of the timestamps begins a new presentation and loses no later media",
          "[service]") {
    Origin origin;
    const auto stream = origin.publish("live/app");
    origin.write(*stream, 0, 5);
    const auto before = file_names(origin.get("/live/app/manifest.mpd").body);
    cmaf::test::StreamShape later;
    later.offset_ms = 3'600'000;
    for (const auto& packet : cmaf::test::make_packets(later, 5))
        stream->write(packet, origin.now);
    const auto after = file_names(origin.get("/live/app/manifest.mpd").body);
    CHECK(before.front() != after.front());
    CHECK(after.size() == before.size());
}

TEST_CASE("the media folder holds what the manifest lists", "[service]") {
    const test::TemporaryDirectory root;
    DashLiveConfig config;
    config.media_dir = root.path();
    std::vector<std::string> names;
    {
        Origin origin{config};
        const auto stream = origin.publish("live/app");
        origin.write(*stream, 0, 7);
        stream->end(origin.now);
        names = file_names(origin.get("/live/app/live-manifest.mpd").body);
    }
    for (const auto& name : names) {
        INFO(name);
        CHECK(std::filesystem::file_size(root.path() / "live/app" / name) > 0);
    }
    CHECK(std::filesystem::exists(root.path() / "live/app/manifest.mpd"));
    CHECK(std::filesystem::exists(root.path() / "live/app/live-manifest.mpd"));
}

TEST_CASE("applications named like a route are reserved", "[service]") {
    CHECK(is_reserved_app("api"));
    CHECK(is_reserved_app("metadata/x"));
    CHECK_FALSE(is_reserved_app("live"));
    CHECK_FALSE(is_reserved_app("apis"));
}

TEST_CASE("the status API says what is live", "[service]") {
    Origin origin;
    CHECK(origin.get("/stream_alive").body == R"({"alive":false})");
    const auto stream = origin.publish("live/app");
    origin.write(*stream, 0, 2);
    CHECK(origin.get("/stream_alive").body == R"({"alive":true})");
    CHECK(origin.get("/stream_alive?stream=live/app").body == R"({"alive":true})");
    CHECK(origin.get("/stream_alive?stream=live/other").body == R"({"alive":false})");
    const auto streams = origin.get("/api/v1/streams").body;
    CHECK(contains(streams, R"("active_streams":1)"));
    CHECK(contains(streams, R"("name":"live/app")"));
    CHECK(contains(streams, R"("codec":"h264","kind":"video","width":1280,"height":720)"));
    CHECK(origin.get("/healthz").status == 200);
    CHECK(origin.get("/time").body.size() == std::string_view{"2026-01-01T00:00:00.000Z"}.size());
}
