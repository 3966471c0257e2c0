#pragma once

// Appends big-endian fields to a growing buffer.

#include <bit>
#include <cstdint>
#include <string_view>
#include <utility>

#include "streamkit/base/assert.hpp"
#include "streamkit/base/bytes.hpp"

namespace streamkit {

/// Writes fields in wire order into its own buffer. Multi-byte integers are big-endian unless the
/// name says `le`.
class ByteWriter {
public:
    ByteWriter() = default;
    /// @param expected_bytes  how much to reserve; only a hint
    explicit ByteWriter(std::size_t expected_bytes) { bytes_.reserve(expected_bytes); }

    void u8(std::uint8_t v) { bytes_.push_back(v); }
    void u16(std::uint16_t v) { big(v, 2); }
    /// The low 24 bits.
    void u24(std::uint32_t v) { big(v, 3); }
    void u32(std::uint32_t v) { big(v, 4); }
    void u64(std::uint64_t v) { big(v, 8); }
    void i16(std::int16_t v) { u16(static_cast<std::uint16_t>(v)); }
    void i24(std::int32_t v) { u24(static_cast<std::uint32_t>(v)); }
    void i32(std::int32_t v) { u32(static_cast<std::uint32_t>(v)); }
    void i64(std::int64_t v) { u64(static_cast<std::uint64_t>(v)); }
    void f64(double v) { u64(std::bit_cast<std::uint64_t>(v)); }
    void u32le(std::uint32_t v) {
        for (int shift = 0; shift < 32; shift += 8)
            u8(static_cast<std::uint8_t>(v >> shift));
    }
    void bytes(BytesView v) { bytes_.insert(bytes_.end(), v.begin(), v.end()); }
    void text(std::string_view v) { bytes(as_bytes(v)); }
    void zeros(std::size_t n) { bytes_.resize(bytes_.size() + n); }

    /// Overwrites four bytes that were written before, such as a length that is known only now.
    void patch_u32(std::size_t offset, std::uint32_t v) noexcept {
        STREAMKIT_ASSERT(offset + 4 <= bytes_.size());
        for (std::size_t i = 0; i < 4; ++i) {
            bytes_[offset + i] = static_cast<std::uint8_t>(v >> (24 - 8 * i));
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    /// What was written so far; valid until the next write.
    [[nodiscard]] BytesView view() const noexcept { return bytes_; }
    /// Hands the bytes over; the writer is empty afterwards.
    [[nodiscard]] Bytes take() noexcept { return std::exchange(bytes_, {}); }

private:
    void big(std::uint64_t v, int n) {
        for (int shift = 8 * (n - 1); shift >= 0; shift -= 8) {
            bytes_.push_back(static_cast<std::uint8_t>(v >> shift));
        }
    }

    Bytes bytes_;
};

}  // namespace streamkit
