// FLV files, whole and cut in two: the events are the same.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "streamkit/flv/demuxer.hpp"

using namespace streamkit;

namespace {

std::vector<MediaEvent> demux(BytesView first, BytesView second) {
    flv::Demuxer demuxer{{.max_tag_bytes = 64 * 1024}};
    if (demuxer.handle_input(first) && demuxer.handle_input(second)) {
        static_cast<void>(demuxer.finish().has_value());
    }
    std::vector<MediaEvent> events;
    while (auto event = demuxer.poll_event())
        events.push_back(*std::move(event));
    return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input{data, size};
    const auto whole = demux(input, {});
    const auto at = size == 0 ? 0 : data[size - 1] % size;
    if (demux(input.first(at), input.subspan(at)) != whole) __builtin_trap();
    return 0;
}
