#include "sim/world.hpp"

#include <algorithm>
#include <variant>

#include "streamkit/congestion/pacer.hpp"

namespace streamkit::sim {
namespace {

constexpr std::uint64_t kMaxStepsAtOneTime = 10'000;

}  // namespace

/// What a connection was seen to send.
struct World::Watched {
    std::optional<std::uint64_t> last_number;
    // Of the visit at hand: what asks for an acknowledgement, and so is paced.
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t datagram_bytes = 1200;  // what is larger is a probe for the path's size
    SocketAddress peer{};
    // When the bytes sent so far would have left at the pacing rate.
    TimePoint paced_until{};
};

/// One endpoint, and what it was seen to do.
struct World::Node final : rudp::TraceSink {
    Node(World& owner, std::uint64_t seed, rudp::EndpointConfig config, NodeHandler& events)
        : world{owner}, random{seed}, handler{events} {
        config.trace = this;
        endpoint.emplace(std::move(config), random);
    }

    void record(TimePoint, std::uint64_t id, const rudp::trace::Event& event) override {
        if (const auto* sent = std::get_if<rudp::trace::PacketSent>(&event)) {
            auto& watched = links[id];
            if (watched.last_number && sent->packet_number <= *watched.last_number)
                world.fail("a packet number was used again");
            watched.last_number = sent->packet_number;
            if (sent->ack_eliciting && sent->bytes <= watched.datagram_bytes) {
                ++watched.packets;
                watched.bytes += sent->bytes;
            }
        }
    }

