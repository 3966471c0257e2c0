#pragma once

// The unit of fan-out: one run of bytes, made once, read by many.

#include <cstddef>
#include <span>

#include "streamkit/base/bytes.hpp"

namespace streamkit {

/// An immutable slice of a reference-counted block. Copying a `SharedBuffer` copies a pointer; the
/// bytes are never copied on their way to a socket. Slices of one block may live on any thread.
class SharedBuffer {
public:
    constexpr SharedBuffer() noexcept = default;
    SharedBuffer(const SharedBuffer& other) noexcept;
    SharedBuffer(SharedBuffer&& other) noexcept;
    SharedBuffer& operator=(const SharedBuffer& other) noexcept;
    SharedBuffer& operator=(SharedBuffer&& other) noexcept;
    ~SharedBuffer();

    /// One allocation, one copy.
    [[nodiscard]] static SharedBuffer copy_of(BytesView bytes);
    /// Takes the vector over without copying its bytes.
    [[nodiscard]] static SharedBuffer take(Bytes&& bytes);
    /// Refers to bytes that live for ever (a constant, an embedded file).
    [[nodiscard]] static SharedBuffer from_static(BytesView bytes) noexcept;

    [[nodiscard]] const std::uint8_t* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// Lives as long as this buffer or any slice of the same block.
    [[nodiscard]] BytesView view() const noexcept { return {data_, size_}; }
    operator BytesView() const noexcept { return view(); }

    /// `count` bytes from `offset` on, sharing the block; both are clamped to what is there.
    [[nodiscard]] SharedBuffer slice(std::size_t offset,
                                     std::size_t count = SIZE_MAX) const noexcept;

    /// Compares the bytes.
    friend bool operator==(const SharedBuffer& a, const SharedBuffer& b) noexcept;

private:
    friend class BufferBuilder;
    struct Block;
    SharedBuffer(Block* block, const std::uint8_t* data, std::size_t size) noexcept
        : block_(block), data_(data), size_(size) {}

    Block* block_ = nullptr;  // null for bytes that live for ever
    const std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Fills a block of a capacity that is known beforehand and turns it into a `SharedBuffer` without
/// copying.
class BufferBuilder {
public:
    BufferBuilder() noexcept = default;
    /// @param capacity  bytes; allocated at once, not zeroed
    explicit BufferBuilder(std::size_t capacity);
    BufferBuilder(BufferBuilder&& other) noexcept;
    BufferBuilder& operator=(BufferBuilder&& other) noexcept;
    BufferBuilder(const BufferBuilder&) = delete;
    BufferBuilder& operator=(const BufferBuilder&) = delete;
    ~BufferBuilder();

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    /// The part that is not filled yet: write there, then `commit`.
    [[nodiscard]] std::span<std::uint8_t> free_space() noexcept;
    /// Counts the first `n` bytes of `free_space()` as filled.
    void commit(std::size_t n) noexcept;
    /// Appends; `bytes` must fit into the free space.
    void append(BytesView bytes) noexcept;
    /// The filled part; the builder is empty and has no capacity afterwards.
    [[nodiscard]] SharedBuffer finish() noexcept;

private:
    SharedBuffer::Block* block_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace streamkit
