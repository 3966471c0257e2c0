#pragma once

// Bytes that must not outlive their use, and comparing them without a trace in the time it takes.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/crypto/errc.hpp"

namespace streamkit::crypto {

/// Overwrites with zeros, in a way that the compiler does not leave out.
void cleanse(std::span<std::uint8_t> bytes) noexcept;

/// Are both the same? The time depends on the lengths only.
[[nodiscard]] bool equal_in_constant_time(BytesView a, BytesView b) noexcept;

/// `N` secret bytes, overwritten when they go away.
template <std::size_t N>
class Secret {
public:
    /// All zeros.
    Secret() noexcept = default;
    Secret(const Secret&) noexcept = default;
    Secret& operator=(const Secret&) noexcept = default;
    ~Secret() { cleanse(bytes_); }

    /// @return `Errc::wrong_key_length` unless there are exactly `N` bytes
    static Result<Secret> copy_of(BytesView bytes) {
        if (bytes.size() != N) return Error{Errc::wrong_key_length, "secret"};
        Secret secret;
        std::ranges::copy(bytes, secret.bytes_.begin());
        return secret;
    }

    /// Where the secret is to be written.
    [[nodiscard]] std::span<std::uint8_t> writable() noexcept { return bytes_; }
    /// Lives as long as the secret.
    [[nodiscard]] BytesView view() const noexcept { return bytes_; }
    operator BytesView() const noexcept { return bytes_; }

    friend bool operator==(const Secret& a, const Secret& b) noexcept {
        return equal_in_constant_time(a.bytes_, b.bytes_);
    }

private:
    std::array<std::uint8_t, N> bytes_{};
};

}  // namespace streamkit::crypto
