#include <chrono>

#include "sim/traffic.hpp"
#include "sim/world.hpp"
#include "support/catch.hpp"

namespace streamkit::sim {
namespace {

using namespace std::chrono_literals;

// "The client asks, the server streams at once": the first packets may overtake the handshake's last
// one. Other protocols take that for congestion and never recover from it.
TEST_CASE("a server that speaks first never stalls", "[sim][start]") {
    constexpr std::uint64_t kBytes = 4'000'000;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        World world{seed};
        Peer server{world, {.streams = {kBytes}}};
        Peer client{world, {}};
        client.expect({.streams = {kBytes}});
        rudp::EndpointConfig config;
        config.static_key = crypto::X25519PrivateKey::generate(world.random());
        const auto server_node = world.add_node(config, server);
        const auto client_node = world.add_node({}, client);
        server.set_node(server_node);
        client.set_node(client_node);
        LinkConfig link;
        link.megabits_per_second = 50;
        link.delay = 10ms;
        link.queue = 20ms;
        link.jitter = 4ms;
        link.reorder = true;
        world.join(client_node, server_node, link, link);
        REQUIRE(world.endpoint(client_node).connect(world.address(server_node), {}, world.now()));
        const auto end = world.run([&] { return client.complete() == 1; }, 60s);
        INFO("seed " << seed << ' ' << world.failure());
        REQUIRE(end == World::End::done);
        // 0.64 s at the rate of the link; a start that has gone wrong takes tens of seconds.
        CHECK(world.elapsed() < 1300ms);
    }
}

}  // namespace
}  // namespace streamkit::sim
