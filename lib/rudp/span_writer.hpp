#pragma once

// Writes fields into a buffer of fixed size, without allocating.

#include <algorithm>
#include <cstdint>
#include <span>

#include "streamkit/base/assert.hpp"
#include "streamkit/base/bytes.hpp"
#include "varint.hpp"

namespace streamkit::rudp {

/// Big-endian fields, in wire order. Whoever writes has made sure of the room with `remaining()`.
class SpanWriter {
public:
    explicit SpanWriter(std::span<std::uint8_t> out) noexcept : out_(out) {}

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t remaining() const noexcept { return out_.size() - size_; }
    [[nodiscard]] std::span<std::uint8_t> written() const noexcept { return out_.first(size_); }
    /// The room that is left, to be filled from outside; then `skip`.
    [[nodiscard]] std::span<std::uint8_t> free_space() const noexcept {
        return out_.subspan(size_);
    }

    void u8(std::uint8_t v) noexcept { big(v, 1); }
    void u16(std::uint16_t v) noexcept { big(v, 2); }
    void u32(std::uint32_t v) noexcept { big(v, 4); }
    void u64(std::uint64_t v) noexcept { big(v, 8); }
    /// @see RFC 9000, section 16
    void varint(std::uint64_t v) noexcept {
        STREAMKIT_ASSERT(v <= kMaxVarint);
        switch (varint_size(v)) {
            case 1:
                return big(v, 1);
            case 2:
                return big(v | 0x4000, 2);
            case 4:
                return big(v | 0x8000'0000, 4);
            default:
                return big(v | 0xc000'0000'0000'0000, 8);
        }
    }
    void bytes(BytesView v) noexcept {
        STREAMKIT_ASSERT(v.size() <= remaining());
        std::copy(v.begin(), v.end(), out_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += v.size();
    }
    void zeros(std::size_t n) noexcept {
        STREAMKIT_ASSERT(n <= remaining());
        std::fill_n(out_.begin() + static_cast<std::ptrdiff_t>(size_), n, std::uint8_t{0});
        size_ += n;
    }
    void skip(std::size_t n) noexcept {
        STREAMKIT_ASSERT(n <= remaining());
        size_ += n;
    }

private:
    void big(std::uint64_t v, std::size_t n) noexcept {
        STREAMKIT_ASSERT(n <= remaining());
        for (std::size_t i = 0; i < n; ++i)
            out_[size_ + i] = static_cast<std::uint8_t>(v >> (8 * (n - 1 - i)));
        size_ += n;
    }

    std::span<std::uint8_t> out_;
    std::size_t size_ = 0;
};

}  // namespace streamkit::rudp
