#pragma once

// Systematic Reed-Solomon erasure codes over GF(2^8): any k of k + r symbols give the k back.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::fec {

inline constexpr std::size_t kMaxSourceSymbols = 32;
inline constexpr std::size_t kMaxRepairSymbols = 32;

/// A code of `k` source and up to `r` repair symbols. Immutable; making one costs k * r
/// multiplications (a Cauchy matrix), so it may be made for each block.
class ReedSolomon {
public:
    /// @param source  1 to kMaxSourceSymbols
    /// @param repair  1 to kMaxRepairSymbols
    /// @return `Errc::symbol_count`
    static Result<ReedSolomon> make(std::size_t source, std::size_t repair);

    [[nodiscard]] std::size_t source_symbols() const noexcept { return source_; }
    [[nodiscard]] std::size_t repair_symbols() const noexcept { return repair_; }

    /// Adds one source symbol's part to a repair symbol, so that a sender encodes as it goes.
    ///
    /// @param repair_index  below `repair_symbols()`
    /// @param source_index  below `source_symbols()`
    /// @param repair        zeros before the first call; at least as long as `source`. A shorter
    ///                      source counts as filled up with zeros.
    void accumulate(std::size_t repair_index, std::size_t source_index, BytesView source,
                    std::span<std::uint8_t> repair) const noexcept;

    /// One symbol that arrived.
    struct Symbol {
        std::size_t index;  ///< source symbols 0 to k - 1, repair symbols from k on
        BytesView bytes;    ///< all of one length
    };
    /// Makes the source symbols that are missing.
    ///
    /// @param present  at least k symbols with different indices, all `symbol_bytes` long
    /// @return the missing ones in order of their index; `Errc::too_few_symbols`,
    ///         `Errc::symbol_length`, `Errc::symbol_count` (an index that is out of range or
    ///         comes twice)
    Result<std::vector<std::pair<std::size_t, Bytes>>> recover(std::span<const Symbol> present,
                                                               std::size_t symbol_bytes) const;

private:
    ReedSolomon(std::size_t source, std::size_t repair) noexcept
        : source_(source), repair_(repair) {}
    [[nodiscard]] std::uint8_t coefficient(std::size_t repair_index,
                                           std::size_t source_index) const noexcept;
    std::size_t source_;
    std::size_t repair_;
};

}  // namespace streamkit::fec
