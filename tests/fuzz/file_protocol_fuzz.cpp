// The file protocol as either side reads it, in pieces whose size the first byte gives. What was read
// is written and read again, and must be the same.

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "streamkit/file/protocol.hpp"

using namespace streamkit;

namespace {

template <class Message>
void read_messages(BytesView input, std::size_t piece) {
    file::MessageReader<Message> reader;
    while (!input.empty()) {
        auto in = input.first(std::min(piece, input.size()));
        input = input.subspan(in.size());
        for (;;) {
            const auto message = reader.next(in);
            if (!message) return;
            if (reader.held_bytes() > file::kMaxMessageBytes + 9) std::abort();
            if (!*message) {
                if (!in.empty()) std::abort();
                break;
            }
            const auto bytes = file::encode(**message);
            BytesView again{bytes};
            file::MessageReader<Message> other;
            const auto same = other.next(again);
            if (!same || *same != *message || !again.empty()) std::abort();
        }
    }
}

void read_header(BytesView input) {
    auto in = input;
    const auto header = file::read_data_header(in);
    if (!header || !*header) return;
    const auto bytes = file::encode(**header);
    BytesView again{bytes};
    const auto same = file::read_data_header(again);
    if (!same || *same != *header || !again.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = data[0] == 0 ? SIZE_MAX : data[0];
    const BytesView input{data + 1, size - 1};
    read_messages<file::ClientMessage>(input, piece);
    read_messages<file::ServerMessage>(input, piece);
    read_header(input);
    return 0;
}
