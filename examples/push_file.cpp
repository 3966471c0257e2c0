// Publish an FLV file at its own pace.
//
//     example_push_file FILE.flv rtmp://host/live/key
#include <cstdio>
#include <string>

#include <streamkit/service/file_reader.hpp>
#include <streamkit/service/pacer.hpp>
#include <streamkit/service/rtmp_publisher.hpp>
#include <streamkit/service/runtime.hpp>

namespace sk = streamkit;

sk::Task<> push(std::string file, std::string url) {
    auto source = sk::FileReader::open(file);
    if (!source) co_return source.error();
    auto publisher = co_await sk::RtmpPublisher::connect(url);
    if (!publisher) co_return publisher.error();
    if (auto r = co_await publisher->announce(source->tracks()); !r) co_return r;

    sk::Pacer pacer;
    for (;;) {
        auto packet = source->next();
        if (!packet) co_return packet.error();
        if (!*packet) break;  // end of file
        if (auto r = co_await pacer.until((*packet)->dts); !r) co_return r;
        if (auto r = co_await publisher->send(**packet); !r) co_return r;
    }
    co_return co_await publisher->close();
}

int main(int argc, char** argv) {
    if (argc != 3) return std::puts("usage: example_push_file FILE.flv URL"), 2;
    sk::Runtime runtime;
    const auto result = runtime.run(push(argv[1], argv[2]));
    if (!result) std::puts(result.error().message().c_str());
    return result ? 0 : 1;
}
