#pragma once

// What an endpoint holds: its links, and how datagrams find them.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connection_core.hpp"
#include "cookie.hpp"
#include "deadline_heap.hpp"
#include "event_queue.hpp"
#include "handshake.hpp"
#include "incoming.hpp"
#include "intrusive_list.hpp"
#include "packet.hpp"
#include "streamkit/crypto/sha256.hpp"
#include "streamkit/rudp/endpoint.hpp"

namespace streamkit::rudp {

class Endpoint::Impl final : public IdDirectory {
public:
    Impl(EndpointConfig config, RandomSource& random);
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    Result<LinkId> connect(const SocketAddress& peer, ClientConfig config, TimePoint now);
    Result<void> accept(LinkId id, TimePoint now);
    Result<void> reject(LinkId id, const Reject& reject, TimePoint now);
    Result<void> close(LinkId id, std::uint64_t code, std::string_view text, TimePoint now);
    [[nodiscard]] Connection* find(LinkId id) noexcept;
    Result<void> handle_datagram(const DatagramInfo& info, std::span<std::uint8_t> bytes,
                                 TimePoint now);
    [[nodiscard]] std::optional<Transmit> poll_transmit(TimePoint now);
    void handle_timeout(TimePoint now);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const;
    [[nodiscard]] std::optional<Event> poll_event();
    void handle_too_large(const Path& path, std::size_t datagram_bytes, TimePoint now);
    [[nodiscard]] EndpointStats stats() const;
    [[nodiscard]] std::size_t held_bytes() const;
    [[nodiscard]] std::optional<crypto::X25519PublicKey> public_key() const;

private:
    enum class Phase : std::uint8_t {
        connecting,  ///< our HELLO is under way
        pending,     ///< the application has not answered `Incoming` yet
        refused,     ///< it has, or we have: the REPLY is kept for repeated HELLOs
        open,        ///< there are keys
        closed,      ///< answers with CLOSE for a while, or is silent
    };
    /// A datagram that came before the REPLY did.
    struct EarlyPacket {
        DatagramInfo info;
        Bytes bytes;
    };
    struct ConnectingState {
        ClientHandshake handshake;
        ConnectionConfig config;
        std::optional<crypto::X25519PublicKey> server_key;
        std::vector<EarlyPacket> early{};
        std::size_t early_bytes = 0;
    };
    struct ClosedState {
        Bytes packet{};
        std::vector<ConnectionId> ids{};
        TimePoint until{};
        TimePoint repeat{};
        congestion::Duration repeat_after{};
        std::uint32_t strays = 0;
        std::uint32_t answer_at = 1;  ///< strays until the next answer
        bool send = false;
        bool expired = false;
    };
    /// Whose HELLO, and which: one that was changed on the way has an answer of its own, which the
    /// client cannot read.
    struct HelloKey {
        SocketAddress peer;
        ConnectionId source = 0;
        crypto::Sha256Digest message{};
        friend auto operator<=>(const HelloKey&, const HelloKey&) = default;
    };
    struct Link final : Waker {
        Link(Impl& endpoint, LinkId number, Phase first, const Path& way)
            : owner(endpoint), id(number), phase(first), path(way), connection(way) {}
        void wake() override { owner.ready_.push_back(*this); }

        Impl& owner;
        LinkId id;
        Phase phase;
        Path path;
        ListHook<Link> hook{};
        Deadline deadline{};
        Connection connection;
        std::optional<ConnectingState> connecting{};
        // At the server.
        std::optional<ServerHandshake> server{};
        std::optional<HelloKey> hello{};
        std::uint64_t hello_bytes = 0;
        bool address_known = false;
        bool half_open = false;  // counts as such
        bool occupies = false;   // counts as a connection that came in
        TimePoint expires{};     // pending, refused
        Bytes reply{};           // refused
        std::uint64_t reply_bytes = 0;
        std::optional<ClosedState> closed{};
        bool end_polled = false;
    };
    struct Stateless {
        Path path;
        Bytes bytes;
    };

    // Ids: see `IdDirectory`.
    ConnectionId add_id(LinkId link) override;
    void remove_id(ConnectionId id) override;
    [[nodiscard]] ResetToken token_of(ConnectionId id) const override;
    void add_peer_token(const ResetToken& token, LinkId link) override;
    void remove_peer_token(const ResetToken& token) override;

    // endpoint_links.cpp: the life of a link.
    Link& make_link(Phase phase, const Path& path);
    void remove_link(Link& link);
    void remove_if_over(Link& link);
    void open(Link& link, const ConnectionConfig& config, ConnectionCore::Start start,
              const noise::TransportKeys& keys, TimePoint now);
    void refuse(Link& link, const Reject& reject, TimePoint now);
    void end_connecting(Link& link, const CloseReason& reason, TimePoint now);
    void settle(Link& link, TimePoint now);
    void begin_closed(Link& link, ConnectionCore::Ending ending, TimePoint now);
    void stop_counting(Link& link);
    [[nodiscard]] std::optional<Transmit> transmit(Link& link, TimePoint now);
    void on_deadline(Link& link, TimePoint now);
    [[nodiscard]] std::optional<TimePoint> deadline_of(const Link& link) const;

    // endpoint_datagrams.cpp: from datagrams to links.
    Result<void> dispatch(const DatagramInfo& info, std::span<std::uint8_t> bytes, TimePoint now);
    Result<void> on_short(ConnectionId id, const DatagramInfo& info, std::span<std::uint8_t> bytes,
                          TimePoint now);
    Result<void> on_hello(const HelloPacket& packet, const DatagramInfo& info, std::size_t bytes,
                          TimePoint now);
    void on_repeated_hello(Link& link, std::size_t bytes);
    Result<void> on_retry(const RetryPacket& packet, const DatagramInfo& info, TimePoint now);
    Result<void> on_reply(const ReplyPacket& packet, const DatagramInfo& info, TimePoint now);
    Result<void> on_versions(const VersionsPacket& packet, const DatagramInfo& info, TimePoint now);
    Result<void> on_unknown_version(const UnknownVersion& packet, const DatagramInfo& info);
    [[nodiscard]] Link* connecting(ConnectionId id, const DatagramInfo& info) const;
    /// Whether the datagram was a stateless reset.
    bool take_reset(BytesView bytes, TimePoint now);
    void send_reset(ConnectionId id, const Path& path, std::size_t received, TimePoint now);
    void send_stateless(const Path& path, Bytes bytes);

    EndpointConfig config_;
    RandomSource& random_;
    CookieJar cookies_;
    Bytes secret_;  // of the reset tokens
    EventQueue events_;
    EndpointStats stats_{};
    HalfOpenCount half_open_;
    std::size_t occupied_ = 0;
    LinkId next_link_ = 1;
    TimePoint now_{};
    TimePoint resets_since_{};
    std::uint32_t resets_ = 0;

    Bytes buffer_;
    std::deque<Stateless> stateless_;
    IntrusiveList<Link> ready_;
    DeadlineHeap<Link> deadlines_;
    std::unordered_map<ConnectionId, Link*> ids_;
    std::map<HelloKey, Link*> hellos_;
    std::map<ResetToken, Link*> tokens_;
    std::unordered_map<LinkId, std::unique_ptr<Link>> links_;  // last: the others refer to them
};

}  // namespace streamkit::rudp
