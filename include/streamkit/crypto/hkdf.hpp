#pragma once

// HKDF with SHA-256: keys derived from a shared secret (RFC 5869).

#include <cstdint>
#include <span>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/crypto/secret.hpp"

namespace streamkit::crypto {

/// The most that one expansion gives: RFC 5869, 2.3, L <= 255 * HashLen.
inline constexpr std::size_t kMaxHkdfOutputBytes = std::size_t{255} * 32;

/// HKDF-Extract: a pseudorandom key out of input keying material.
///
/// @param salt  may be empty, which means 32 zeros
/// @see RFC 5869, section 2.2
[[nodiscard]] Secret<32> hkdf_extract(BytesView salt, BytesView input_keying_material);

/// HKDF-Expand: fills `output` with keying material for the purpose that `info` names.
///
/// @param pseudorandom_key  at least 32 bytes, usually from `hkdf_extract`
/// @return `Errc::wrong_key_length`, or `Errc::output_too_long` above `kMaxHkdfOutputBytes`;
///         `output` is unchanged then
/// @see RFC 5869, section 2.3
Result<void> hkdf_expand(BytesView pseudorandom_key, BytesView info,
                         std::span<std::uint8_t> output);

}  // namespace streamkit::crypto
