#include "streamkit/base/shared_buffer.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <utility>

#include "streamkit/base/assert.hpp"

namespace streamkit {

// Either the bytes follow the block in the same allocation, or `owned` holds a vector that was
// taken over.
struct SharedBuffer::Block {
    std::atomic<std::uint32_t> references{1};
    Bytes owned;

    static Block* allocate(std::size_t capacity) {
        void* memory = ::operator new(sizeof(Block) + capacity);
        return new (memory) Block;
    }
    std::uint8_t* storage() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }

    static void acquire(Block* block) noexcept {
        if (block != nullptr) block->references.fetch_add(1, std::memory_order_relaxed);
    }
    static void release(Block* block) noexcept {
        if (block == nullptr) return;
        // The last owner must see everything the others did to the bytes before they let go.
        if (block->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        block->~Block();
        ::operator delete(block);
    }
};

SharedBuffer::SharedBuffer(const SharedBuffer& other) noexcept
    : block_(other.block_), data_(other.data_), size_(other.size_) {
    Block::acquire(block_);
}

SharedBuffer::SharedBuffer(SharedBuffer&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

SharedBuffer& SharedBuffer::operator=(const SharedBuffer& other) noexcept {
    return *this = SharedBuffer{other};
}

SharedBuffer& SharedBuffer::operator=(SharedBuffer&& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

SharedBuffer::~SharedBuffer() { Block::release(block_); }

SharedBuffer SharedBuffer::copy_of(BytesView bytes) {
    BufferBuilder builder{bytes.size()};
    builder.append(bytes);
    return builder.finish();
}

SharedBuffer SharedBuffer::take(Bytes&& bytes) {
    if (bytes.empty()) return {};
    auto* block = Block::allocate(0);
    block->owned = std::move(bytes);
    return {block, block->owned.data(), block->owned.size()};
}

SharedBuffer SharedBuffer::from_static(BytesView bytes) noexcept {
    return {nullptr, bytes.data(), bytes.size()};
}

SharedBuffer SharedBuffer::slice(std::size_t offset, std::size_t count) const noexcept {
    offset = std::min(offset, size_);
    count = std::min(count, size_ - offset);
    if (count == 0) return {};
    Block::acquire(block_);
    return {block_, data_ + offset, count};
}

bool operator==(const SharedBuffer& a, const SharedBuffer& b) noexcept {
    return std::ranges::equal(a.view(), b.view());
}

BufferBuilder::BufferBuilder(std::size_t capacity)
    : block_(capacity != 0 ? SharedBuffer::Block::allocate(capacity) : nullptr),
      capacity_(capacity) {}

BufferBuilder::BufferBuilder(BufferBuilder&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

BufferBuilder& BufferBuilder::operator=(BufferBuilder&& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
}

BufferBuilder::~BufferBuilder() { SharedBuffer::Block::release(block_); }

std::span<std::uint8_t> BufferBuilder::free_space() noexcept {
    if (block_ == nullptr) return {};
    return {block_->storage() + size_, capacity_ - size_};
}

void BufferBuilder::commit(std::size_t n) noexcept {
    STREAMKIT_ASSERT(n <= capacity_ - size_);
    size_ += n;
}

void BufferBuilder::append(BytesView bytes) noexcept {
    STREAMKIT_ASSERT(bytes.size() <= capacity_ - size_);
    if (bytes.empty()) return;
    std::memcpy(block_->storage() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
}

SharedBuffer BufferBuilder::finish() noexcept {
    capacity_ = 0;
    const auto size = std::exchange(size_, 0);
    auto* block = std::exchange(block_, nullptr);
    if (block == nullptr) return {};
    return {block, block->storage(), size};
}

}  // namespace streamkit
