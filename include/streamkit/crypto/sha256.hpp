#pragma once

// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104).

#include <array>
#include <cstdint>
#include <memory>

#include "streamkit/base/bytes.hpp"

namespace streamkit::crypto {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// The digest of one run of bytes.
///
/// @throws std::bad_alloc
[[nodiscard]] Sha256Digest sha256(BytesView bytes);

/// The digest of bytes that come in pieces. A copy goes on from where the original stands.
class Sha256 {
public:
    /// @throws std::bad_alloc
    Sha256();
    Sha256(const Sha256& other);
    Sha256& operator=(const Sha256& other);
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();

    void update(BytesView bytes);
    /// The digest of everything since the construction or the last `finish()`; starts anew.
    [[nodiscard]] Sha256Digest finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The code that proves that who made it knows `key`.
///
/// @param key  of any length, also none
/// @throws std::bad_alloc
[[nodiscard]] Sha256Digest hmac_sha256(BytesView key, BytesView message);

/// HMAC-SHA-256 of a message that comes in pieces.
class HmacSha256 {
public:
    /// @param key  of any length, also none
    /// @throws std::bad_alloc
    explicit HmacSha256(BytesView key);
    HmacSha256(HmacSha256&&) noexcept;
    HmacSha256& operator=(HmacSha256&&) noexcept;
    ~HmacSha256();

    void update(BytesView bytes);
    /// The code of everything since the construction or the last `finish()`; starts anew with the
    /// same key.
    [[nodiscard]] Sha256Digest finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace streamkit::crypto
