// Whatever can be read can be written, and reads back as what was written.

#include <cstdlib>

#include "streamkit/amf/reader.hpp"
#include "streamkit/amf/writer.hpp"

using namespace streamkit;

namespace {

Bytes written(const amf::Value& value) {
    ByteWriter out;
    amf::write_value(out, value);
    return out.take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    amf::Reader reader{{data, size}};
    while (!reader.at_end()) {
        const auto value = reader.read();
        if (!value) break;
        // Bytes are compared, not trees: a NaN does not equal itself.
        const auto bytes = written(*value);
        amf::Reader again{bytes,
                          {.max_depth = 1000,
                           .max_values = 1'000'000,
                           .max_string_bytes = 1 << 24,
                           .max_total_bytes = 1 << 26}};
        const auto same = again.read();
        if (!same || written(*same) != bytes) std::abort();
    }
    amf::Reader amf3{{data, size}};
    while (!amf3.at_end()) {
        if (!amf3.read_amf3()) break;
    }
    return 0;
}
