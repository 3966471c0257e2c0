#pragma once

// Parameter sets as tests write them: field by field.

#include <cstdint>

#include "streamkit/base/bytes.hpp"

namespace streamkit::test {

/// Appends the descriptors of ITU-T H.264, 7.2, one after the other.
class BitString {
public:
    BitString& u(unsigned n, std::uint32_t value) {
        for (; n > 0; --n) {
            if (bits_ % 8 == 0) bytes_.push_back(0);
            const auto bit = value >> (n - 1) & 1U;
            bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | bit << (7 - bits_ % 8));
            ++bits_;
        }
        return *this;
    }
    BitString& ue(std::uint32_t value) {
        unsigned length = 0;
        while ((std::uint64_t{value} + 1) >> (length + 1) != 0)
            ++length;
        u(length, 0);
        u(1, 1);
        return u(length, value + 1 - (std::uint32_t{1} << length));
    }
    BitString& se(std::int32_t value) {
        const std::int64_t code =
            value > 0 ? std::int64_t{value} * 2 - 1 : std::int64_t{value} * -2;
        return ue(static_cast<std::uint32_t>(code));
    }
    /// With rbsp_trailing_bits().
    [[nodiscard]] Bytes rbsp() {
        u(1, 1);
        return bytes_;
    }

private:
    Bytes bytes_;
    std::size_t bits_ = 0;
};

}  // namespace streamkit::test
