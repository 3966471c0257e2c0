#pragma once

// The peer's direction of a stream: putting bytes in order.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "frame.hpp"
#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "varint.hpp"

namespace streamkit::rudp {

/// Reassembles in blocks of 64 KiB, made as bytes come and used again, so that memory follows the
/// bytes that are held and never an offset: at most the window and a constant for bytes, and an
/// eighth of that to tell which of them came.
///
/// What came out of order is marked in a bitmap and not kept as ranges: a peer that leaves a hole
/// behind every byte costs no more time or memory than any other.
class ReceiveStream {
public:
    /// @param window  bytes that may be unread at any time
    explicit ReceiveStream(std::uint64_t window);

    /// Takes a STREAM frame.
    ///
    /// @return by how much the highest offset grew (what counts for the connection's window);
    ///         `Errc::flow_control`, `Errc::final_size`
    Result<std::uint64_t> receive(const StreamFrame& frame);
    /// Takes RESET_STREAM. @return as above; `Errc::final_size`, `Errc::flow_control`
    Result<std::uint64_t> reset(const ResetStreamFrame& frame);

    /// The next bytes in order, in one run: to the end of a block, or of what has come. Valid until
    /// `consume`, `reset`, or the end of the stream.
    [[nodiscard]] BytesView readable() const noexcept;
    /// Takes the first `n` bytes of `readable()` off.
    void consume(std::size_t n) noexcept;
    /// Everything up to the end has been consumed.
    [[nodiscard]] bool at_end() const noexcept;
    [[nodiscard]] std::optional<std::uint64_t> reset_code() const noexcept { return reset_code_; }
    /// The whole stream has come (or was reset): no more credit is needed.
    [[nodiscard]] bool is_complete() const noexcept;

    /// What the peer may send up to; grows as bytes are consumed.
    [[nodiscard]] std::uint64_t max_data() const noexcept {
        return std::min(consumed_ + window_, kMaxVarint);
    }
    /// So much was consumed since the last one that a MAX_STREAM_DATA is worth while: half a window.
    [[nodiscard]] bool should_send_max_data() const noexcept;
    void on_max_data_sent() noexcept { announced_ = max_data(); }

    [[nodiscard]] std::uint64_t consumed() const noexcept { return consumed_; }
    [[nodiscard]] std::uint64_t highest() const noexcept { return highest_; }
    /// Memory in use.
    [[nodiscard]] std::size_t held_bytes() const noexcept;

private:
    static constexpr std::size_t kBlockBytes = 64 * 1024;
    struct Block {
        std::array<std::uint8_t, kBlockBytes> bytes;
        // A bit per byte; of meaning only above `contiguous_end_`, and if `marked`.
        std::array<std::uint64_t, kBlockBytes / 64> came;
        bool marked;  // something came out of order, and `came` was cleared before
    };
    using BlockPtr = std::unique_ptr<Block>;

    Result<std::uint64_t> accept(std::uint64_t end, std::optional<std::uint64_t> final_size);
    void store(std::uint64_t offset, BytesView data);
    [[nodiscard]] Block& block_at(std::uint64_t offset);
    void advance_contiguous_end() noexcept;
    void drop_consumed_blocks(std::uint64_t before) noexcept;
    void drop_all_blocks() noexcept;

    std::uint64_t window_;
    std::uint64_t announced_;
    std::uint64_t consumed_ = 0;
    std::uint64_t contiguous_end_ = 0;  // everything below has come
    std::uint64_t highest_ = 0;
    std::optional<std::uint64_t> final_size_;
    std::optional<std::uint64_t> reset_code_;
    std::deque<BlockPtr> blocks_;    // the first holds `consumed_`; null where nothing came yet
    std::uint64_t first_block_ = 0;  // its offset, a multiple of kBlockBytes
    std::size_t block_count_ = 0;    // in `blocks_`, without the null ones
    bool marked_above_ = false;      // something came above `contiguous_end_`
    std::vector<BlockPtr> spare_;
};

}  // namespace streamkit::rudp
