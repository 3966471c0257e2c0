#include <streamkit/base/uri.hpp>
#include <streamkit/net/runtime.hpp>

int main() {
    streamkit::net::Runtime runtime;
    runtime.next_shard().post([&runtime] { runtime.stop_now(); });
    runtime.run_until_stopped();
    return runtime.shards() == 1 ? 0 : 1;
}
