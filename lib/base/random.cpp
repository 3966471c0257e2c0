#include "streamkit/base/random.hpp"

#include <bit>

#include "streamkit/base/assert.hpp"

namespace streamkit {

std::uint64_t RandomSource::u64() {
    std::array<std::uint8_t, 8> bytes{};
    fill(bytes);
    return std::bit_cast<std::uint64_t>(bytes);
}

std::uint64_t RandomSource::below(std::uint64_t bound) {
    STREAMKIT_ASSERT(bound != 0);
    // Values under 2^64 mod bound would make the small results likelier: draw again.
    const std::uint64_t reject_under = (0 - bound) % bound;
    for (;;) {
        const auto value = u64();
        if (value >= reject_under) return value % bound;
    }
}

SeededRandom::SeededRandom(std::uint64_t seed) noexcept {
    for (auto& word : state_) {  // splitmix64
        seed += 0x9e3779b97f4a7c15;
        auto z = seed;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        word = z ^ z >> 31;
    }
}

std::uint64_t SeededRandom::next() noexcept {  // xoshiro256**
    const auto result = std::rotl(state_[1] * 5, 7) * 9;
    const auto t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (i % 8 == 0) word = next();
        out[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
    }
}

}  // namespace streamkit
