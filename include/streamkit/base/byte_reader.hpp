#pragma once

// A sticky reader of big-endian wire formats.

#include <bit>
#include <cstdint>

#include "streamkit/base/bytes.hpp"

namespace streamkit {

/// Reads fields in wire order. After a short read every later read gives 0 (or an empty view) and
/// `ok()` stays false, so a parser reads all its fields and checks once. One read per expression:
/// C++ does not order two.
///
/// Multi-byte integers are big-endian unless the name says `le`.
class ByteReader {
public:
    /// @param bytes  must outlive the reader and every view it gives out
    constexpr explicit ByteReader(BytesView bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
    /// Bytes read so far; after a short read, where that read began.
    [[nodiscard]] constexpr std::size_t offset() const noexcept { return offset_; }
    /// Bytes left; 0 after a short read.
    [[nodiscard]] constexpr std::size_t remaining() const noexcept {
        return ok_ ? bytes_.size() - offset_ : 0;
    }
    [[nodiscard]] constexpr bool at_end() const noexcept { return remaining() == 0; }

    [[nodiscard]] constexpr std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(big(1)); }
    [[nodiscard]] constexpr std::uint16_t u16() noexcept {
        return static_cast<std::uint16_t>(big(2));
    }
    [[nodiscard]] constexpr std::uint32_t u24() noexcept {
        return static_cast<std::uint32_t>(big(3));
    }
    [[nodiscard]] constexpr std::uint32_t u32() noexcept {
        return static_cast<std::uint32_t>(big(4));
    }
    [[nodiscard]] constexpr std::uint64_t u64() noexcept { return big(8); }
    [[nodiscard]] constexpr std::int16_t i16() noexcept { return static_cast<std::int16_t>(u16()); }
    /// A 24-bit two's complement number, sign-extended.
    [[nodiscard]] constexpr std::int32_t i24() noexcept {
        return static_cast<std::int32_t>(u24() << 8) >> 8;
    }
    [[nodiscard]] constexpr std::int32_t i32() noexcept { return static_cast<std::int32_t>(u32()); }
    [[nodiscard]] constexpr std::int64_t i64() noexcept { return static_cast<std::int64_t>(u64()); }
    /// IEEE 754 binary64.
    [[nodiscard]] double f64() noexcept { return std::bit_cast<double>(u64()); }
    [[nodiscard]] constexpr std::uint32_t u32le() noexcept {
        const auto v = u32();
        return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24;
    }

    /// The next `n` bytes; empty after a short read. Lives as long as the input.
    [[nodiscard]] constexpr BytesView bytes(std::size_t n) noexcept {
        if (!take(n)) return {};
        return bytes_.subspan(offset_ - n, n);
    }
    /// All bytes that are left.
    [[nodiscard]] constexpr BytesView rest() noexcept { return bytes(remaining()); }
    constexpr void skip(std::size_t n) noexcept { static_cast<void>(take(n)); }

private:
    constexpr bool take(std::size_t n) noexcept {
        if (!ok_ || bytes_.size() - offset_ < n) {
            ok_ = false;
            return false;
        }
        offset_ += n;
        return true;
    }
    constexpr std::uint64_t big(std::size_t n) noexcept {
        if (!take(n)) return 0;
        std::uint64_t value = 0;
        for (auto i = offset_ - n; i < offset_; ++i)
            value = value << 8 | bytes_[i];
        return value;
    }

    BytesView bytes_;
    std::size_t offset_ = 0;
    bool ok_ = true;
};

}  // namespace streamkit
