#include "streamkit/noise/handshake.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "cipher_state.hpp"
#include "streamkit/base/assert.hpp"
#include "streamkit/noise/errc.hpp"
#include "symmetric_state.hpp"

namespace streamkit::noise {
namespace {

using crypto::X25519PrivateKey;
using crypto::X25519PublicKey;

constexpr std::size_t kKeyBytes = 32;  // Noise, 12.1: DHLEN
constexpr int kMessages = 2;

constexpr std::string_view protocol_name(Pattern pattern) noexcept {
    return pattern == Pattern::nx ? "Noise_NX_25519_AESGCM_SHA256"
                                  : "Noise_NXpsk2_25519_AESGCM_SHA256";
}

void append(Bytes& message, BytesView bytes) {
    message.insert(message.end(), bytes.begin(), bytes.end());
}

X25519PublicKey take_key(BytesView& message) {
    X25519PublicKey key;
    std::ranges::copy(message.first(kKeyBytes), key.begin());
    message = message.subspan(kKeyBytes);
    return key;
}

}  // namespace

/// Noise, 5.3: HandshakeState, with the two patterns of 7.5 and 9.4 written out. A copy can try a
/// message that may turn out to be forged.
struct Handshake::State {
    SymmetricState symmetric;
    Pattern pattern;
    Role role;
    RandomSource* random;
    std::optional<X25519PrivateKey> static_key;
    std::optional<Key> pre_shared_key;
    std::optional<X25519PrivateKey> ephemeral_key{};
    std::optional<X25519PublicKey> remote_ephemeral_key{};
    std::optional<X25519PublicKey> remote_static_key{};
    int messages = 0;  ///< that have gone, in both directions
    bool failed = false;

    [[nodiscard]] bool may_write() const noexcept { return is_turn_of(role); }
    [[nodiscard]] bool may_read() const noexcept {
        return is_turn_of(role == Role::initiator ? Role::responder : Role::initiator);
    }
    [[nodiscard]] bool is_turn_of(Role who) const noexcept {
        return !failed && messages == (who == Role::initiator ? 0 : 1);
    }

    // The tokens of a message, Noise, 5.3 and 9.2.

    void write_e(Bytes& message) {
        ephemeral_key = X25519PrivateKey::generate(*random);
        const auto public_key = ephemeral_key->public_key();
        append(message, public_key);
        mix_e(public_key);
    }
    void read_e(BytesView& message) {
        remote_ephemeral_key = take_key(message);
        mix_e(*remote_ephemeral_key);
    }
    void mix_e(const X25519PublicKey& public_key) {
        symmetric.mix_hash(public_key);
        // Noise, 9.2: no two sessions with one pre-shared key may use the same keys.
        if (pattern == Pattern::nx_psk2) symmetric.mix_key(public_key);
    }
    void write_s(Bytes& message) {
        append(message, symmetric.encrypt_and_hash(static_key->public_key()));
    }
    Result<void> read_s(BytesView& message) {
        const auto size = kKeyBytes + kTagBytes;
        const auto key = symmetric.decrypt_and_hash(message.first(size));
        if (!key) return key.error();
        BytesView bytes = *key;
        remote_static_key = take_key(bytes);
        message = message.subspan(size);
        return {};
    }
    Result<void> mix_ee() { return mix_shared(*ephemeral_key, *remote_ephemeral_key); }
    Result<void> mix_es() {
        return role == Role::initiator ? mix_shared(*ephemeral_key, *remote_static_key)
                                       : mix_shared(*static_key, *remote_ephemeral_key);
    }
    Result<void> mix_shared(const X25519PrivateKey& ours, const X25519PublicKey& theirs) {
        const auto shared = ours.agree(theirs);
        if (!shared) return shared.error();
        symmetric.mix_key(*shared);
        return {};
    }
    void mix_psk() {
        if (pattern == Pattern::nx_psk2) symmetric.mix_key_and_hash(*pre_shared_key);
    }

    // The messages.

