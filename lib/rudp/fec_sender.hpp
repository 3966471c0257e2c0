#pragma once

// Blocks of message parts and their repair symbols, on the sending side.

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "fec_plan.hpp"
#include "frame.hpp"
#include "sent_packets.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"
#include "streamkit/fec/reed_solomon.hpp"

namespace streamkit::rudp {

/// Collects the parts of one block at a time; a closed block gives out its repair symbols, and is
/// remembered for a while as parts of it are acknowledged or recovered.
///
/// A source symbol is the part's MESSAGE frame without its position, behind its length (u16).
class FecSender {
public:
    /// A part that is a source symbol.
    struct Source {
        MessageId id = 0;
        std::uint32_t offset = 0;
        TimePoint sent{};
        TimePoint deadline{};
    };

    /// Where the next part will stand: in the open block, or in a new one.
    [[nodiscard]] FecPosition next_position() const noexcept;
    /// Adds a part that is being sent, at `next_position()`.
    ///
    /// @param close_at      when to look whether the block is to be closed
    /// @param latest_close  the block does not wait longer than this for further parts
    void add(const MessageFrame& part, const Source& source, TimePoint close_at,
             TimePoint latest_close);

    /// When to look whether the open block is to be closed; empty if none is open.
    [[nodiscard]] std::optional<TimePoint> close_at() const noexcept;
    /// Lets the open block wait as long as it may, if `now` is before that and it is not full.
    bool wait_on(TimePoint now) noexcept;
    /// The parts of the open block; empty if none is open.
    [[nodiscard]] std::span<const Source> open_sources() const noexcept;
    [[nodiscard]] std::size_t open_bytes() const noexcept;
    /// No further parts; the repair symbols (maybe none) are ready to leave. A block must be open.
    void close(const FecPlan& plan, TimePoint now);

    [[nodiscard]] bool has_repairs() const noexcept { return !repairing_.empty(); }
    /// The block whose turn it is; there must be one.
    [[nodiscard]] std::uint64_t repairs_block() const noexcept { return repairing_.front(); }
    /// Writes the next repair symbol that is still of use, if it fits.
    ///
    /// @param order  of this transmission among all: see `on_repair_acked`
    /// @return the bytes of the symbol
    std::optional<std::size_t> write_repair(SpanWriter& out, std::size_t room, SentFec& sent,
                                            std::uint64_t order, TimePoint now,
                                            congestion::Duration one_way);

    /// Whether the block can still make up for the loss of this part: it is open, or has repairs.
    [[nodiscard]] bool covers(std::uint64_t block) const noexcept;
    /// How many symbols must arrive, beside those that are known to have, for the peer to make the
    /// others itself. Of these, so many are provided for by what was sent at their last chance.
    [[nodiscard]] std::size_t lacking(std::uint64_t block) const noexcept;
    [[nodiscard]] std::size_t provided(std::uint64_t block) const noexcept;
    void provide(std::uint64_t block, std::size_t symbols) noexcept;
    [[nodiscard]] bool is_decodable(std::uint64_t block) const noexcept;
    /// When its last symbols left or will leave, about.
    [[nodiscard]] TimePoint closes(std::uint64_t block) const noexcept;
    /// At their last chance, transmissions for each symbol that the block lacks.
    [[nodiscard]] int copies(std::uint64_t block) const noexcept;
    void on_source_acked(FecPosition position) noexcept;
    /// @return the order of the first repair symbol of this block: what was sent before it and is
    ///         not acknowledged is late
    std::optional<std::uint64_t> on_repair_acked(std::uint64_t block) noexcept;
    /// Whether there was ever such a block.
    [[nodiscard]] bool was_sent(std::uint64_t block) const noexcept { return block < next_block_; }
    /// The sources of a block, if it is remembered.
    [[nodiscard]] std::span<const Source> sources(std::uint64_t block) const noexcept;

private:
    struct Block {
        std::uint8_t source_count = 0;
        std::uint8_t repair_count = 0;
        std::uint8_t repairs_sent = 0;
        std::uint8_t repairs_acked = 0;
        std::uint8_t misfits = 0;
        std::uint8_t copies = 0;
        std::uint8_t provided = 0;
        bool closed = false;
        std::uint32_t acked = 0;  // bits of sources
        std::uint64_t first_repair_order = 0;
        TimePoint close_at = TimePoint::max();
        TimePoint latest_close = TimePoint::max();
        TimePoint latest_deadline = TimePoint::min();
        std::array<Source, fec::kMaxSourceSymbols> sources{};
        std::array<std::uint32_t, fec::kMaxSourceSymbols + 1> ends{};  // of symbols in `symbols`
        std::uint32_t longest = 0;
        Bytes symbols{};  // one behind the other; given back when the repairs have left
    };
    [[nodiscard]] const Block* find(std::uint64_t block) const noexcept;
    [[nodiscard]] Block* find(std::uint64_t block) noexcept;
    [[nodiscard]] bool is_open() const noexcept;
    void finish_repairs(Block& block);

    std::deque<Block> blocks_;  // the newest kMaxBlocks
    std::uint64_t next_block_ = 0;
    std::deque<std::uint64_t> repairing_;  // closed, with repair symbols to send
    std::vector<Bytes> spare_;             // memory of symbols, to be used again
};

}  // namespace streamkit::rudp
