// H.264 sequence parameter sets.

#include <cstddef>
#include <cstdint>

#include "streamkit/h264/sps.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (const auto sps = streamkit::h264::Sps::parse({data, size})) {
        if (sps->width() == 0 || sps->height() == 0) __builtin_trap();
        static_cast<void>(sps->frame_rate());
    }
    return 0;
}
