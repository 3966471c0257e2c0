#pragma once

// Unpredictable bytes.

#include "streamkit/base/random.hpp"

namespace streamkit::crypto {

/// Random bytes for keys, from OpenSSL's generator, which the operating system seeds. Safe on any
/// thread.
class SystemRandom final : public RandomSource {
public:
    /// @throws std::runtime_error if there are none; there is nothing safe to do without them
    void fill(std::span<std::uint8_t> out) override;
};

}  // namespace streamkit::crypto
