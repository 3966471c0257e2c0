// AVCDecoderConfigurationRecords, and samples by the length size they state.

#include <cstddef>
#include <cstdint>

#include "streamkit/h264/access_unit.hpp"
#include "streamkit/h264/avc_config.hpp"
#include "streamkit/h264/nal_unit.hpp"

using namespace streamkit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input{data, size};
    const auto config = h264::AvcConfig::parse(input);
    if (config) {
        const auto again = h264::AvcConfig::parse(config->write());
        if (!again || *again != *config) __builtin_trap();
        static_cast<void>(codec_string(*config));
    }
    for (const std::size_t nal_length_size : {1U, 2U, 4U}) {
        static_cast<void>(h264::inspect_access_unit(input, nal_length_size).sap_type());
    }
    static_cast<void>(h264::annex_b_to_length_prefixed(input));
    return 0;
}
