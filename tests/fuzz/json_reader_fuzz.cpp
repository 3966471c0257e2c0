// What was read and written again reads as the same document.

#include <cstdlib>

#include "streamkit/base/bytes.hpp"
#include "streamkit/json/reader.hpp"
#include "streamkit/json/writer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace streamkit;
    const auto value = json::read(as_text({data, size}));
    if (!value) return 0;
    // A double without a fraction, such as 1e3 or -0.0, is written as an integer and comes back as
    // one: the second reading is the one that must not change any more.
    const json::Limits limits{.max_bytes = 16 * 1024 * 1024};
    const auto second = json::read(json::JsonWriter{}.value(*value).take(), limits);
    if (!second) std::abort();
    const auto third = json::read(json::JsonWriter{}.value(*second).take(), limits);
    if (!third || !(*third == *second)) std::abort();
    return 0;
}
