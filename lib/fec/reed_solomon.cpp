#include "streamkit/fec/reed_solomon.hpp"

#include <algorithm>
#include <array>

#include "galois.hpp"
#include "streamkit/base/assert.hpp"
#include "streamkit/fec/errc.hpp"

namespace streamkit::fec {
namespace {

/// A square matrix of the largest size that `recover` needs.
using Matrix = std::array<std::array<std::uint8_t, kMaxSourceSymbols>, kMaxSourceSymbols>;

/// Turns the `n` by `n` matrix into its inverse, by Gauss and Jordan's elimination.
///
/// No pivot is searched for: each square part of a Cauchy matrix has an inverse, also those in its
/// upper left corner, so the elements of the diagonal are never 0 when their turn comes.
Matrix inverse(Matrix matrix, std::size_t n) noexcept {
    Matrix result{};
    for (std::size_t i = 0; i < n; ++i)
        result[i][i] = 1;
    for (std::size_t pivot = 0; pivot < n; ++pivot) {
        STREAMKIT_ASSERT(matrix[pivot][pivot] != 0);
        const auto reciprocal = divide(1, matrix[pivot][pivot]);
        for (std::size_t column = 0; column < n; ++column) {
            matrix[pivot][column] = multiply(matrix[pivot][column], reciprocal);
            result[pivot][column] = multiply(result[pivot][column], reciprocal);
        }
        for (std::size_t row = 0; row < n; ++row) {
            const auto factor = matrix[row][pivot];
            if (row == pivot || factor == 0) continue;
            for (std::size_t column = 0; column < n; ++column) {
                matrix[row][column] ^= multiply(factor, matrix[pivot][column]);
                result[row][column] ^= multiply(factor, result[pivot][column]);
            }
        }
    }
    return result;
}

}  // namespace

Result<ReedSolomon> ReedSolomon::make(std::size_t source, std::size_t repair) {
    if (source < 1 || source > kMaxSourceSymbols) return Error{Errc::symbol_count, "source"};
    if (repair < 1 || repair > kMaxRepairSymbols) return Error{Errc::symbol_count, "repair"};
    return ReedSolomon{source, repair};
}

std::uint8_t ReedSolomon::coefficient(std::size_t repair_index,
                                      std::size_t source_index) const noexcept {
    // A Cauchy matrix is 1 / (x[i] + y[j]), with all x and y different; here y[j] = j and x[i] is
    // behind all possible j. Each column is multiplied by a constant that makes its first element 1,
    // which changes no rank: repair symbol 0 is the plain parity, the cheapest of all.
    const auto y = static_cast<std::uint8_t>(source_index);
    const auto first_x = static_cast<std::uint8_t>(kMaxSourceSymbols);
    const auto x = static_cast<std::uint8_t>(kMaxSourceSymbols + repair_index);
    return divide(first_x ^ y, x ^ y);
}

void ReedSolomon::accumulate(std::size_t repair_index, std::size_t source_index, BytesView source,
                             std::span<std::uint8_t> repair) const noexcept {
    STREAMKIT_ASSERT(repair_index < repair_ && source_index < source_);
    multiply_add(coefficient(repair_index, source_index), source, repair);
}

Result<std::vector<std::pair<std::size_t, Bytes>>> ReedSolomon::recover(
    std::span<const Symbol> present, std::size_t symbol_bytes) const {
    std::array<const Symbol*, kMaxSourceSymbols + kMaxRepairSymbols> by_index{};
    for (const auto& symbol : present) {
        if (symbol.index >= source_ + repair_) return Error{Errc::symbol_count, "index"};
        if (by_index[symbol.index] != nullptr) return Error{Errc::symbol_count, "index twice"};
        if (symbol.bytes.size() != symbol_bytes) return Error{Errc::symbol_length, "symbol"};
        by_index[symbol.index] = &symbol;
    }
    if (present.size() < source_) return Error{Errc::too_few_symbols, "symbols"};

    std::vector<std::size_t> missing;
    for (std::size_t j = 0; j < source_; ++j) {
        if (by_index[j] == nullptr) missing.push_back(j);
    }
    // As many repair symbols as source symbols are missing: there are at least k in all.
    std::vector<std::size_t> used;
    for (std::size_t i = 0; i < repair_ && used.size() < missing.size(); ++i) {
        if (by_index[source_ + i] != nullptr) used.push_back(i);
    }

    // What is left of each repair symbol without the parts of the source symbols that are there.
    std::vector<Bytes> rest;
    rest.reserve(used.size());
    for (const auto i : used) {
        const auto repair = by_index[source_ + i]->bytes;
        auto& sum = rest.emplace_back(repair.begin(), repair.end());
        for (std::size_t j = 0; j < source_; ++j) {
            if (by_index[j] != nullptr) accumulate(i, j, by_index[j]->bytes, sum);
        }
    }

    Matrix matrix{};
    for (std::size_t row = 0; row < used.size(); ++row) {
        for (std::size_t column = 0; column < missing.size(); ++column)
            matrix[row][column] = coefficient(used[row], missing[column]);
    }
    const auto solution = inverse(matrix, missing.size());

    std::vector<std::pair<std::size_t, Bytes>> recovered;
    recovered.reserve(missing.size());
    for (std::size_t row = 0; row < missing.size(); ++row) {
        auto& symbol = recovered.emplace_back(missing[row], Bytes(symbol_bytes)).second;
        for (std::size_t column = 0; column < used.size(); ++column)
            multiply_add(solution[row][column], rest[column], symbol);
    }
    return recovered;
}

}  // namespace streamkit::fec
