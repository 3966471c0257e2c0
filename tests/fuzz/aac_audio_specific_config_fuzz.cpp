// AudioSpecificConfigs: what is read is the same when it is written and read again.

#include <cstddef>
#include <cstdint>

#include "streamkit/aac/adts.hpp"
#include "streamkit/aac/audio_specific_config.hpp"

using namespace streamkit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input{data, size};
    if (const auto config = aac::AudioSpecificConfig::parse(input)) {
        const auto again = aac::AudioSpecificConfig::parse(config->write());
        if (!again || *again != *config) __builtin_trap();
        static_cast<void>(codec_string(*config));
    }
    static_cast<void>(aac::AdtsHeader::parse(input).has_value());
    return 0;
}
