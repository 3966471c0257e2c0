// Arbitrary bytes as a file: every box that can be reached, movie fragments and event messages.

#include <cstddef>
#include <cstdint>

#include "streamkit/mp4/box_reader.hpp"
#include "streamkit/mp4/event_message.hpp"
#include "streamkit/mp4/fragment_reader.hpp"

namespace {

using namespace streamkit;

void read_boxes(BytesView bytes, int depth) {
    mp4::BoxReader reader{bytes};
    for (;;) {
        const auto box = reader.next();
        if (!box || !*box) return;
        const auto& found = **box;
        if (found.offset + found.size > bytes.size()) __builtin_trap();
        if (found.type == FourCc{"moof"}) static_cast<void>(mp4::read_fragment(found));
        if (found.type == FourCc{"emsg"}) {
            if (const auto message = mp4::read_event_message(found.payload)) {
                ByteWriter out;
                if (mp4::write_event_message(out, *message)) {
                    const auto again = mp4::read_event_message(out.view().subspan(8));
                    if (!again || !(*again == *message)) __builtin_trap();
                }
            }
        }
        if (depth < 8) read_boxes(found.payload, depth + 1);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    read_boxes({data, size}, 0);
    return 0;
}
