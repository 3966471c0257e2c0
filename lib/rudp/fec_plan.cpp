#include "fec_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "streamkit/fec/reed_solomon.hpp"

namespace streamkit::rudp {
namespace {

using fec::kMaxRepairSymbols;
using fec::kMaxSourceSymbols;

// A path that has lost nothing yet may begin to: a block has no second chance.
constexpr double kLeastLoss = 0.01;
constexpr double kMostLoss = 0.3;
// What is measured lags behind, and losses come in clumps.
constexpr double kLossMargin = 1.1;
// Of what is sent again some comes too late.
constexpr double kLateShare = 0.003;
constexpr double kTarget = 0.002;
constexpr int kMaxCopies = 3;
// Of a part in no block.
constexpr double kCopyTarget = 1e-6;
constexpr double kCopyCost = 0.12;

/// P(exactly i of n are hit), for i up to n.
using Distribution = std::array<double, kMaxSourceSymbols + kMaxRepairSymbols + 1>;

Distribution binomial(std::size_t n, double p) noexcept {
    Distribution out{};
    out[0] = 1;
    // One symbol after the other: the count stays, or grows by one.
    for (std::size_t symbol = 0; symbol < n; ++symbol) {
        for (auto i = symbol + 1; i > 0; --i)
            out[i] = out[i] * (1 - p) + out[i - 1] * p;
        out[0] *= 1 - p;
    }
    return out;
}

/// P(fewer than `needed` of `sent` arrive).
double too_few(std::size_t needed, std::size_t sent, double loss) noexcept {
    if (needed > sent) return 1;
    const auto lost = binomial(sent, loss);
    double sum = 0;
    for (auto i = sent - needed + 1; i <= sent; ++i)
        sum += lost[i];
    return sum;
}

}  // namespace

FecPlan plan_repairs(const FecNeed& need) noexcept {
    const auto sources = std::min(need.sources, kMaxSourceSymbols);
    if (sources == 0) return {};
    const auto loss = std::clamp(need.loss * kLossMargin, kLeastLoss, kMostLoss);
    const auto share = std::max(0.17 + loss, 2.8 * loss);
    const auto limit = share * static_cast<double>(sources);
    const auto most =
        std::clamp<std::size_t>(static_cast<std::size_t>(limit), 1, kMaxRepairSymbols);
    const auto messages = static_cast<double>(std::clamp<std::size_t>(need.messages, 1, sources));

    FecPlan best{most, need.second_chance ? 1 : 0};
    auto best_cost = std::numeric_limits<double>::max();
    auto least_incomplete = 1.0;
    for (std::size_t repairs = need.second_chance ? 0 : 1; repairs <= most; ++repairs) {
        const auto symbols = sources + repairs;
        const auto lost = binomial(symbols, loss);
        for (int copies = 1; copies <= (need.second_chance ? kMaxCopies : 1); ++copies) {
            double incomplete = 0;
            double resent = 0;
            for (auto x = repairs + 1; x <= symbols; ++x) {
                const auto lacking = x - repairs;
                const auto again = lacking * static_cast<std::size_t>(copies);
                const auto fails =
                    need.second_chance
                        ? std::min(1.0, too_few(lacking, std::min(again, kMaxSourceSymbols), loss) +
                                            kLateShare)
                        : 1.0;
                // Of the sources, so many are missing, and a message of sources / messages symbols
                // is whole only where none of them is its own.
                const auto missing =
                    static_cast<double>(x * sources) / static_cast<double>(symbols);
                incomplete += lost[x] * fails * (1 - std::pow(1 - 1 / messages, missing));
                if (need.second_chance) resent += lost[x] * static_cast<double>(again);
            }
            const auto cost = static_cast<double>(repairs) + resent;
            const auto good = incomplete <= kTarget;
            const auto none_yet = best_cost == std::numeric_limits<double>::max();
            if (good ? cost >= best_cost
                     : !none_yet || incomplete >= least_incomplete || cost > limit)
                continue;
            best = {repairs, need.second_chance ? copies : 0};
            if (good) best_cost = cost;
            least_incomplete = std::min(least_incomplete, incomplete);
        }
    }
    return best;
}

int copies_at_last_chance(double loss, int attempts) noexcept {
    const auto p = std::clamp(loss, kLeastLoss, 0.5);
    const auto reached = std::pow(p, attempts);  // the share of parts that comes here
    int copies = 1;
    for (auto residual = reached * p; copies < kMaxCopies && residual > kCopyTarget;
         residual *= p) {
        if (copies * reached > kCopyCost) break;
        ++copies;
    }
    return copies;
}

}  // namespace streamkit::rudp
