#include "streamkit/crypto/system_random.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <climits>
#include <stdexcept>

#include "openssl.hpp"

namespace streamkit::crypto {

void SystemRandom::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const auto size = std::min<std::size_t>(out.size(), INT_MAX);
        if (!succeeded(RAND_bytes(out.data(), static_cast<int>(size)) == 1)) {
            throw std::runtime_error{"the system gives no random bytes"};
        }
        out = out.subspan(size);
    }
}

}  // namespace streamkit::crypto
