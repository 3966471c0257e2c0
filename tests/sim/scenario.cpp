#include "sim/scenario.hpp"

#include <algorithm>
#include <memory>
#include <sstream>
#include <vector>

#include "sim/traffic.hpp"
#include "sim/world.hpp"

namespace streamkit::sim {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr Duration kLimit = 20min;

struct Scenario {
    LinkConfig up;    // from the clients
    LinkConfig down;  // to them
    std::size_t clients = 1;
    Plan client_sends;
    Plan server_sends;
    rudp::ConnectionConfig connection;
    std::size_t cookie_threshold = 32;
    std::vector<milliseconds> port_changes;  // of the first client
};

class Dice {
public:
    explicit Dice(std::uint64_t seed) : random_{seed} {}
    /// Evenly from `low` to `high`.
    double between(double low, double high) {
        return low + (high - low) * static_cast<double>(random_.below(1'000'001)) / 1e6;
    }
    std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    milliseconds ms(double low, double high) {
        return milliseconds{static_cast<std::int64_t>(between(low, high))};
    }
    /// Small numbers are as likely as large ones.
    std::uint64_t size(double low_bits, double high_bits) {
        return static_cast<std::uint64_t>(std::exp2(between(low_bits, high_bits)));
    }

private:
    SeededRandom random_;
};

LinkConfig make_link(Dice& dice, bool authentic) {
    LinkConfig link;
    link.megabits_per_second = std::exp2(dice.between(0, 6.5));
    link.queue = dice.ms(10, 400);
    link.delay = dice.ms(0, 120);
    if (dice.one_in(3)) link.loss = dice.between(0, 0.1);
    if (dice.one_in(5))
        link.burst_loss = {.p = dice.between(0.001, 0.01), .r = dice.between(0.1, 0.5)};
    if (dice.one_in(3)) {
        link.jitter = dice.ms(1, 30);
        link.reorder = dice.one_in(2);
        if (dice.one_in(3)) link.jitter_kind = JitterKind::exponential;
    }
    if (dice.one_in(5)) link.duplication = dice.between(0, 0.05);
    if (dice.one_in(5)) {
        link.corruption = dice.between(0, 0.02);
        link.drop_corrupted = !authentic;
    }
    if (dice.one_in(5)) {
        link.spike_probability = 0.005;
        link.spike = dice.ms(10, 300);
    }
    if (dice.one_in(4)) link.ce_threshold = dice.ms(1, 20);
    if (dice.one_in(4)) {
        link.rate_steps.push_back({dice.ms(100, 2000), link.megabits_per_second / 4});
        link.rate_steps.push_back({dice.ms(2000, 6000), link.megabits_per_second});
    }
    link.mtu = dice.one_in(3) ? 9028 : dice.one_in(2) ? 1500 : 1228;
    return link;
}

Plan make_plan(Dice& dice) {
    Plan plan;
    for (auto streams = dice.below(5); streams > 0; --streams)
        plan.streams.push_back(dice.one_in(8) ? 0 : dice.size(0, 17.5));
    if (dice.one_in(3)) {
        plan.messages = 1 + dice.below(40);
        plan.message_bytes = dice.size(3, 13);
        if (!dice.one_in(3)) plan.message_lifetime = dice.ms(20, 1000);
    }
    if (dice.one_in(4)) plan.reading_pause = dice.ms(1, 200);
    return plan;
}

Scenario make_scenario(std::uint64_t seed) {
    Dice dice{seed};
    Scenario out;
    auto& c = out.connection;
    const bool plaintext = dice.one_in(6);
    if (plaintext) c.protection = rudp::Protection::plaintext;
    out.up = make_link(dice, !plaintext);
    out.down = make_link(dice, !plaintext);
    out.clients = 1 + dice.below(3);
    out.client_sends = make_plan(dice);
    out.server_sends = make_plan(dice);
    c.congestion = static_cast<congestion::Algorithm>(dice.below(3));
    if (dice.one_in(3)) c.pre_shared_key.emplace();
    c.handshake_timeout = 60s;
    c.idle_timeout = 120s;
    c.receive_window = dice.size(16, 21);
    c.stream_receive_window = dice.size(16, 21);
    c.send_buffer = dice.size(16, 21);
    c.fec = !dice.one_in(3);
    c.ecn = !dice.one_in(3);
    if (dice.one_in(3)) c.first_packet_number = (std::uint64_t{1} << 32) - 10;
    if (dice.one_in(6)) c.first_packet_number = (std::uint64_t{1} << 62) - (std::uint64_t{1} << 32);
    if (dice.one_in(3)) out.cookie_threshold = 0;
    if (dice.one_in(4)) {
        for (auto n = 1 + dice.below(2); n > 0; --n)
            out.port_changes.push_back(dice.ms(100, 3000));
        // Who only receives would not be heard of again.
        c.keep_alive = 3s;
    }
    return out;
}

std::size_t memory_limit(const rudp::ConnectionConfig& c, std::size_t connections) {
    const auto each = c.send_buffer + c.receive_window + c.max_message_buffer +
                      std::uint64_t{64} * c.max_peer_streams * 1024 + (std::uint64_t{1} << 20);
    return static_cast<std::size_t>(each) * std::max<std::size_t>(connections, 1);
}

}  // namespace

