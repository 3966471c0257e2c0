#include <streamkit/base/uri.hpp>
#include <streamkit/version.hpp>

int main() {
    const auto uri = streamkit::Uri::parse("rtmp://localhost:1935/live/app");
    return uri && uri->port == 1935 && !streamkit::kVersion.empty() ? 0 : 1;
}
