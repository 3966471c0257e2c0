#pragma once

// Many endpoints of reliable UDP over seeded links, in virtual time and in one thread.
//
// The endpoints are the real ones. After every event the invariants are checked that no run may break;
// the first one that is broken ends the run, and `failure()` says which.

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/link.hpp"
#include "streamkit/base/random.hpp"
#include "streamkit/rudp/endpoint.hpp"
#include "streamkit/rudp/trace.hpp"

namespace streamkit::sim {

using NodeId = std::size_t;

/// A UDP datagram.
struct Datagram {
    Bytes bytes;
    SocketAddress from;
    SocketAddress to;
};
template <>
struct PayloadTraits<Datagram> {
    static std::size_t size(const Datagram& datagram) noexcept { return datagram.bytes.size(); }
    static void flip(Datagram& datagram, std::uint64_t bit) noexcept {
        PayloadTraits<Bytes>::flip(datagram.bytes, bit);
    }
};

/// What a node does with its events; called with the endpoint free to be used.
class NodeHandler {
public:
    virtual ~NodeHandler() = default;
    virtual void on_event(NodeId node, const rudp::Event& event) = 0;
};

class World {
public:
    explicit World(std::uint64_t seed);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// @param config   its random numbers and trace are the world's
    /// @param handler  must outlive the world
    NodeId add_node(rudp::EndpointConfig config, NodeHandler& handler);
    /// Joins two nodes by a link each way.
    void join(NodeId a, NodeId b, const LinkConfig& a_to_b, const LinkConfig& b_to_a);

    [[nodiscard]] rudp::Endpoint& endpoint(NodeId node);
    using Link = BasicLink<Datagram>;
    [[nodiscard]] Link& link(NodeId from, NodeId to);
    [[nodiscard]] const SocketAddress& address(NodeId node) const;
    [[nodiscard]] TimePoint now() const noexcept { return now_; }
    [[nodiscard]] Duration elapsed() const noexcept { return now_ - kStart; }
    [[nodiscard]] RandomSource& random() noexcept { return random_; }

    /// Does something later.
    void at(TimePoint time, std::function<void()> action);
    void after(Duration delay, std::function<void()> action) {
        at(now_ + delay, std::move(action));
    }
    /// The node's datagrams come from a new port from now on; what is under way to the old one is lost.
    void change_port(NodeId node);
    /// Datagrams of whatever sort, as an attacker sends them.
    void inject(NodeId to, const SocketAddress& from, Bytes datagram);
    /// Sees every datagram before its link does.
    using Tap = std::function<void(NodeId from, NodeId to, BytesView datagram)>;
    void set_tap(Tap tap) { tap_ = std::move(tap); }

    enum class End : std::uint8_t {
        done,       ///< the condition holds
        idle,       ///< nothing will ever happen again
        timed_out,  ///< the limit was reached
        failed,     ///< an invariant was broken: see `failure()`
    };
    /// Goes on until `done()`, asked after every event.
    End run(const std::function<bool()>& done, Duration limit);

    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    void fail(std::string why);
    /// A digest of every datagram with its time: the same for the same seed.
    [[nodiscard]] std::uint64_t log_digest() const noexcept { return digest_; }
    [[nodiscard]] std::uint64_t datagrams() const noexcept { return datagrams_; }

    static constexpr TimePoint kStart{std::chrono::hours{1}};

private:
    struct Node;
    struct Watched;
    struct Action {
        TimePoint time;
        std::uint64_t order;
        std::function<void()> run;
    };

    [[nodiscard]] std::optional<TimePoint> next_time() const;
    void step();
    void deliver(NodeId to, Link::Delivery delivery);
    void serve(NodeId node);
    void transmit(NodeId node, const rudp::Transmit& transmit);
    void check_sending(const rudp::Connection& connection, Watched& watched);
    void check_amplification(Node& node, const rudp::Transmit& transmit);
    void note(std::uint64_t value) noexcept;

    SeededRandom random_;
    std::uint64_t seed_;
    TimePoint now_ = kStart;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::map<std::pair<NodeId, NodeId>, std::unique_ptr<Link>> links_;
    std::vector<Action> actions_;  // a heap, the earliest in front
    std::uint64_t next_action_ = 0;
    std::uint16_t next_port_ = 20'000;
    Tap tap_;
    std::string failure_;
    std::uint64_t digest_ = 0xcbf2'9ce4'8422'2325;  // FNV-1a
    std::uint64_t datagrams_ = 0;
    std::uint64_t steps_at_this_time_ = 0;
};

}  // namespace streamkit::sim
