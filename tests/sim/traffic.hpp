#pragma once

// What the peers of a simulation send each other, and whether all of it arrived: streams byte by
// byte, messages once at most.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "sim/world.hpp"

namespace streamkit::sim {

/// What one side sends on each of its connections.
struct Plan {
    std::vector<std::uint64_t> streams{};  ///< bytes of each
    std::size_t messages = 0;
    std::size_t message_bytes = 1000;
    Duration message_interval = std::chrono::milliseconds{20};
    std::optional<Duration> message_lifetime{};  ///< without one they are reliable
    /// How long what has come is left unread, now and then.
    Duration reading_pause{};
};

/// A peer that sends its plan on each connection, and checks what comes.
///
/// A broken promise of the transport (a wrong byte, a message twice, an end that nobody asked for)
/// fails the world.
class Peer final : public NodeHandler {
public:
    /// @param world  must outlive the peer
    Peer(World& world, Plan sends) : world_{world}, plan_{std::move(sends)} {}
    /// Which node it is; call before anything happens.
    void set_node(NodeId node) { node_ = node; }
    /// Refuses everybody, for this reason.
    void set_reject(rudp::Reject reject) { reject_ = std::move(reject); }

    /// Expects this plan from the peer on each connection.
    void expect(Plan receives) { expected_ = std::move(receives); }

    void on_event(NodeId node, const rudp::Event& event) override;

    /// Connections on which everything was sent, delivered and received.
    [[nodiscard]] std::size_t complete() const;
    [[nodiscard]] std::size_t connected() const noexcept { return links_.size(); }
    [[nodiscard]] const std::vector<rudp::CloseReason>& closed() const noexcept { return closed_; }
    [[nodiscard]] const std::vector<rudp::Reject>& rejected() const noexcept { return rejected_; }
    [[nodiscard]] std::uint64_t received_bytes() const noexcept { return received_bytes_; }
    [[nodiscard]] std::uint64_t messages_received() const noexcept { return messages_received_; }
    [[nodiscard]] std::size_t migrations() const noexcept { return migrations_; }
    /// A connection may end with an error from now on (somebody was killed).
    void allow_errors() noexcept { errors_allowed_ = true; }
    /// The link of the newest connection.
    [[nodiscard]] std::optional<rudp::LinkId> link() const;
    void close_all();

private:
    struct Sending {
        std::uint64_t total = 0;
        std::uint64_t written = 0;
        bool finished = false;
        bool delivered = false;
    };
    struct Receiving {
        std::uint64_t received = 0;
        bool ended = false;
    };
    struct Link {
        std::map<rudp::StreamId, Sending> sending;
        std::map<rudp::StreamId, Receiving> receiving;
        std::size_t messages_sent = 0;
        std::set<rudp::MessageId> messages_sent_ids;
        std::set<rudp::MessageId> messages_decided;
        std::set<rudp::MessageId> messages_received;
        bool paused = false;
    };

    void begin(rudp::LinkId link);
    void write(rudp::LinkId link, rudp::StreamId stream);
    void read(rudp::LinkId link, rudp::StreamId stream);
    void read_all(rudp::LinkId link);
    void send_message(rudp::LinkId link);
    [[nodiscard]] bool is_complete(const Link& link) const;

    World& world_;
    Plan plan_;
    Plan expected_{};
    NodeId node_ = 0;
    std::optional<rudp::Reject> reject_;
    std::map<rudp::LinkId, Link> links_;
    std::vector<rudp::CloseReason> closed_;
    std::vector<rudp::Reject> rejected_;
    std::uint64_t received_bytes_ = 0;
    std::uint64_t messages_received_ = 0;
    std::size_t migrations_ = 0;
    bool errors_allowed_ = false;
};

}  // namespace streamkit::sim