    World& world;
    SeededRandom random;
    NodeHandler& handler;
    SocketAddress address;
    std::optional<rudp::Endpoint> endpoint;
    std::map<rudp::LinkId, Watched> links;
    // By the peer's address: what came from there and went there before it had proved to be there.
    struct Unproved {
        std::uint64_t received = 0;
        std::uint64_t sent = 0;
        bool proved = false;
    };
    std::map<SocketAddress, Unproved> peers;
};

World::World(std::uint64_t seed) : random_{seed}, seed_{seed} {}
World::~World() = default;

NodeId World::add_node(rudp::EndpointConfig config, NodeHandler& handler) {
    const auto id = nodes_.size();
    nodes_.push_back(
        std::make_unique<Node>(*this, seed_ * 1000 + id + 1, std::move(config), handler));
    nodes_.back()->address = {IpAddress::v4(0x0a000001 + static_cast<std::uint32_t>(id)), 9000};
    return id;
}

void World::join(NodeId a, NodeId b, const LinkConfig& a_to_b, const LinkConfig& b_to_a) {
    links_[{a, b}] = std::make_unique<Link>(a_to_b, random_.u64(), kStart);
    links_[{b, a}] = std::make_unique<Link>(b_to_a, random_.u64(), kStart);
}

rudp::Endpoint& World::endpoint(NodeId node) { return *nodes_.at(node)->endpoint; }
World::Link& World::link(NodeId from, NodeId to) { return *links_.at({from, to}); }
const SocketAddress& World::address(NodeId node) const { return nodes_.at(node)->address; }

void World::at(TimePoint time, std::function<void()> action) {
    actions_.push_back({std::max(time, now_), next_action_++, std::move(action)});
    std::push_heap(actions_.begin(), actions_.end(), [](const Action& x, const Action& y) {
        return std::pair{x.time, x.order} > std::pair{y.time, y.order};
    });
}

void World::change_port(NodeId node) { nodes_.at(node)->address.port = next_port_++; }

void World::inject(NodeId to, const SocketAddress& from, Bytes datagram) {
    auto& node = *nodes_.at(to);
    node.peers[from].received += datagram.size();
    const rudp::DatagramInfo info{{node.address, from}, rudp::Ecn::not_ect};
    static_cast<void>(node.endpoint->handle_datagram(info, datagram, now_));
    serve(to);
}

World::End World::run(const std::function<bool()>& done, Duration limit) {
    const auto deadline = now_ + limit;
    for (NodeId i = 0; i < nodes_.size(); ++i)
        serve(i);
    while (failure_.empty()) {
        if (done()) return End::done;
        const auto next = next_time();
        if (!next) return End::idle;
        if (*next > deadline) {
            now_ = deadline;
            return End::timed_out;
        }
        if (*next > now_) {
            now_ = *next;
            steps_at_this_time_ = 0;
        } else if (++steps_at_this_time_ > kMaxStepsAtOneTime) {
            fail("time stands still");
            break;
        }
        step();
    }
    return End::failed;
}

void World::fail(std::string why) {
    if (failure_.empty()) {
        failure_ = std::move(why) + " (seed " + std::to_string(seed_) + ", " +
                   std::to_string(std::chrono::duration<double>(elapsed()).count()) + " s)";
    }
}

std::optional<TimePoint> World::next_time() const {
    std::optional<TimePoint> next;
    const auto take = [&next](std::optional<TimePoint> time) {
        if (time && (!next || *time < *next)) next = time;
    };
    for (const auto& [ends, link] : links_)
        take(link->next_delivery());
    for (const auto& node : nodes_)
        take(node->endpoint->next_timeout());
    if (!actions_.empty()) take(actions_.front().time);
    return next;
}

/// Everything that is due now.
void World::step() {
    const auto later = [](const Action& x, const Action& y) {
        return std::pair{x.time, x.order} > std::pair{y.time, y.order};
    };
    while (!actions_.empty() && actions_.front().time <= now_) {
        std::pop_heap(actions_.begin(), actions_.end(), later);
        const auto action = std::move(actions_.back().run);
        actions_.pop_back();
        action();
        for (NodeId i = 0; i < nodes_.size(); ++i)
            serve(i);
    }
    for (const auto& [ends, link] : links_) {
        while (auto delivery = link->poll(now_))
            deliver(ends.second, std::move(*delivery));
    }
    for (NodeId i = 0; i < nodes_.size(); ++i) {
        const auto timeout = nodes_[i]->endpoint->next_timeout();
        if (!timeout || *timeout > now_) continue;
        nodes_[i]->endpoint->handle_timeout(now_);
        serve(i);
    }
}

void World::deliver(NodeId to, Link::Delivery delivery) {
    auto& node = *nodes_[to];
    auto& [bytes, from, destination] = delivery.datagram;
    if (destination != node.address) return;  // the port is not its own any more
    node.peers[from].received += bytes.size();
    const rudp::DatagramInfo info{{node.address, from}, static_cast<rudp::Ecn>(delivery.ecn)};
    static_cast<void>(node.endpoint->handle_datagram(info, bytes, now_));
    serve(to);
}

void World::serve(NodeId id) {
    auto& node = *nodes_[id];
    auto& endpoint = *node.endpoint;
    for (auto& [link, watched] : node.links)
        watched.packets = watched.bytes = 0;
    for (bool any = true; any && failure_.empty();) {
        any = false;
        while (const auto event = endpoint.poll_event()) {
            any = true;
            if (const auto* in = std::get_if<rudp::Connected>(&*event)) {
                if (const auto* c = endpoint.find(in->link))
                    node.peers[c->path().peer].proved = true;
            }
            if (const auto* in = std::get_if<rudp::Migrated>(&*event))
                node.peers[in->path.peer].proved = true;
            node.handler.on_event(id, *event);
        }
        while (const auto out = endpoint.poll_transmit(now_)) {
            any = true;
            transmit(id, *out);
        }
    }
    for (auto& [link, watched] : node.links) {
        if (watched.packets == 0) continue;
        if (const auto* connection = endpoint.find(link)) check_sending(*connection, watched);
    }
}

void World::check_sending(const rudp::Connection& connection, Watched& watched) {
    const auto stats = connection.stats();
    watched.datagram_bytes = std::max<std::uint64_t>(stats.datagram_bytes, 1200);
    if (stats.path.peer != watched.peer) {
        watched.peer = stats.path.peer;
        watched.paced_until = {};  // each path is paced by itself
        return;
    }
    // Probes, of a lost tail or of the path's size, leave beyond the window and the pace.
    const auto slack = 4 * watched.datagram_bytes;
    if (watched.packets > 3 && stats.in_flight > stats.window + slack)
        fail("more in flight than the window allows: " + std::to_string(stats.in_flight) + " of " +
             std::to_string(stats.window) + " bytes");
    if (stats.pacing_rate.is_infinite() || stats.pacing_rate.bytes_per_second() == 0) return;
    // The pacer makes up for lateness, up to a limit.
    constexpr auto kAhead = 2 * congestion::Pacer::kMaxBurst + congestion::Pacer::kMaxCredit;
    watched.paced_until =
        std::max(watched.paced_until, now_) + stats.pacing_rate.time_for(watched.bytes);
    if (watched.packets > 3 &&
        watched.paced_until > now_ + kAhead + stats.pacing_rate.time_for(slack))
        fail("packets left before their time: " + std::to_string(watched.packets) + " packets, " +
             std::to_string(watched.bytes) + " bytes at " +
             std::to_string(stats.pacing_rate.bytes_per_second()) + " bytes/s, " +
             std::to_string((watched.paced_until - now_).count()) + " ns ahead");
}

void World::transmit(NodeId id, const rudp::Transmit& out) {
    auto& node = *nodes_[id];
    if (out.bytes.empty() || out.segment_size == 0) {
        fail("an empty transmit");
        return;
    }
    check_amplification(node, out);
    std::optional<NodeId> to;
    for (NodeId i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i]->address.ip == out.path.peer.ip) to = i;
    }
    if (!to || !links_.contains({id, *to})) return;  // to an address that nobody has
    for (std::size_t at = 0; at < out.bytes.size(); at += out.segment_size) {
        const auto segment =
            out.bytes.subspan(at, std::min(out.segment_size, out.bytes.size() - at));
        if (tap_) tap_(id, *to, segment);
        note(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
        for (const auto byte : segment)
            note(byte);
        ++datagrams_;
        Datagram datagram{{segment.begin(), segment.end()}, node.address, out.path.peer};
        links_.at({id, *to})->send(now_, std::move(datagram), static_cast<std::uint8_t>(out.ecn));
    }
}

void World::check_amplification(Node& node, const rudp::Transmit& out) {
    if (!node.endpoint->public_key()) return;  // a client chose whom to talk to
    auto& peer = node.peers[out.path.peer];
    if (peer.proved) return;
    peer.sent += out.bytes.size();
    if (peer.sent > 3 * peer.received)
        fail("more than three times what came, to an unproved address");
}

void World::note(std::uint64_t value) noexcept { digest_ = (digest_ ^ value) * 0x100'0000'01b3; }

}  // namespace streamkit::sim
