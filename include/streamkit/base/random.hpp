#pragma once

// Randomness is handed in: from the operating system in programs, from a seed in tests.

#include <array>
#include <cstdint>
#include <span>

namespace streamkit {

/// Where a core gets its random bytes from.
class RandomSource {
public:
    virtual ~RandomSource() = default;
    virtual void fill(std::span<std::uint8_t> out) = 0;

    [[nodiscard]] std::uint64_t u64();
    /// Evenly from 0 to `bound - 1`; `bound` must not be 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);

protected:
    RandomSource() = default;
    RandomSource(const RandomSource&) = default;
    RandomSource& operator=(const RandomSource&) = default;
};

/// The same numbers for the same seed, on every machine (xoshiro256**, seeded by splitmix64).
/// For tests and simulations; never for keys.
class SeededRandom final : public RandomSource {
public:
    explicit SeededRandom(std::uint64_t seed) noexcept;
    void fill(std::span<std::uint8_t> out) override;

private:
    std::uint64_t next() noexcept;
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace streamkit
