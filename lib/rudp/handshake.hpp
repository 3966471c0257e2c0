#pragma once

// The first round trip: the Noise messages and what they carry.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "packet.hpp"
#include "streamkit/base/random.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"
#include "streamkit/noise/handshake.hpp"
#include "streamkit/rudp/config.hpp"
#include "transport_parameters.hpp"

namespace streamkit::rudp {

/// What both sides must agree on without sending it: the protocol, and whose handshake it is.
[[nodiscard]] Bytes handshake_prologue(ConnectionId client_id);
/// The Noise pattern of a configuration: with the pre-shared key, if there is one.
[[nodiscard]] noise::Pattern handshake_pattern(const ConnectionConfig& config) noexcept;
/// What this side keeps to.
[[nodiscard]] TransportParameters own_parameters(const ConnectionConfig& config) noexcept;
/// @return `Errc::invalid_parameter` where a member is out of its range
[[nodiscard]] Result<void> check_config(const ConnectionConfig& config);

/// The client's side, until the REPLY is there.
class ClientHandshake {
public:
    /// HELLO is sent again after this, then after twice as long, and so on.
    static constexpr congestion::Duration kFirstTimeout = std::chrono::milliseconds{300};
    static constexpr congestion::Duration kMaxTimeout = std::chrono::seconds{3};

    /// @return `Errc::invalid_parameter`
    static Result<ClientHandshake> make(const ClientConfig& config, ConnectionId id,
                                        RandomSource& random, TimePoint now);

    [[nodiscard]] ConnectionId id() const noexcept { return id_; }

    /// How often HELLO begins anew with another cookie.
    static constexpr int kMaxRetries = 4;
    /// A REPLY that cannot be read may be forged, or damaged; not so many of them.
    static constexpr int kMaxFailures = 3;

    /// Takes RETRY: HELLO leaves again at once, with the cookie.
    void on_retry(const RetryPacket& packet, TimePoint now);
    struct Finished {
        Reply reply;
        noise::TransportKeys keys;
        crypto::X25519PublicKey server_key;
        /// From HELLO to REPLY, where only one HELLO was sent.
        std::optional<congestion::Duration> rtt;
    };
    /// Takes REPLY.
    ///
    /// @return `Errc::handshake_failed` for one that is not the server's, or under another secret:
    ///         the next one may be right; after `Errc::invalid_parameter` or `Errc::truncated`
    ///         there is no way on
    Result<Finished> on_reply(const ReplyPacket& packet, TimePoint now);

    /// Writes HELLO if it is time for it.
    bool write_hello(SpanWriter& out, TimePoint now);
    [[nodiscard]] TimePoint next_timeout() const noexcept {
        return std::min(next_hello_, give_up_);
    }
    [[nodiscard]] bool has_timed_out(TimePoint now) const noexcept { return now >= give_up_; }
    /// Why there is no connection, once it has timed out.
    [[nodiscard]] Error timeout_error() const noexcept {
        return {failures_ > 0 ? Errc::handshake_failed : Errc::handshake_timeout, "handshake"};
    }

private:
    ClientHandshake(noise::Handshake handshake, ConnectionId id) noexcept;

    noise::Handshake handshake_;
    ConnectionId id_;
    Bytes message_{};
    Bytes cookie_{};
    TimePoint next_hello_{};
    TimePoint give_up_{};
    TimePoint first_sent_{};
    int sent_ = 0;  // with this cookie
    int retries_ = 0;
    int sent_in_all_ = 0;
    int failures_ = 0;  // REPLYs that could not be read
};

/// The server's side, from a HELLO on.
class ServerHandshake {
public:
    /// @return `Errc::handshake_failed`, `Errc::no_identity`, or what is wrong with the payload
    static Result<ServerHandshake> make(const ConnectionConfig& config,
                                        const std::optional<crypto::X25519PrivateKey>& static_key,
                                        const HelloPacket& packet, RandomSource& random);

    [[nodiscard]] const Hello& hello() const noexcept { return hello_; }
    [[nodiscard]] ConnectionId client_id() const noexcept { return client_id_; }
    /// The REPLY as a datagram; once only.
    Result<Bytes> write_reply(Reply reply, ConnectionId id);
    /// After `write_reply`.
    [[nodiscard]] Result<noise::TransportKeys> keys() const;

private:
    ServerHandshake(noise::Handshake handshake, Hello hello, ConnectionId client_id);

    noise::Handshake handshake_;
    Hello hello_;
    ConnectionId client_id_;
};

}  // namespace streamkit::rudp
