#include "packet_protection.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "streamkit/base/assert.hpp"
#include "streamkit/base/byte_reader.hpp"
#include "streamkit/crypto/aead.hpp"
#include "streamkit/crypto/header_mask.hpp"
#include "streamkit/crypto/hkdf.hpp"
#include "streamkit/crypto/sha256.hpp"

namespace streamkit::rudp {
namespace {

using crypto::Aead;
using crypto::HeaderMask;

constexpr std::uint8_t kShortForm = 0x40;
constexpr std::uint8_t kPhaseBit = 0x20;
constexpr std::uint8_t kMaskedBits = 0x3f;  // of the first byte
constexpr std::size_t kNumberOffset = 9;
constexpr std::size_t kNumberBytes = 4;

static_assert(kTagBytes == crypto::kAeadTagBytes);
// The sample begins behind the packet number, so the tag alone is enough for it: RFC 9001, 5.4.2.
static_assert(kTagBytes >= crypto::kHeaderMaskSampleBytes);

/// Noise, 12.4: 32 bits of zeros, then the big-endian number.
std::array<std::uint8_t, crypto::kAeadNonceBytes> nonce_of(std::uint64_t packet_number) noexcept {
    std::array<std::uint8_t, crypto::kAeadNonceBytes> nonce{};
    SpanWriter out{std::span{nonce}.last(8)};
    out.u64(packet_number);
    return nonce;
}

/// One phase's key, ready for use.
struct PhaseKey {
    explicit PhaseKey(const noise::Key& k)
        : key(k), aead(Aead::make(crypto::AeadAlgorithm::aes_256_gcm, k).value()) {}
    [[nodiscard]] PhaseKey next() const { return PhaseKey{noise::rekey(key)}; }

    noise::Key key;
    Aead aead;
};

HeaderMask header_mask_of(const noise::Key& key) {
    constexpr std::string_view kInfo = "streamkit rudp header mask";
    const Bytes info{kInfo.begin(), kInfo.end()};
    crypto::Secret<crypto::kHeaderMaskKeyBytes> mask_key;
    crypto::hkdf_expand(key, info, mask_key.writable()).value();
    return HeaderMask::make(mask_key).value();
}

/// Masks or unmasks: RFC 9001, 5.4.1, with six bits of the first byte.
void apply_mask(HeaderMask& header_mask, std::span<std::uint8_t> packet) {
    const auto sample = packet.subspan<kShortHeaderBytes, crypto::kHeaderMaskSampleBytes>();
    const auto mask = header_mask.mask(sample);
    packet[0] = static_cast<std::uint8_t>(packet[0] ^ (mask[0] & kMaskedBits));
    for (std::size_t i = 0; i < kNumberBytes; ++i)
        packet[kNumberOffset + i] ^= mask[1 + i];
}

struct Sender {
    explicit Sender(const noise::Key& k) : key(k), mask(header_mask_of(k)) {}

    void advance() {
        key = key.next();
        ++phase;
        packets = 0;
        acknowledged = false;
    }

    PhaseKey key;
    HeaderMask mask;
    std::uint64_t phase = 0;
    std::uint64_t packets = 0;       ///< sealed under this key
    std::uint64_t first_packet = 0;  ///< the number of the first of them
    /// Whether the peer has one of them. There is no phase that it could miss before the first.
    bool acknowledged = true;
};

struct Receiver {
    explicit Receiver(const noise::Key& k)
        : current(k), next(current.next()), mask(header_mask_of(k)) {}

    /// The key that a packet must be under, by its phase bit and number: RFC 9001, 6.3 and 6.5.
    ///
    /// One key for each packet, so a forged one costs one attempt. Numbers only grow, so a packet of
    /// the phase before has a lower one than all of the current phase, and one of the next a higher.
    Aead& key_of(bool phase_bit, std::uint64_t packet_number) {
        if (phase_bit == ((phase & 1) != 0)) return current.aead;
        if (previous && packet_number < first_packet) return previous->aead;
        return next.aead;
    }

    /// Remembers that a packet was authentic.
    ///
    /// @return whether it is the first one of the next phase
    bool opened(bool phase_bit, std::uint64_t packet_number) {
        if (phase_bit == ((phase & 1) != 0)) {
            first_packet = std::min(first_packet, packet_number);
            return false;
        }
        if (previous && packet_number < first_packet) return false;
        previous = std::move(current);
        current = std::move(next);
        next = current.next();
        ++phase;
        first_packet = packet_number;
        return true;
    }

