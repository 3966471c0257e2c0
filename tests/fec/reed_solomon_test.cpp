#include "streamkit/fec/reed_solomon.hpp"

#include <algorithm>
#include <numeric>

#include "streamkit/base/random.hpp"
#include "streamkit/fec/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::fec;
using streamkit::test::hex;

namespace {

Bytes random_bytes(RandomSource& random, std::size_t size) {
    Bytes out(size);
    random.fill(out);
    return out;
}

/// One block: its source symbols, then its repair symbols.
struct Block {
    ReedSolomon code;
    std::vector<Bytes> symbols;
    std::size_t symbol_bytes;

    Block(std::size_t source, std::size_t repair, std::size_t bytes, RandomSource& random)
        : code(ReedSolomon::make(source, repair).value()), symbol_bytes(bytes) {
        for (std::size_t j = 0; j < source; ++j)
            symbols.push_back(random_bytes(random, bytes));
        for (std::size_t i = 0; i < repair; ++i) {
            auto& sum = symbols.emplace_back(bytes);
            for (std::size_t j = 0; j < source; ++j)
                code.accumulate(i, j, symbols[j], sum);
        }
    }

    Result<std::vector<std::pair<std::size_t, Bytes>>> recover(
        const std::vector<std::size_t>& indices) const {
        std::vector<ReedSolomon::Symbol> present;
        for (const auto index : indices)
            present.push_back({index, symbols[index]});
        return code.recover(present, symbol_bytes);
    }

    /// Whether the symbols with these indices give all the others back, in order.
    bool is_whole(const std::vector<std::size_t>& indices) const {
        const auto recovered = recover(indices);
        if (!recovered) return false;
        std::size_t next = 0;
        for (std::size_t j = 0; j < code.source_symbols(); ++j) {
            if (std::ranges::find(indices, j) != indices.end()) continue;
            if (next == recovered->size()) return false;
            const auto& [index, bytes] = (*recovered)[next++];
            if (index != j || bytes != symbols[j]) return false;
        }
        return next == recovered->size();
    }
};

Error recover_error(const ReedSolomon& code, std::vector<ReedSolomon::Symbol> present,
                    std::size_t symbol_bytes) {
    const auto recovered = code.recover(present, symbol_bytes);
    REQUIRE_FALSE(recovered);
    return recovered.error();
}

}  // namespace

TEST_CASE("Reed-Solomon recovers from every pattern of losses in small blocks", "[fec]") {
    SeededRandom random{1};
    for (std::size_t source = 1; source <= 6; ++source) {
        for (std::size_t repair = 1; repair <= 5; ++repair) {
            INFO("k = " << source << ", r = " << repair);
            const Block block{source, repair, 5, random};
            for (unsigned pattern = 0; pattern < 1U << (source + repair); ++pattern) {
                std::vector<std::size_t> present;
                for (std::size_t i = 0; i < source + repair; ++i) {
                    if ((pattern >> i & 1) != 0) present.push_back(i);
                }
                if (present.size() >= source) {
                    if (!block.is_whole(present)) FAIL("pattern " << pattern);
                    continue;
                }
                const auto recovered = block.recover(present);
                REQUIRE_FALSE(recovered);
                CHECK(recovered.error().code == Errc::too_few_symbols);
            }
        }
    }
}

TEST_CASE("Reed-Solomon recovers the largest blocks", "[fec]") {
    const auto seed = GENERATE(as<std::uint64_t>{}, 1, 2, 3, 4);
    INFO("seed " << seed);
    SeededRandom random{seed};
    const Block block{kMaxSourceSymbols, kMaxRepairSymbols, 40, random};
    std::vector<std::size_t> order(kMaxSourceSymbols + kMaxRepairSymbols);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (int round = 0; round < 100; ++round) {
        for (std::size_t i = order.size(); i > 1; --i)
            std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(i))]);
        const auto count = kMaxSourceSymbols + static_cast<std::size_t>(random.below(4));
        CHECK(block.is_whole({order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count)}));
    }
    // Nothing but repair symbols, and nothing but source symbols.
    std::iota(order.begin(), order.end(), std::size_t{0});
    CHECK(block.is_whole({order.begin() + kMaxSourceSymbols, order.end()}));
    CHECK(block.is_whole({order.begin(), order.begin() + kMaxSourceSymbols}));
}

