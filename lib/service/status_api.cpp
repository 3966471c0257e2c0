#include "streamkit/service/status_api.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "streamkit/base/uri.hpp"
#include "streamkit/dash/xs_time.hpp"
#include "streamkit/json/writer.hpp"
#include "streamkit/net/timer.hpp"
#include "wall_clock.hpp"

namespace streamkit {
namespace {

void write_track(json::JsonWriter& out, const live::TrackStats& track) {
    const auto& info = track.info;
    out.begin_object().member("id", info.id).member("codec", codec_name(info.codec));
    if (info.kind == TrackKind::video) {
        out.member("kind", "video")
            .member("width", info.video.width)
            .member("height", info.video.height)
            .member("declared_frame_rate", info.video.frame_rate)
            .member("frame_rate", track.frame_rate);
    } else {
        out.member("kind", "audio")
            .member("sample_rate", info.audio.sample_rate)
            .member("channels", info.audio.channels);
    }
    out.member("bits_per_second", track.bits_per_second)
        .member("packets", track.packets)
        .member("bytes", track.bytes)
        .end_object();
}

void write_stream(json::JsonWriter& out, const live::StreamStats& stream, TimePoint now) {
    const std::chrono::duration<double> uptime = now - stream.started;
    out.begin_object()
        .member("name", stream.path)
        .member("uptime_seconds", uptime.count())
        .member("viewers", stream.viewers)
        .member("total_viewers", stream.total_viewers)
        .member("bits_per_second", stream.bits_per_second)
        .member("bytes", stream.bytes)
        .member("dropped_packets", stream.dropped_packets)
        .member("closed_viewers", stream.closed_subscribers)
        .key("tracks")
        .begin_array();
    for (const auto& track : stream.tracks)
        write_track(out, track);
    out.end_array().end_object();
}

std::string streams_json(const live::HubStats& stats, TimePoint now) {
    json::JsonWriter out;
    out.begin_object()
        .member("total_streams", stats.total_streams)
        .member("active_streams", stats.streams.size())
        .member("viewers", stats.viewers)
        .key("streams")
        .begin_array();
    for (const auto& stream : stats.streams)
        write_stream(out, stream, now);
    out.end_array().end_object();
    return out.take();
}

/// An answer that is true for this moment only.
void respond_now(HttpExchange& exchange, std::string_view content_type, std::string body) {
    auto response = http::text_response(200, content_type, std::move(body));
    response.head.headers.set("Cache-Control", "no-store");
    exchange.respond(std::move(response));
}

}  // namespace

void mount_status_api(HttpServer& server, const live::Hub& hub) {
    server.route(http::Method::get, "/api/v1/streams", [&hub](const auto& exchange, const auto&) {
        const auto now = net::now();
        respond_now(*exchange, "application/json", streams_json(hub.stats(now), now));
    });
    server.route(http::Method::get, "/stream_alive", [&hub](const auto& exchange, const auto&) {
        const auto name = query_parameter(exchange->head().target.query, "stream");
        const bool alive =
            name ? hub.find(*name) != nullptr : hub.stats(net::now()).streams.size() > 0;
        json::JsonWriter out;
        out.begin_object().member("alive", alive).end_object();
        respond_now(*exchange, "application/json", out.take());
    });
    server.route(http::Method::get, "/time", [](const auto& exchange, const auto&) {
        respond_now(*exchange, "text/plain", dash::format_date_time(wall_now()));
    });
    for (const auto* path : {"/healthz", "/readyz"}) {
        server.route(http::Method::get, path, [](const auto& exchange, const auto&) {
            respond_now(*exchange, "text/plain", "ok\n");
        });
    }
}

}  // namespace streamkit