    Result<Bytes> write(BytesView payload) {
        Bytes message;
        write_e(message);
        if (messages == 1) {
            STREAMKIT_TRY(mix_ee());
            write_s(message);
            STREAMKIT_TRY(mix_es());
            mix_psk();
        }
        append(message, symmetric.encrypt_and_hash(payload));
        ++messages;
        return message;
    }
    Result<Bytes> read(BytesView message) {
        read_e(message);
        if (messages == 1) {
            STREAMKIT_TRY(mix_ee());
            STREAMKIT_TRY(read_s(message));
            STREAMKIT_TRY(mix_es());
            mix_psk();
        }
        auto payload = symmetric.decrypt_and_hash(message);
        if (payload) ++messages;
        return payload;
    }
};

Handshake::Handshake(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Handshake::Handshake(Handshake&&) noexcept = default;
Handshake& Handshake::operator=(Handshake&&) noexcept = default;
Handshake::~Handshake() = default;

Result<Handshake> Handshake::make(const HandshakeConfig& config, RandomSource& random) {
    if (config.role == Role::responder && !config.static_key) {
        return Error{Errc::missing_key, "Noise static key"};
    }
    if (config.pattern == Pattern::nx_psk2 && !config.pre_shared_key) {
        return Error{Errc::missing_key, "Noise pre-shared key"};
    }
    SymmetricState symmetric{protocol_name(config.pattern)};
    symmetric.mix_hash(config.prologue);
    return Handshake{std::make_unique<State>(State{
        .symmetric = std::move(symmetric),
        .pattern = config.pattern,
        .role = config.role,
        .random = &random,
        .static_key = config.static_key,
        .pre_shared_key = config.pre_shared_key,
    })};
}

Result<Bytes> Handshake::write_message(BytesView payload) {
    auto& state = *state_;
    if (!state.may_write()) return Error{Errc::out_of_turn, "Noise message"};
    const auto overhead = message_overhead(state.pattern, state.messages + 1);
    if (payload.size() > kMaxMessageBytes - overhead) {
        return Error{Errc::message_too_long, "Noise payload"};
    }
    auto message = state.write(payload);
    // Nothing may be encrypted a second time under the keys of a half-written message.
    if (!message) state.failed = true;
    return message;
}

Result<Bytes> Handshake::read_message(BytesView message) {
    if (!state_->may_read()) return Error{Errc::out_of_turn, "Noise message"};
    if (message.size() > kMaxMessageBytes) return Error{Errc::message_too_long, "Noise message"};
    if (message.size() < message_overhead(state_->pattern, state_->messages + 1)) {
        return Error{Errc::truncated_message, "Noise message", message.size()};
    }
    auto next = *state_;
    auto payload = next.read(message);
    if (payload) *state_ = std::move(next);
    return payload;
}

bool Handshake::finished() const noexcept { return state_->messages == kMessages; }

const std::optional<X25519PublicKey>& Handshake::remote_static_key() const noexcept {
    return state_->remote_static_key;
}

Result<TransportKeys> Handshake::split() const {
    if (!finished()) return Error{Errc::out_of_turn, "Noise split"};
    const auto [initiators, responders] = state_->symmetric.split();
    const bool first = state_->role == Role::initiator;
    return TransportKeys{
        .send = first ? initiators : responders,
        .receive = first ? responders : initiators,
        .handshake_hash = state_->symmetric.handshake_hash(),
    };
}

Key rekey(const Key& key) {
    // Noise, 4.2: the first 32 bytes of ENCRYPT(k, maxnonce, zerolen, zeros).
    auto ciphertext = encrypt(key, kMaxNonce, {}, Bytes(32));
    Key next;
    std::copy_n(ciphertext.begin(), next.view().size(), next.writable().begin());
    crypto::cleanse(ciphertext);
    return next;
}

std::size_t message_overhead(Pattern pattern, int message) noexcept {
    STREAMKIT_ASSERT(message == 1 || message == 2);
    if (message == 1) return kKeyBytes + (pattern == Pattern::nx_psk2 ? kTagBytes : 0);
    return kKeyBytes + (kKeyBytes + kTagBytes) + kTagBytes;  // e, s, and the tag of the payload
}

}  // namespace streamkit::noise