TEST_CASE("Reed-Solomon repair symbols are the same on every machine", "[fec]") {
    const auto code = ReedSolomon::make(3, 3).value();
    const Bytes source[] = {hex("01 00 00 80"), hex("00 01 00 ff"), hex("00 00 01 7f")};
    Bytes repair[3] = {Bytes(4), Bytes(4), Bytes(4)};
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j)
            code.accumulate(i, j, source[j], repair[i]);
    }
    CHECK(repair[0] == hex("01 01 01 00"));  // the plain parity
    // Row i is (32 ^ j) / ((32 + i) ^ j): the coefficients stand in the first three columns.
    CHECK(repair[1] == hex("ec 6d 50 2a"));
    CHECK(repair[2] == hex("73 a3 d9 13"));
}

TEST_CASE("Reed-Solomon coefficients do not depend on the size of the block", "[fec]") {
    SeededRandom random{7};
    const auto source = random_bytes(random, 100);
    const auto small = ReedSolomon::make(4, 2).value();
    const auto large = ReedSolomon::make(kMaxSourceSymbols, kMaxRepairSymbols).value();
    for (std::size_t i = 0; i < 2; ++i) {
        for (std::size_t j = 0; j < 4; ++j) {
            Bytes a(100);
            Bytes b(100);
            small.accumulate(i, j, source, a);
            large.accumulate(i, j, source, b);
            CHECK(a == b);
        }
    }
}

TEST_CASE("Reed-Solomon takes a short source symbol as filled up with zeros", "[fec]") {
    SeededRandom random{3};
    const auto code = ReedSolomon::make(2, 2).value();
    const auto first = random_bytes(random, 20);
    const auto second = random_bytes(random, 7);
    auto second_padded = second;
    second_padded.resize(20);
    Bytes repair[2] = {Bytes(20), Bytes(20)};
    for (std::size_t i = 0; i < 2; ++i) {
        code.accumulate(i, 0, first, repair[i]);
        code.accumulate(i, 1, second, repair[i]);
    }

    const ReedSolomon::Symbol only_repair[] = {{2, repair[0]}, {3, repair[1]}};
    const auto recovered = code.recover(only_repair, 20);
    REQUIRE(recovered);
    REQUIRE(recovered->size() == 2);
    CHECK((*recovered)[0].second == first);
    CHECK((*recovered)[1].second == second_padded);
}

TEST_CASE("Reed-Solomon works with symbols of no bytes", "[fec]") {
    const auto code = ReedSolomon::make(2, 1).value();
    const ReedSolomon::Symbol present[] = {{1, {}}, {2, {}}};
    const auto recovered = code.recover(present, 0);
    REQUIRE(recovered);
    REQUIRE(recovered->size() == 1);
    CHECK(recovered->front() == std::pair<std::size_t, Bytes>{0, Bytes{}});
}

TEST_CASE("Reed-Solomon refuses sizes out of range", "[fec]") {
    const std::pair<std::size_t, std::size_t> wrong[] = {{0, 1},  {1, 0},        {33, 1},
                                                         {1, 33}, {SIZE_MAX, 1}, {1, SIZE_MAX}};
    for (const auto& sizes : wrong) {
        const auto code = ReedSolomon::make(sizes.first, sizes.second);
        REQUIRE_FALSE(code);
        CHECK(code.error().code == Errc::symbol_count);
    }
    REQUIRE(ReedSolomon::make(32, 32));
    REQUIRE(ReedSolomon::make(1, 1));
}

TEST_CASE("Reed-Solomon refuses symbols that do not fit together", "[fec]") {
    SeededRandom random{5};
    const Block block{3, 2, 8, random};
    const auto& s = block.symbols;
    const Bytes shorter(7);
    const Bytes longer(9);
    CHECK(recover_error(block.code, {}, 8).code == Errc::too_few_symbols);
    CHECK(recover_error(block.code, {{0, s[0]}, {3, s[3]}}, 8).code == Errc::too_few_symbols);
    // An index that comes twice is no second symbol.
    CHECK(recover_error(block.code, {{0, s[0]}, {3, s[3]}, {3, s[3]}}, 8).code ==
          Errc::symbol_count);
    CHECK(recover_error(block.code, {{0, s[0]}, {3, s[3]}, {5, s[4]}}, 8).code ==
          Errc::symbol_count);
    CHECK(recover_error(block.code, {{0, s[0]}, {3, s[3]}, {SIZE_MAX, s[4]}}, 8).code ==
          Errc::symbol_count);
    CHECK(recover_error(block.code, {{0, s[0]}, {3, s[3]}, {4, shorter}}, 8).code ==
          Errc::symbol_length);
    CHECK(recover_error(block.code, {{0, s[0]}, {3, s[3]}, {4, longer}}, 8).code ==
          Errc::symbol_length);
    CHECK(recover_error(block.code, {{0, s[0]}, {3, s[3]}, {4, s[4]}}, 9).code ==
          Errc::symbol_length);
}
