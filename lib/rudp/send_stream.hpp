#pragma once

// Our direction of a stream: what has been written, sent, lost, and delivered.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "byte_ranges.hpp"
#include "span_writer.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/rudp/errc.hpp"

namespace streamkit::rudp {

/// Keeps written buffers until they are delivered. Lost parts go before new ones.
class SendStream {
public:
    enum class State : std::uint8_t { open, finished, delivered, reset };

    explicit SendStream(std::uint64_t max_stream_data) : max_data_(max_stream_data) {}

    // The application's side.
    /// @return `Errc::stream_finished` after `finish` or `reset`, `Errc::send_buffer_full` if the
    ///         stream would become longer than 2^62 - 1 bytes
    Result<void> write(SharedBuffer bytes);
    /// There will be no more. @return `Errc::stream_finished`
    Result<void> finish();
    /// Forgets everything, unless all is delivered. @return the final size for RESET_STREAM: what was ever sent
    std::uint64_t reset();
    [[nodiscard]] State state() const noexcept;
    /// Bytes that are held: all that were written but those at the front that are delivered.
    [[nodiscard]] std::uint64_t buffered() const noexcept;

    // The sender's side.
    void set_max_data(std::uint64_t maximum) noexcept;
    /// There are bytes, or an end, that may leave as far as this stream is concerned.
    ///
    /// @param connection_credit  bytes of new data that the connection's window still takes
    [[nodiscard]] bool has_something_to_send(std::uint64_t connection_credit) const noexcept;
    /// All was sent but for what the peer's window does not take.
    [[nodiscard]] bool is_blocked() const noexcept;

    struct Chunk {
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
        std::uint32_t new_bytes = 0;  ///< of them, sent for the first time: they use up credit
        bool fin = false;
    };
    /// Picks what leaves next, at most `max_bytes`; it counts as sent. Then `copy` it.
    [[nodiscard]] std::optional<Chunk> next_chunk(std::size_t max_bytes,
                                                  std::uint64_t connection_credit);
    /// The chunk must not have been delivered in the meantime.
    void copy(const Chunk& chunk, SpanWriter& out) const;
    void on_acked(std::uint64_t offset, std::uint32_t length, bool fin);
    void on_lost(std::uint64_t offset, std::uint32_t length, bool fin);
    /// The offset behind the last byte that was ever sent.
    [[nodiscard]] std::uint64_t sent_end() const noexcept { return sent_end_; }

private:
    struct Piece {
        std::uint64_t offset;
        SharedBuffer bytes;
        [[nodiscard]] std::uint64_t end() const noexcept { return offset + bytes.size(); }
    };
    [[nodiscard]] std::uint64_t new_bytes_allowed(std::uint64_t connection_credit) const noexcept;
    [[nodiscard]] bool wants_fin() const noexcept;
    [[nodiscard]] std::size_t find_piece(std::uint64_t offset) const noexcept;
    void drop_delivered();

    std::deque<Piece> pieces_;  // from `delivered_up_to_` on
    std::size_t newest_piece_ =
        0;  // where the newest chunk of new bytes began: found without search
    std::uint64_t written_end_ = 0;
    std::uint64_t sent_end_ = 0;
    std::uint64_t delivered_up_to_ = 0;
    std::uint64_t max_data_;
    ByteRanges delivered_;  // above `delivered_up_to_`
    ByteRanges lost_;
    bool fin_written_ = false;
    bool fin_sent_ = false;
    bool fin_lost_ = false;
    bool fin_delivered_ = false;
    bool reset_ = false;
};

}  // namespace streamkit::rudp
