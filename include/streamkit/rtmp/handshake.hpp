#pragma once

// The handshake in front of the chunk stream: simple, or signed with digests.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/random.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/rtmp/errc.hpp"

namespace streamkit::rtmp {

/// Simple: RTMP 1.0, 5.2. Digest: the "complex" handshake of Flash Player 9.0.115 and later, which
/// signs both sides' bytes with HMAC-SHA-256 under well-known keys; it proves nothing, but some
/// peers insist on it.
enum class HandshakeKind : std::uint8_t { simple, digest };

/// The bytes of C1, S1, C2 and S2 each.
inline constexpr std::size_t kHandshakeBytes = 1536;

/// The server's half: reads C0, C1 and C2; writes S0, S1 and S2 as soon as C1 is there.
///
/// It answers in the kind, and for digests in the layout, that the client used.
class ServerHandshake {
public:
    /// @param random  must outlive the handshake
    explicit ServerHandshake(RandomSource& random) : random_(&random) {}

    /// Takes bytes from the front of `input` until the handshake is complete or all are taken; what
    /// is left belongs to the chunk stream.
    ///
    /// @return `Errc::unsupported_version`, or `Errc::http_request` and `Errc::tls_client_hello`
    ///         where the bytes show that the client speaks something else
    Result<void> handle_input(BytesView& input);
    [[nodiscard]] bool done() const noexcept { return done_; }
    /// What is to be sent now; empty if nothing is.
    [[nodiscard]] Bytes take_output() noexcept;
    /// What the client used; known once there is output.
    [[nodiscard]] HandshakeKind kind() const noexcept { return kind_; }

private:
    void answer();

    RandomSource* random_;
    Bytes received_;  // C0 and C1
    Bytes output_;
    std::size_t c2_bytes_ = 0;
    HandshakeKind kind_ = HandshakeKind::simple;
    bool done_ = false;
};

/// The client's half: writes C0 and C1, reads S0, S1 and S2, writes C2.
class ClientHandshake {
public:
    /// @param kind  digest falls back to simple if the server's S1 is not signed
    ClientHandshake(HandshakeKind kind, RandomSource& random);

    /// As for the server.
    ///
    /// @return `Errc::unsupported_version`
    Result<void> handle_input(BytesView& input);
    [[nodiscard]] bool done() const noexcept { return done_; }
    [[nodiscard]] Bytes take_output() noexcept;
    /// What both sides agreed on; known once S1 is there.
    [[nodiscard]] HandshakeKind kind() const noexcept { return kind_; }

private:
    void answer();

    RandomSource* random_;
    HandshakeKind kind_;
    Bytes received_;  // S0 and S1
    Bytes output_;
    std::size_t s2_bytes_ = 0;
    bool done_ = false;
};

}  // namespace streamkit::rtmp
