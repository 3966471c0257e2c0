#pragma once

// How many repair symbols a block of message parts needs.

#include <cstddef>

namespace streamkit::rudp {

/// What the number depends on.
struct FecNeed {
    std::size_t sources = 0;
    std::size_t messages = 1;  ///< that the symbols belong to
    bool second_chance =
        false;        ///< what is lost can be known and sent again before any part is late
    double loss = 0;  ///< share of packets lost of late
};
struct FecPlan {
    std::size_t repairs = 0;
    /// At the last chance, transmissions for each symbol that the block lacks; 0 without a second
    /// chance, as most of what is lost cannot be known then.
    int copies = 1;
};

/// The cheapest way in which at most 0.2 % of the block's messages are expected to stay incomplete,
/// within a limit for the bytes that it costs. See docs/decisions/0010.
[[nodiscard]] FecPlan plan_repairs(const FecNeed& need) noexcept;

/// How many transmissions a part in no block gets at its last chance: until it is all but sure to
/// arrive, as long as few parts come to this point.
///
/// @param attempts  transmissions before
[[nodiscard]] int copies_at_last_chance(double loss, int attempts) noexcept;

}  // namespace streamkit::rudp
