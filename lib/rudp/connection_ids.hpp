#pragma once

// The ids of a connection: those that we gave out, and those that the peer gave us.

#include <cstdint>
#include <optional>
#include <vector>

#include "frame.hpp"
#include "packet.hpp"
#include "sent_packets.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::rudp {

/// The directory of ids and tokens that all connections of an endpoint share.
class IdDirectory {
public:
    /// Makes an id that leads to this connection until it is removed.
    virtual ConnectionId add_id(LinkId link) = 0;
    virtual void remove_id(ConnectionId id) = 0;
    /// The token that will tell the peer that we have forgotten this id.
    [[nodiscard]] virtual ResetToken token_of(ConnectionId id) const = 0;
    /// A datagram that ends in this token means that the peer has forgotten the connection.
    virtual void add_peer_token(const ResetToken& token, LinkId link) = 0;
    virtual void remove_peer_token(const ResetToken& token) = 0;

protected:
    ~IdDirectory() = default;
};

/// Ids that we chose: the peer puts them on its packets.
class LocalIds {
public:
    /// Ids that the peer has at a time: one in use, and spare ones for when its address changes.
    static constexpr std::size_t kActive = 3;

    /// @param first  the one from the handshake; in the directory already
    LocalIds(ConnectionId first, LinkId link, IdDirectory& directory);
    ~LocalIds();
    LocalIds(const LocalIds&) = delete;
    LocalIds& operator=(const LocalIds&) = delete;

    /// NEW_CONNECTION_ID frames wait to be sent.
    [[nodiscard]] bool has_something_to_send() const noexcept { return unsent_ > 0; }
    [[nodiscard]] std::optional<NewConnectionIdFrame> next_frame();
    void on_lost(std::uint64_t sequence) noexcept;
    /// @return `Errc::invalid_parameter` for one that was never given out
    Result<void> retire(std::uint64_t sequence);
    [[nodiscard]] std::vector<ConnectionId> all() const;
    /// They are somebody else's to remove now.
    void release() noexcept { ids_.clear(); }

private:
    struct Entry {
        std::uint64_t sequence;
        ConnectionId id;
        bool sent;
    };
    LinkId link_;
    IdDirectory& directory_;
    std::vector<Entry> ids_;
    std::uint64_t next_sequence_ = 0;
    std::size_t unsent_ = 0;
};

/// Ids that the peer chose: we put one of them on our packets.
class PeerIds {
public:
    /// More than this at a time is too many. RFC 9000, 18.2, active_connection_id_limit.
    static constexpr std::size_t kMaxActive = 4;
    static constexpr std::size_t kMaxUnsentRetirements = 16;

    /// @param first  the one from the handshake
    /// @param token  of that one, where the handshake said it
    PeerIds(ConnectionId first, std::optional<ResetToken> token, LinkId link,
            IdDirectory& directory);
    ~PeerIds();
    PeerIds(const PeerIds&) = delete;
    PeerIds& operator=(const PeerIds&) = delete;

    [[nodiscard]] ConnectionId current() const noexcept { return ids_.front().id; }
    /// Takes NEW_CONNECTION_ID.
    ///
    /// @return `Errc::invalid_parameter`
    Result<void> add(const NewConnectionIdFrame& frame);
    /// Goes on with a spare id, if there is one: RFC 9000, 9.5.
    void use_next();

    /// RETIRE_CONNECTION_ID frames wait to be sent.
    [[nodiscard]] bool has_something_to_send() const noexcept { return !retired_.empty(); }
    [[nodiscard]] std::optional<RetireConnectionIdFrame> next_frame();
    void on_lost(std::uint64_t sequence);

private:
    struct Entry {
        std::uint64_t sequence;
        ConnectionId id;
        std::optional<ResetToken> token;
    };
    void retire_front();

    LinkId link_;
    IdDirectory& directory_;
    std::vector<Entry> ids_;  // the first is in use
    std::vector<std::uint64_t> retired_;
    std::uint64_t retired_below_ = 0;
};

}  // namespace streamkit::rudp
