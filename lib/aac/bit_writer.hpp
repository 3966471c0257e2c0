#pragma once

// Appends bit fields, most significant bit first.

#include <cstddef>
#include <cstdint>
#include <utility>

#include "streamkit/base/bytes.hpp"

namespace streamkit::aac {

class BitWriter {
public:
    /// The low `n` bits of `value`.
    void u(unsigned n, std::uint32_t value) {
        for (; n > 0; --n) {
            if (bits_ % 8 == 0) bytes_.push_back(0);
            const auto bit = value >> (n - 1) & 1U;
            bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | bit << (7 - bits_ % 8));
            ++bits_;
        }
    }
    void flag(bool value) { u(1, value ? 1 : 0); }
    /// Zero bits up to the next whole byte.
    void align() noexcept { bits_ = bytes_.size() * 8; }
    [[nodiscard]] Bytes take() noexcept { return std::exchange(bytes_, {}); }

private:
    Bytes bytes_;
    std::size_t bits_ = 0;
};

}  // namespace streamkit::aac
