// Tag bodies: the first byte picks the kind of each, the second its length. What comes out can be
// muxed and means the same then.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <variant>

#include "streamkit/flv/tag_demuxer.hpp"
#include "streamkit/flv/tag_muxer.hpp"

using namespace streamkit;

namespace {

constexpr flv::TagType kTypes[] = {flv::TagType::audio, flv::TagType::video,
                                   flv::TagType::script_data};

void check_round_trip(flv::TagMuxer& muxer, flv::TagDemuxer& demuxer, const MediaEvent& event) {
    const auto tag = muxer.mux(event);
    if (!tag || !*tag) return;
    Bytes body = (*tag)->header;
    body.insert(body.end(), (*tag)->payload.view().begin(), (*tag)->payload.view().end());
    if (!demuxer.handle_tag((*tag)->type, (*tag)->timestamp_ms,
                            SharedBuffer::take(std::move(body)))) {
        __builtin_trap();
    }
    while (const auto again = demuxer.poll_event()) {
        const auto* before = std::get_if<Packet>(&event);
        const auto* after = std::get_if<Packet>(&*again);
        if (before != nullptr && after != nullptr && before->payload != after->payload) {
            __builtin_trap();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    BytesView input{data, size};
    flv::TagDemuxer demuxer;
    flv::TagMuxer muxer;
    flv::TagDemuxer second_demuxer;
    std::int64_t timestamp_ms = 0;
    while (input.size() >= 2) {
        const auto type = kTypes[input[0] % 3];
        const auto length = std::min<std::size_t>(input[1], input.size() - 2);
        static_cast<void>(demuxer.handle_tag(type, timestamp_ms++,
                                             SharedBuffer::copy_of(input.subspan(2, length))));
        input = input.subspan(2 + length);
        while (const auto event = demuxer.poll_event()) {
            check_round_trip(muxer, second_demuxer, *event);
        }
    }
    return 0;
}
