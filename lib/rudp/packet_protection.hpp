#pragma once

// Keys of a connection: sealing and opening packets, and changing keys.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "packet.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/noise/handshake.hpp"
#include "streamkit/rudp/config.hpp"

namespace streamkit::rudp {

inline constexpr std::size_t kTagBytes = 16;

/// Both directions of one connection.
///
/// AEAD with the packet number as nonce; header protection as in RFC 9001, 5.4, by AES-256 (a mask
/// key of its own from each Noise key, HKDF-Expand(key, "streamkit rudp header mask", 32), the same
/// for all key phases; the sample is the first 16 bytes behind the header); the next key by Noise's
/// REKEY. With `Protection::plaintext` there is no tag and no mask.
class PacketProtection {
public:
    /// AES-GCM's limit is 2^23 full packets under one key (RFC 9001, 6.6); we change earlier.
    static constexpr std::uint64_t kPacketsPerKey = std::uint64_t{1} << 22;

    /// @param packets_per_key  when `key_is_used_up()` says so; tests make it small
    PacketProtection(const noise::TransportKeys& keys, Protection protection,
                     std::uint64_t packets_per_key = kPacketsPerKey);
    PacketProtection(PacketProtection&&) noexcept;
    PacketProtection& operator=(PacketProtection&&) noexcept;
    ~PacketProtection();

    /// Bytes that a packet has beside its frames.
    [[nodiscard]] std::size_t overhead() const noexcept;
    [[nodiscard]] std::size_t tag_bytes() const noexcept;

    /// Makes a packet in place. Allocates nothing.
    ///
    /// @param packet_number  never the same twice
    /// @param packet  `kShortHeaderBytes` to be filled in here, the frames, and room for
    ///                `tag_bytes()`
    void seal(ConnectionId destination, std::uint64_t packet_number,
              std::span<std::uint8_t> packet);

    struct Opened {
        std::uint64_t packet_number;
        std::span<std::uint8_t> frames;  ///< within the datagram
    };
    /// Undoes `seal`, in place. Allocates only where the peer has changed its key.
    ///
    /// Takes packets of the phase before the current one too, as they may have been overtaken. Does
    /// not know which numbers came before: replays are for `ReceivedPackets` to find.
    ///
    /// @param next_expected  one more than the largest packet number received so far
    /// @return `Errc::datagram_too_short`, `Errc::not_authentic` (the datagram is spoilt then, but
    ///         for its last 16 bytes, where the token of a stateless reset stands)
    Result<Opened> open(std::span<std::uint8_t> datagram, std::uint64_t next_expected);

    /// An acknowledgement of this packet of ours came; the largest number of each is enough.
    void on_acknowledged(std::uint64_t packet_number) noexcept;

    /// Uses the next key for what is sent from now on; the peer follows when it sees it. No effect
    /// before a packet under the key of the last change, ours or the peer's, was acknowledged: the
    /// peer must not miss a whole phase. RFC 9001, 6.1.
    ///
    /// @return whether the key was changed
    bool update_key();
    /// The key phase that we send with; grows by one with each change, ours or the peer's.
    [[nodiscard]] std::uint64_t phase() const noexcept;
    /// Whether so much was sent under this key that it is time for the next.
    [[nodiscard]] bool key_is_used_up() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The token that shows that whoever sends it gave the connection id out: from a secret of the
/// endpoint, so that it needs no state. RFC 9000, 10.3.2.
[[nodiscard]] ResetToken reset_token(BytesView endpoint_secret, ConnectionId id);

}  // namespace streamkit::rudp
