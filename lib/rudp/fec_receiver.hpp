#pragma once

// FEC blocks on the receiving side: making source symbols that did not arrive.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "byte_ranges.hpp"
#include "frame.hpp"
#include "intrusive_list.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/fec/reed_solomon.hpp"

namespace streamkit::rudp {

/// Collects the symbols of some blocks, the oldest of which go first when there is no more room.
class FecReceiver {
public:
    /// More blocks than this at a time are under way on no path.
    static constexpr std::size_t kMaxBlocks = 64;

    /// @param max_bytes  that symbols may occupy
    explicit FecReceiver(std::uint64_t max_bytes) noexcept : max_bytes_(max_bytes) {}

    /// @param part  with a position
    /// @return `Errc::invalid_fec` for what contradicts the symbols or frames before
    Result<void> add_source(const MessageFrame& part, TimePoint now);
    /// @return `Errc::invalid_fec`
    Result<void> add_repair(const FecFrame& frame, TimePoint now);

    /// Source symbols that were made by the calls above: MESSAGE frames behind their lengths, with
    /// zeros behind them. None is left afterwards.
    [[nodiscard]] std::vector<Bytes> take_recovered();
    /// Says which they were.
    [[nodiscard]] std::optional<FecRecoveredFrame> poll_recovered();

    /// Forgets blocks that are too old to be of use.
    void handle_timeout(TimePoint now);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;
    [[nodiscard]] std::size_t held_bytes() const noexcept { return held_bytes_; }

private:
    struct Slot {
        std::uint8_t index =
            0;  // source symbols from 0 on, repair symbols from kMaxSourceSymbols on
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
    };
    struct Block {
        std::uint64_t id = 0;
        std::uint8_t source_count = 0;  // 0: no FEC frame has come yet
        std::uint8_t repair_count = 0;
        std::size_t symbol_bytes = 0;
        std::uint64_t present = 0;  // bits of slot indices
        std::vector<Slot> slots{};
        Bytes bytes{};
        TimePoint expires{};
        ListHook<Block> hook{};
    };
    /// The block, made if need be; null if it is done.
    Block* open(std::uint64_t id, TimePoint now);
    void close(Block& block);
    void add_slot(Block& block, std::uint8_t index, std::size_t size, TimePoint expires);
    Result<void> recover_if_possible(Block& block);
    void remember_done(std::uint64_t id);
    void make_room();

    std::uint64_t max_bytes_;
    std::map<std::uint64_t, Block> blocks_;
    IntrusiveList<Block> by_age_;
    ByteRanges done_;  // ids of blocks that need no more symbols
    std::size_t held_bytes_ = 0;
    std::vector<Bytes> recovered_;
    std::vector<FecRecoveredFrame> recovered_frames_;
    std::vector<Block> spare_;  // for their memory
};

/// Adds `first` to `last` to the set, which then has at most `max_ranges` ranges: those farthest
/// down grow together. What lies between them counts as in the set from then on.
///
/// @return how far down everything may be in the set that was not before: 0 if nothing
std::uint64_t add_bounded(ByteRanges& set, std::uint64_t first, std::uint64_t last,
                          std::size_t max_ranges);

}  // namespace streamkit::rudp
