#pragma once

// Which blocks of a file are there.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "streamkit/base/assert.hpp"

namespace streamkit::file {

/// A set of the numbers from 0 to `capacity - 1`, one bit each.
class BlockSet {
public:
    BlockSet() = default;
    explicit BlockSet(std::uint32_t capacity)
        : words_((std::size_t{capacity} + kBits - 1) / kBits), capacity_(capacity) {}

    [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
    [[nodiscard]] bool full() const noexcept { return count_ == capacity_; }
    [[nodiscard]] bool contains(std::uint32_t block) const noexcept {
        STREAMKIT_ASSERT(block < capacity_);
        return (words_[block / kBits] & bit(block)) != 0;
    }
    /// @return whether it was not there before
    bool insert(std::uint32_t block) noexcept {
        if (contains(block)) return false;
        words_[block / kBits] |= bit(block);
        ++count_;
        return true;
    }
    void insert(std::uint32_t first, std::uint32_t count) noexcept {
        for (std::uint32_t i = 0; i < count; ++i)
            insert(first + i);
    }
    /// @return whether it was there before
    bool erase(std::uint32_t block) noexcept {
        if (!contains(block)) return false;
        words_[block / kBits] &= ~bit(block);
        --count_;
        return true;
    }
    /// The first one from `from` on that is in the set; `capacity()` if there is none.
    [[nodiscard]] std::uint32_t next_in(std::uint32_t from) const noexcept { return next(from, 0); }
    /// The first one from `from` on that is not in the set; `capacity()` if there is none.
    [[nodiscard]] std::uint32_t next_out(std::uint32_t from) const noexcept {
        return next(from, ~std::uint64_t{0});
    }

    friend bool operator==(const BlockSet&, const BlockSet&) = default;

private:
    static constexpr std::uint32_t kBits = 64;
    static constexpr std::uint64_t bit(std::uint32_t block) noexcept {
        return std::uint64_t{1} << block % kBits;
    }
    [[nodiscard]] std::uint32_t next(std::uint32_t from, std::uint64_t flip) const noexcept {
        if (from >= capacity_) return capacity_;
        auto word = from / kBits;
        auto found = (words_[word] ^ flip) & (~std::uint64_t{0} << from % kBits);
        while (found == 0 && ++word < words_.size())
            found = words_[word] ^ flip;
        if (found == 0) return capacity_;
        const auto block = word * kBits + static_cast<std::uint32_t>(std::countr_zero(found));
        return block < capacity_ ? block : capacity_;
    }

    std::vector<std::uint64_t> words_;
    std::uint32_t capacity_ = 0;
    std::uint32_t count_ = 0;
};

}  // namespace streamkit::file
