#pragma once

// A sticky reader of bit fields and Exp-Golomb codes.

#include <cstdint>

#include "streamkit/base/bytes.hpp"

namespace streamkit {

/// Reads bits, most significant first. After a short read every later read gives 0 and `ok()`
/// stays false.
class BitReader {
public:
    /// @param bytes  must outlive the reader
    constexpr explicit BitReader(BytesView bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
    /// Bits read so far; after a short read, where that read began.
    [[nodiscard]] constexpr std::size_t bit_offset() const noexcept { return position_; }
    /// Whole bytes read so far, for error messages.
    [[nodiscard]] constexpr std::size_t offset() const noexcept { return position_ / 8; }
    /// Bits left; 0 after a short read.
    [[nodiscard]] constexpr std::size_t bits_left() const noexcept {
        return ok_ ? bytes_.size() * 8 - position_ : 0;
    }

    /// An unsigned number of `n` bits, 0 to 32.
    [[nodiscard]] constexpr std::uint32_t u(unsigned n) noexcept {
        if (bits_left() < n) {
            ok_ = false;
            return 0;
        }
        std::uint64_t value = 0;
        for (unsigned i = 0; i < n; ++i, ++position_) {
            value = value << 1 | (std::uint32_t{bytes_[position_ / 8]} >> (7 - position_ % 8) & 1U);
        }
        return static_cast<std::uint32_t>(value);
    }
    [[nodiscard]] constexpr bool flag() noexcept { return u(1) != 0; }
    constexpr void skip(std::size_t n) noexcept {
        if (bits_left() < n) {
            ok_ = false;
            return;
        }
        position_ += n;
    }

    /// ue(v), 0 to 2^32 - 2: H.264 9.1. A longer code makes the reader fail.
    [[nodiscard]] constexpr std::uint32_t ue() noexcept {
        unsigned leading_zero_bits = 0;
        while (ok_ && !flag()) {
            if (!ok_ || ++leading_zero_bits > 31) {
                ok_ = false;
                return 0;
            }
        }
        const auto suffix = u(leading_zero_bits);
        if (!ok_) return 0;
        return static_cast<std::uint32_t>((std::uint64_t{1} << leading_zero_bits) - 1 + suffix);
    }
    /// se(v): H.264 9.1.1.
    [[nodiscard]] constexpr std::int32_t se() noexcept {
        const std::int64_t code = ue();
        return static_cast<std::int32_t>(code % 2 != 0 ? (code + 1) / 2 : -(code / 2));
    }

private:
    BytesView bytes_;
    std::size_t position_ = 0;
    bool ok_ = true;
};

}  // namespace streamkit