Outcome run_scenario(std::uint64_t seed) {
    const auto scenario = make_scenario(seed);
    World world{seed};
    Peer server{world, scenario.server_sends};
    server.expect(scenario.client_sends);
    std::vector<std::unique_ptr<Peer>> clients;

    rudp::EndpointConfig config;
    config.static_key = crypto::X25519PrivateKey::generate(world.random());
    config.connection = scenario.connection;
    config.cookie_threshold = scenario.cookie_threshold;
    config.half_open_timeout =
        60s;  // some links lose all of the client's first packets for seconds
    const auto server_node = world.add_node(config, server);
    server.set_node(server_node);
    for (std::size_t i = 0; i < scenario.clients; ++i) {
        auto& client = *clients.emplace_back(std::make_unique<Peer>(world, scenario.client_sends));
        client.expect(scenario.server_sends);
        const auto node = world.add_node({}, client);
        client.set_node(node);
        world.join(node, server_node, scenario.up, scenario.down);
        rudp::ClientConfig client_config;
        client_config.connection = scenario.connection;
        client_config.protocol = "sim/1";
        const auto link =
            world.endpoint(node).connect(world.address(server_node), client_config, world.now());
        if (!link) world.fail("connect: " + link.error().message());
    }
    for (const auto time : scenario.port_changes)
        world.after(time, [&world] { world.change_port(1); });

    const auto limit = memory_limit(scenario.connection, scenario.clients);
    const auto done = [&] {
        if (world.endpoint(server_node).held_bytes() > limit)
            world.fail("the server holds too much");
        return server.complete() == scenario.clients &&
               std::all_of(clients.begin(), clients.end(),
                           [](const auto& client) { return client->complete() == 1; });
    };
    const auto finish = [&](World::End end) {
        if (end == World::End::idle)
            world.fail("nothing happens any more, and not all has arrived");
        if (end == World::End::timed_out) world.fail("not all has arrived after 20 minutes");
    };
    finish(world.run(done, kLimit));

    if (world.failure().empty()) {
        for (auto& client : clients)
            client->close_all();
        // The goodbye may be lost: then the server finds out by its timer.
        server.allow_errors();
        const auto gone = [&] { return server.closed().size() == scenario.clients; };
        finish(world.run(gone, kLimit));
        static_cast<void>(world.run([] { return false; }, kLimit));
        for (std::size_t node = 0; node <= scenario.clients; ++node) {
            const auto stats = world.endpoint(node).stats();
            if (stats.connections != 0 || stats.half_open != 0)
                world.fail("a connection outlives its end");
            if (world.endpoint(node).held_bytes() != 0)
                world.fail("memory outlives the connections");
        }
    }
    return {world.failure(), world.log_digest(), world.datagrams(),
            std::chrono::duration<double>(world.elapsed()).count()};
}

std::string describe_scenario(std::uint64_t seed) {
    const auto scenario = make_scenario(seed);
    std::ostringstream out;
    const auto link = [&out](const char* name, const LinkConfig& config) {
        out << name << ": " << config.megabits_per_second << " Mbit/s, delay "
            << config.delay.count() / 1'000'000 << " ms, queue " << config.queue.count() / 1'000'000
            << " ms, loss " << config.loss << ", bursts " << config.burst_loss.p << ", jitter "
            << config.jitter.count() / 1'000'000 << (config.reorder ? " ms reordering" : " ms")
            << ", duplication " << config.duplication << ", corruption " << config.corruption
            << ", mtu " << config.mtu << ", rate steps " << config.rate_steps.size() << '\n';
    };
    const auto plan = [&out](const char* name, const Plan& config) {
        out << name << ": streams";
        for (const auto bytes : config.streams)
            out << ' ' << bytes;
        out << "; " << config.messages << " messages of " << config.message_bytes;
        if (config.message_lifetime)
            out << " within " << config.message_lifetime->count() / 1'000'000 << " ms";
        out << '\n';
    };
    out << "seed " << seed << ", " << scenario.clients << " clients, "
        << congestion::name(scenario.connection.congestion)
        << (scenario.connection.protection == rudp::Protection::plaintext ? ", plaintext" : "")
        << ", port changes " << scenario.port_changes.size() << '\n';
    link("up", scenario.up);
    link("down", scenario.down);
    plan("client", scenario.client_sends);
    plan("server", scenario.server_sends);
    return out.str();
}

}  // namespace streamkit::sim
