#include "output_queue.hpp"

#include <utility>

#include "streamkit/base/assert.hpp"

namespace streamkit::http {

void OutputQueue::push(SharedBuffer slice) {
    if (slice.empty()) return;
    // Written slices are dropped in one go, once they are more than those that wait.
    if (first_ > 32 && first_ > slices_.size() - first_) {
        slices_.erase(slices_.begin(), slices_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
    bytes_ += slice.size();
    slices_.push_back(std::move(slice));
}

std::span<const SharedBuffer> OutputQueue::pending() const noexcept {
    return std::span{slices_}.subspan(first_);
}

void OutputQueue::consume(std::size_t n) noexcept {
    STREAMKIT_ASSERT(n <= bytes_);
    bytes_ -= n;
    while (n > 0) {
        auto& slice = slices_[first_];
        if (n < slice.size()) {
            slice = slice.slice(n);
            return;
        }
        n -= slice.size();
        slice = {};
        ++first_;
    }
    if (bytes_ == 0) clear();
}

void OutputQueue::clear() noexcept {
    slices_.clear();
    first_ = 0;
    bytes_ = 0;
}

}  // namespace streamkit::http
