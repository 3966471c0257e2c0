// streamkit-server: live streams in over RTMP, out over RTMP and as MPEG-DASH with timed events.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "cli/log.hpp"
#include "cli/options.hpp"
#include "cli/port_file.hpp"
#include "pages.hpp"
#include "streamkit/service/dash_live.hpp"
#include "streamkit/service/http_server.hpp"
#include "streamkit/service/rtmp_server.hpp"
#include "streamkit/service/runtime.hpp"
#include "streamkit/service/status_api.hpp"

namespace sk = streamkit;
using std::chrono::milliseconds;

namespace {

struct Config {
    std::string host = "0.0.0.0";
    std::uint16_t rtmp_port = 1935;
    std::uint16_t http_port = 8080;
    std::size_t max_streams = 100;
    std::size_t max_connections = 10'000;
    std::size_t threads = 1;
    std::string media_dir;
    std::string web_root;
    milliseconds segment_duration{2000};
    milliseconds chunk_duration{200};
    milliseconds window{60'000};
    std::string port_file;
};

std::optional<sk::cli::ExitCode> parse(int argc, char** argv, Config& config,
                                       sk::cli::LogConfig& log) {
    sk::cli::Options options{{"streamkit-server",
                              "Takes live streams in over RTMP and hands them out over RTMP and as "
                              "MPEG-DASH, with timed events that a POST injects.",
                              "streamkit-server --media-dir media"}};
    options.add("host", config.host, "ADDRESS", "address to listen on", {"RTMP_HOST"});
    options.add("rtmp-port", config.rtmp_port, "PORT", "for RTMP; 0: any", {"RTMP_PORT"});
    options.add("http-port", config.http_port, "PORT", "for HTTP; 0: any");
    options.add("max-streams", config.max_streams, "N", "streams at one time",
                {"RTMP_MAX_STREAMS"});
    options.add("max-connections", config.max_connections, "N", "connections of each protocol");
    options.add("threads", config.threads, "N", "event loops; 0: one per processor");
    options.add("media-dir", config.media_dir, "DIR", "copy of the segments and manifests on disk");
    options.add("web-root", config.web_root, "DIR", "read the pages here, for those who edit them");
    options.add("segment-duration", config.segment_duration, "SECONDS", "target of a segment");
    options.add("chunk-duration", config.chunk_duration, "SECONDS", "of the parts of a segment");
    options.add("window", config.window, "SECONDS", "what a live manifest lists");
    options.add("port-file", config.port_file, "FILE", "write the ports in use here");
    options.also_from("log-level", "RTMP_LOG_LEVEL");
    if (const auto exit = options.parse(argc, argv)) return exit;
    if (config.segment_duration < milliseconds{200}) {
        return options.reject("--segment-duration must be at least 200ms");
    }
    if (config.window < 3 * config.segment_duration) {
        return options.reject("--window must hold at least three segments");
    }
    log = options.log_config();
    return std::nullopt;
}

std::string listen_address(const std::string& host, std::uint16_t port) {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

sk::cli::ExitCode cannot_start(const sk::Error& error, std::uint16_t port, const char* flag) {
    std::fprintf(stderr, "%s\n", sk::cli::bind_advice(error, port, flag).c_str());
    return sk::cli::exit_cannot_connect;
}

void print_welcome(std::uint16_t rtmp_port, std::uint16_t http_port) {
    std::printf(
        "OBS      Server rtmp://localhost:%u/live   Stream Key app\n"
        "FFmpeg   ffmpeg -re -i FILE -c copy -f flv rtmp://localhost:%u/live/app\n"
        "Watch    http://localhost:%u/watch\n"
        "DASH     http://localhost:%u/live/app/live-manifest.mpd\n"
        "Event    curl -d '{\"metadata\":\"hello\"}' http://localhost:%u/metadata\n"
        "API      http://localhost:%u/openapi.json\n",
        rtmp_port, rtmp_port, http_port, http_port, http_port, http_port);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    Config config;
    sk::cli::LogConfig log_config;
    if (const auto exit = parse(argc, argv, config, log_config)) return *exit;
    sk::cli::Log log;
    if (const auto exit = log.open(log_config)) return *exit;

    sk::Runtime runtime{{.threads = config.threads, .log = log.sink()}};
    const auto reopen_log = runtime.on_hangup([&] { log.reopen(); });
    sk::Hub hub{{.max_streams = config.max_streams}};

    sk::DashLiveConfig dash_config;
    dash_config.packager.segment_duration = config.segment_duration;
    dash_config.packager.chunk_duration = config.chunk_duration;
    dash_config.packager.window = config.window;
    dash_config.media_dir = config.media_dir;
    dash_config.log = log.sink();
    sk::DashLive dash{runtime, hub, dash_config};

    sk::HttpServerConfig http_config;
    http_config.listen = listen_address(config.host, config.http_port);
    http_config.max_connections = config.max_connections;
    http_config.log = log.sink();
    sk::HttpServer http{runtime, http_config};
    dash.mount(http);
    sk::mount_status_api(http, hub);
    sk::mount_pages(http, config.web_root);

    sk::RtmpServerConfig rtmp_config;
    rtmp_config.listen = listen_address(config.host, config.rtmp_port);
    rtmp_config.max_connections = config.max_connections;
    rtmp_config.log = log.sink();
    sk::RtmpServer rtmp{runtime, rtmp_config};
    rtmp.on_publish([&](sk::PublishRequest& request) {
        if (sk::is_reserved_app(request.app())) {
            return request.reject("this application name is a route of the HTTP server");
        }
        request.accept(hub.open(request.path()));
    });
    rtmp.on_play([&](sk::PlayRequest& request) {
        const auto stream = hub.find(request.path());
        if (!stream) return request.reject("nobody publishes this stream");
        request.accept(stream->subscribe());
    });

    if (const auto started = dash.start(); !started) {
        std::fprintf(stderr, "--media-dir %s: %s\n", config.media_dir.c_str(),
                     started.error().message().c_str());
        return sk::cli::exit_configuration;
    }
    if (const auto started = rtmp.start(); !started) {
        return cannot_start(started.error(), config.rtmp_port, "--rtmp-port");
    }
    if (const auto started = http.start(); !started) {
        return cannot_start(started.error(), config.http_port, "--http-port");
    }
    if (!config.port_file.empty()) {
        const std::vector<sk::cli::NamedPort> ports{{"rtmp", rtmp.port()}, {"http", http.port()}};
        if (const auto exit = sk::cli::write_port_file(config.port_file, ports)) return *exit;
    }
    print_welcome(rtmp.port(), http.port());
    return runtime.run_until_signal();
}
