#pragma once

// The Noise protocol framework, revision 34: handshakes of X25519, AES-256-GCM and SHA-256.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/random.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/crypto/secret.hpp"
#include "streamkit/crypto/x25519.hpp"

namespace streamkit::noise {

using Key = crypto::Secret<32>;

enum class Pattern : std::uint8_t {
    nx,      ///< Noise_NX_25519_AESGCM_SHA256: the responder shows its static key
    nx_psk2  ///< Noise_NXpsk2_25519_AESGCM_SHA256: and both prove that they share a secret
};

enum class Role : std::uint8_t { initiator, responder };

struct HandshakeConfig {
    Pattern pattern = Pattern::nx;
    Role role = Role::initiator;
    /// Bytes that both sides must agree on, authenticated and not sent.
    BytesView prologue{};
    /// The responder's; the initiator has none in these patterns.
    std::optional<crypto::X25519PrivateKey> static_key{};
    /// For `nx_psk2`. The initiator learns from the second message whether the other has the same;
    /// the responder from the first transport message.
    std::optional<Key> pre_shared_key{};
};

/// The keys of both directions, once both messages have gone. Noise, 5.2: Split().
struct TransportKeys {
    Key send;
    Key receive;
    /// Identifies the session; the same on both sides, and not secret. Noise, 11.2.
    std::array<std::uint8_t, 32> handshake_hash{};
};

/// The two messages of an NX handshake: "-> e" and "<- e, ee, s, es[, psk]".
///
/// The initiator writes first. A message that cannot be read changes nothing, as anyone can send
/// one: the true one may still come. An error of writing ends the handshake.
class Handshake {
public:
    /// @param random  of the ephemeral key; must be unpredictable outside of tests; used until the
    ///                handshake is done
    /// @return `Errc::missing_key` where the pattern needs a key that was not given
    static Result<Handshake> make(const HandshakeConfig& config, RandomSource& random);
    Handshake(Handshake&&) noexcept;
    Handshake& operator=(Handshake&&) noexcept;
    ~Handshake();

    /// Our next message.
    ///
    /// @param payload  as good as in the clear in the first message, also in that of `nx_psk2`, whose
    ///                 key anyone can compute from the message; secret in the second. Noise, 7.7.
    /// @return `Errc::out_of_turn`, `Errc::message_too_long` (neither changes anything), and
    ///         `crypto::Errc::low_order_point` for the peer's ephemeral key
    Result<Bytes> write_message(BytesView payload);
    /// The peer's next message; gives out its payload.
    ///
    /// @return `Errc::out_of_turn`, `Errc::truncated_message`, `Errc::message_too_long`,
    ///         `Errc::wrong_key` (the secrets differ, or the message was changed),
    ///         `crypto::Errc::low_order_point` for one of the peer's keys
    Result<Bytes> read_message(BytesView message);

    /// Both messages have gone.
    [[nodiscard]] bool finished() const noexcept;
    /// The responder's static key, once the initiator has read its message.
    [[nodiscard]] const std::optional<crypto::X25519PublicKey>& remote_static_key() const noexcept;
    /// @return `Errc::out_of_turn` before the end
    Result<TransportKeys> split() const;

private:
    struct State;
    explicit Handshake(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

/// The key that follows `key`. Noise, 4.2: REKEY, for AESGCM.
[[nodiscard]] Key rekey(const Key& key);

/// Bytes that a handshake adds to its payload: message 1 of `nx` 32, of `nx_psk2` 48; message 2 96.
[[nodiscard]] std::size_t message_overhead(Pattern pattern, int message) noexcept;

/// No Noise message is longer. Noise, 3.
inline constexpr std::size_t kMaxMessageBytes = 65'535;

}  // namespace streamkit::noise
