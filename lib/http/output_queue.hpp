#pragma once

// Slices that wait to be written, in order.

#include <cstddef>
#include <span>
#include <vector>

#include "streamkit/base/shared_buffer.hpp"

namespace streamkit::http {

class OutputQueue {
public:
    /// Empty slices are ignored.
    void push(SharedBuffer slice);
    /// Valid until the next `push` or `consume`.
    [[nodiscard]] std::span<const SharedBuffer> pending() const noexcept;
    /// The first `n` bytes have been written.
    void consume(std::size_t n) noexcept;
    void clear() noexcept;

    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] bool empty() const noexcept { return bytes_ == 0; }

private:
    std::vector<SharedBuffer> slices_;
    std::size_t first_ = 0;  // slices before it have been written in full
    std::size_t bytes_ = 0;
};

}  // namespace streamkit::http
