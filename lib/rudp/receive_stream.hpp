#pragma once

// The peer's direction of a stream: putting bytes in order.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "byte_ranges.hpp"
#include "frame.hpp"
#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::rudp {

/// Reassembles in blocks of 64 KiB, made as bytes come and used again, so that memory follows the
/// bytes that are held and never an offset; at most the window.
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

    /// The next bytes in order, in one run.
    [[nodiscard]] BytesView readable() const noexcept;
    void consume(std::size_t n) noexcept;
    /// Everything up to the end has been consumed.
    [[nodiscard]] bool at_end() const noexcept;
    [[nodiscard]] std::optional<std::uint64_t> reset_code() const noexcept { return reset_code_; }
    /// The whole stream has come (or was reset): no more credit is needed.
    [[nodiscard]] bool is_complete() const noexcept;

    /// What the peer may send up to; grows as bytes are consumed.
    [[nodiscard]] std::uint64_t max_data() const noexcept { return consumed_ + window_; }
    /// So much was consumed since the last one that a MAX_STREAM_DATA is worth while: half a window.
    [[nodiscard]] bool should_send_max_data() const noexcept;
    void on_max_data_sent() noexcept { announced_ = max_data(); }

    [[nodiscard]] std::uint64_t consumed() const noexcept { return consumed_; }
    [[nodiscard]] std::uint64_t highest() const noexcept { return highest_; }
    /// Memory in use.
    [[nodiscard]] std::size_t held_bytes() const noexcept;

private:
    using Block = std::unique_ptr<std::uint8_t[]>;
    std::uint64_t window_;
    std::uint64_t announced_;
    std::uint64_t consumed_ = 0;
    std::uint64_t highest_ = 0;
    std::optional<std::uint64_t> final_size_;
    std::optional<std::uint64_t> reset_code_;
    ByteRanges received_;       // from `consumed_` on
    std::deque<Block> blocks_;  // the first holds `consumed_`; null where nothing came yet
    std::vector<Block> spare_;
};

}  // namespace streamkit::rudp
