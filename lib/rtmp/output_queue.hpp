#pragma once

// Slices that wait to be sent.

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "streamkit/base/shared_buffer.hpp"

namespace streamkit::rtmp {

class OutputQueue {
public:
    void push(SharedBuffer slice) {
        if (slice.empty()) return;
        size_bytes_ += slice.size();
        slices_.push_back(std::move(slice));
    }

    /// Valid until the next change.
    [[nodiscard]] std::span<const SharedBuffer> slices() const noexcept {
        return std::span{slices_}.subspan(first_);
    }
    [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }

    /// Drops the first `n` bytes.
    void consume(std::size_t n) {
        size_bytes_ -= n;
        while (n > 0) {
            auto& front = slices_[first_];
            if (n < front.size()) {
                front = front.slice(n);
                break;
            }
            n -= front.size();
            front = {};
            ++first_;
        }
        // Moving the rest down only when most is gone keeps the cost per slice constant.
        if (first_ == slices_.size()) {
            slices_.clear();
            first_ = 0;
        } else if (first_ > slices_.size() / 2) {
            slices_.erase(slices_.begin(), slices_.begin() + static_cast<std::ptrdiff_t>(first_));
            first_ = 0;
        }
    }

private:
    std::vector<SharedBuffer> slices_;
    std::size_t first_ = 0;  // those before it were sent
    std::size_t size_bytes_ = 0;
};

}  // namespace streamkit::rtmp
