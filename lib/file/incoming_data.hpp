#pragma once

// The bytes of one Read, as they come on their stream, cut into blocks.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/file/block_layout.hpp"
#include "streamkit/file/protocol.hpp"

namespace streamkit::file {

/// First the header, then, once `begin` said what is expected, blocks.
class IncomingData {
public:
    struct Block {
        std::uint32_t index = 0;
        std::uint64_t offset = 0;
        SharedBuffer bytes{};
    };

    /// Takes bytes off the front until the header is whole. @return as `read_data_header`
    Result<std::optional<DataHeader>> read_header(BytesView& bytes) {
        const auto before = held_.size();
        const auto n = std::min(kMaxDataHeaderBytes - before, bytes.size());
        held_.insert(held_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
        BytesView rest{held_};
        auto header = read_data_header(rest);
        // What is behind the header stays for `read`.
        const bool whole = header && header->has_value();
        bytes = bytes.subspan(whole ? held_.size() - rest.size() - before : n);
        return header;
    }
    /// @param range  whole blocks of the layout, at least one
    void begin(RequestId request, FileRange range, const BlockLayout& layout) {
        request_ = request;
        rest_ = range;
        layout_ = layout;
        held_ = {};
        begun_ = true;
    }
    [[nodiscard]] bool begun() const noexcept { return begun_; }
    [[nodiscard]] RequestId request() const noexcept { return request_; }
    /// All blocks were given out.
    [[nodiscard]] bool complete() const noexcept { return begun_ && rest_.length == 0; }

    /// Takes bytes off the front, up to the end of a block. There must be a block left.
    ///
    /// @return the block, if it is whole now
    std::optional<Block> read(BytesView& bytes) {
        const auto index = layout_.block_at(rest_.offset);
        const auto range = layout_.range(index);
        if (block_.capacity() == 0) {
            block_ = BufferBuilder{static_cast<std::size_t>(range.length)};
        }
        const auto n = std::min(block_.capacity() - block_.size(), bytes.size());
        block_.append(bytes.first(n));
        bytes = bytes.subspan(n);
        if (block_.size() < block_.capacity()) return std::nullopt;
        rest_.offset += range.length;
        rest_.length -= range.length;
        return Block{index, range.offset, block_.finish()};
    }

private:
    Bytes held_;  // of the header
    bool begun_ = false;
    RequestId request_ = 0;
    FileRange rest_{};
    BlockLayout layout_;
    BufferBuilder block_;
};

}  // namespace streamkit::file