    std::optional<PhaseKey> previous{};  ///< for packets that were overtaken by the change
    PhaseKey current;
    PhaseKey next;  ///< made in advance: no work, and no telling delay, for a flipped phase bit
    HeaderMask mask;
    std::uint64_t phase = 0;
    std::uint64_t first_packet = 0;  ///< the lowest number seen in this phase
};

struct Keys {
    explicit Keys(const noise::TransportKeys& keys) : send(keys.send), receive(keys.receive) {}
    Sender send;
    Receiver receive;
};

}  // namespace

struct PacketProtection::State {
    std::optional<Keys> keys{};  ///< none: plaintext
    std::uint64_t packets_per_key = kPacketsPerKey;
};

PacketProtection::PacketProtection(const noise::TransportKeys& keys, Protection protection,
                                   std::uint64_t packets_per_key)
    : state_(std::make_unique<State>()) {
    if (protection != Protection::plaintext) state_->keys.emplace(keys);
    state_->packets_per_key = packets_per_key;
}
PacketProtection::PacketProtection(PacketProtection&&) noexcept = default;
PacketProtection& PacketProtection::operator=(PacketProtection&&) noexcept = default;
PacketProtection::~PacketProtection() = default;

std::size_t PacketProtection::overhead() const noexcept { return kShortHeaderBytes + tag_bytes(); }

std::size_t PacketProtection::tag_bytes() const noexcept { return state_->keys ? kTagBytes : 0; }

void PacketProtection::seal(ConnectionId destination, std::uint64_t packet_number,
                            std::span<std::uint8_t> packet) {
    STREAMKIT_ASSERT(packet.size() >= overhead() && packet_number <= kMaxPacketNumber);
    auto* send = state_->keys ? &state_->keys->send : nullptr;

    SpanWriter out{packet};
    const bool phase_bit = send != nullptr && (send->phase & 1) != 0;
    out.u8(kShortForm | (phase_bit ? kPhaseBit : 0));
    out.u64(destination);
    out.u32(static_cast<std::uint32_t>(packet_number));
    if (send == nullptr) return;

    const auto rest = packet.subspan(kShortHeaderBytes);
    [[maybe_unused]] const auto sealed = send->key.aead.seal(
        nonce_of(packet_number), out.written(), rest.first(rest.size() - kTagBytes), rest);
    STREAMKIT_ASSERT(sealed);
    if (send->packets++ == 0) send->first_packet = packet_number;
    apply_mask(send->mask, packet);
}

Result<PacketProtection::Opened> PacketProtection::open(std::span<std::uint8_t> datagram,
                                                        std::uint64_t next_expected) {
    if (datagram.size() < overhead()) {
        return Error{Errc::datagram_too_short, "short packet", datagram.size()};
    }
    auto* keys = state_->keys ? &*state_->keys : nullptr;
    if (keys != nullptr) apply_mask(keys->receive.mask, datagram);

    ByteReader in{datagram.subspan(kNumberOffset, kNumberBytes)};
    const auto packet_number = expand_packet_number(in.u32(), next_expected);
    const auto rest = datagram.subspan(kShortHeaderBytes);
    if (keys == nullptr) return Opened{packet_number, rest};

    const bool phase_bit = (datagram[0] & kPhaseBit) != 0;
    auto& aead = keys->receive.key_of(phase_bit, packet_number);
    const auto header = datagram.first(kShortHeaderBytes);
    if (!aead.open(nonce_of(packet_number), header, rest, rest)) {
        return Error{Errc::not_authentic, "short packet"};
    }
    // RFC 9001, 6.2: who sees a change follows before sending anything more.
    const bool changed = keys->receive.opened(phase_bit, packet_number);
    if (changed && keys->send.phase < keys->receive.phase) keys->send.advance();
    return Opened{packet_number, rest.first(rest.size() - kTagBytes)};
}

void PacketProtection::on_acknowledged(std::uint64_t packet_number) noexcept {
    if (!state_->keys) return;
    auto& send = state_->keys->send;
    if (send.packets > 0 && packet_number >= send.first_packet) send.acknowledged = true;
}

bool PacketProtection::update_key() {
    if (!state_->keys) return false;
    auto& keys = *state_->keys;
    // RFC 9001, 6.1. A packet of the peer's in our phase does not show that it has one of ours: it
    // may have changed by itself, and would take two changes for none, as there is one bit for both.
    if (keys.send.phase != keys.receive.phase || !keys.send.acknowledged) return false;
    keys.send.advance();
    return true;
}

std::uint64_t PacketProtection::phase() const noexcept {
    return state_->keys ? state_->keys->send.phase : 0;
}

bool PacketProtection::key_is_used_up() const noexcept {
    return state_->keys && state_->keys->send.packets >= state_->packets_per_key;
}

ResetToken reset_token(BytesView endpoint_secret, ConnectionId id) {
    constexpr std::string_view kPurpose = "stateless reset";
    crypto::HmacSha256 hmac{endpoint_secret};
    hmac.update(Bytes{kPurpose.begin(), kPurpose.end()});
    std::array<std::uint8_t, 8> id_bytes;
    SpanWriter{id_bytes}.u64(id);
    hmac.update(id_bytes);
    const auto code = hmac.finish();
    ResetToken token;
    std::copy_n(code.begin(), token.size(), token.begin());
    return token;
}

}  // namespace streamkit::rudp
