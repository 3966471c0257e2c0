// Accept publishers on rtmp://host/live/letmein, let anyone play what is live.
//
//     example_rtmp_server [ADDRESS:PORT]
#include <cstdio>

#include <streamkit/service/rtmp_server.hpp>
#include <streamkit/service/runtime.hpp>

namespace sk = streamkit;

int main(int argc, char** argv) {
    sk::Runtime runtime;
    sk::Hub hub;  // live streams, by path

    sk::RtmpServerConfig config;
    if (argc > 1) config.listen = argv[1];
    sk::RtmpServer server{runtime, config};

    server.on_publish([&](sk::PublishRequest& request) {
        if (request.key() != "letmein") return request.reject("unknown key");
        request.accept(hub.open(request.path()));
    });
    server.on_play([&](sk::PlayRequest& request) {
        const auto stream = hub.find(request.path());
        if (!stream) return request.reject("not live");
        request.accept(stream->subscribe());
    });

    server.start().value();
    std::printf("listening on port %u\n", server.port());
    std::fflush(stdout);
    return runtime.run_until_signal();
}
