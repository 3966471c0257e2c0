// A receive stream fed with frames of any place and length, and a send stream whose chunks are
// acknowledged and lost in any order. The first byte says which, the second how large the window is.

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "receive_stream.hpp"
#include "send_stream.hpp"
#include "streamkit/base/byte_reader.hpp"

using namespace streamkit;
using namespace streamkit::rudp;

namespace {

constexpr std::uint64_t kMaxStream = std::uint64_t{1} << 18;
constexpr std::size_t kMaxFrame = 4096;

std::uint8_t pattern(std::uint64_t offset) {
    return static_cast<std::uint8_t>(offset * 0x9e37'79b9 >> 11);
}

void require(bool condition) {
    if (!condition) std::abort();
}

// Which bytes came is kept beside it, one by one; all have the value of their place.
void receive(ByteReader& in, std::uint64_t window) {
    ReceiveStream stream{window};
    std::vector<bool> came(kMaxStream + 65'536 + window, false);
    std::uint64_t consumed = 0;
    std::uint64_t contiguous = 0;
    Bytes data;
    while (in.ok() && in.remaining() > 0) {
        const auto kind = in.u8();
        const bool was_reset = stream.reset_code().has_value();
        const auto highest = stream.highest();
        if (kind < 0xc0) {
            // Around what came in order, anywhere near, or anywhere at all.
            const auto place = in.u24();
            const auto far = (kind & 0x0c) == 0x0c ? std::uint64_t{in.u32()} << 30 : 0;
            const auto offset = (kind & 0x10) != 0
                                    ? contiguous - std::min<std::uint64_t>(contiguous, place & 0xff)
                                    : far + place;
            const auto length = in.u16() % kMaxFrame;
            data.resize(length);
            for (std::size_t i = 0; i < length; ++i)
                data[i] = pattern(offset + i);
            const auto result = stream.receive(
                {.stream = 0, .offset = offset, .data = data, .fin = (kind & 1) != 0});
            if (result) {
                require(offset + length <= stream.max_data());
                require(stream.highest() == std::max(highest, offset + length));
                require(*result == stream.highest() - highest);
                for (std::size_t i = 0; i < length && !was_reset; ++i) {
                    if (offset + i < came.size()) came[offset + i] = true;
                }
                while (contiguous < came.size() && came[contiguous])
                    ++contiguous;
            } else {
                require(stream.highest() == highest);
            }
        } else if (kind < 0xc8) {
            const auto code = in.u8();
            const auto size = std::uint64_t{in.u32()};
            if (const auto result = stream.reset({.stream = 0, .code = code, .final_size = size})) {
                require(stream.highest() == size);
                require(*result == size - highest);
                require(stream.is_complete());
            }
        } else if (consumed < kMaxStream) {
            const auto run = stream.readable();
            const auto n = std::min<std::size_t>(run.size(), in.u16());
            for (std::size_t i = 0; i < n; ++i)
                require(run[i] == pattern(consumed + i));
            stream.consume(n);
            consumed += n;
            if (stream.should_send_max_data()) stream.on_max_data_sent();
            require(!stream.should_send_max_data());
        }
        if (!stream.reset_code()) {
            require(stream.consumed() == consumed);
            require(stream.readable().empty() == (contiguous == consumed));
            require(consumed + stream.readable().size() <= contiguous);
        } else {
            require(stream.readable().empty() && stream.held_bytes() == 0);
        }
        require(stream.highest() <= stream.max_data());
        require(stream.held_bytes() <= (window / 65'536 + 2 + 16) * 75'000);
    }
}

void send(ByteReader& in, std::uint64_t window) {
    SendStream stream{window};
    std::vector<SendStream::Chunk> flight;  // sent, their fate not known
    std::vector<SendStream::Chunk> lost;    // they may arrive after all
    std::vector<bool> delivered;
    std::uint64_t written = 0;
    bool fin_delivered = false;
    bool was_reset = false;
    Bytes room;
    while (in.ok() && in.remaining() > 0) {
        const auto kind = in.u8();
        const auto argument = in.u8();
        switch (kind % 8) {
            case 0: {
                Bytes piece(kind >= 0x80 ? argument * 64U : argument % 4U);
                for (auto& byte : piece)
                    byte = pattern(written++);
                if (!stream.write(SharedBuffer::copy_of(piece))) written -= piece.size();
                delivered.resize(written);
                break;
            }
            case 1:
                if (argument == 0) {
                    static_cast<void>(stream.finish());
                } else if (argument == 1) {
                    const auto sent_end = stream.sent_end();
                    require(stream.reset() == sent_end);
                    was_reset = stream.state() == SendStream::State::reset;
                } else {
                    window += argument;
                    stream.set_max_data(window);
                }
                break;
            case 2:
            case 3: {
                if (flight.size() > 200) break;
                const std::uint64_t credit = (kind & 0x10) != 0 ? argument : UINT64_MAX;
                const bool has_something = stream.has_something_to_send(credit);
                const auto sent_end = stream.sent_end();
                const auto chunk = stream.next_chunk(argument * 8U, credit);
                require(has_something || !chunk);
                require(chunk || !has_something || argument == 0);
                if (!chunk) break;
                require(chunk->length <= argument * 8U && chunk->new_bytes <= credit);
                require(stream.sent_end() == sent_end + chunk->new_bytes);
                require(stream.sent_end() <= std::min(window, written));
                room.resize(chunk->length);
                SpanWriter out{room};
                stream.copy(*chunk, out);
                require(out.remaining() == 0);
                for (std::size_t i = 0; i < room.size(); ++i)
                    require(room[i] == pattern(chunk->offset + i));
                flight.push_back(*chunk);
                break;
            }
            default: {
                auto& from = kind % 8 == 7 ? lost : flight;
                if (from.empty()) break;
                const auto at = from.begin() + argument % static_cast<std::ptrdiff_t>(from.size());
                const auto chunk = *at;
                from.erase(at);
                if (kind % 8 == 4) {
                    stream.on_lost(chunk.offset, chunk.length, chunk.fin);
                    if (lost.size() < 100) lost.push_back(chunk);
                } else {
                    stream.on_acked(chunk.offset, chunk.length, chunk.fin);
                    for (std::uint32_t i = 0; i < chunk.length; ++i)
                        delivered[chunk.offset + i] = true;
                    fin_delivered = fin_delivered || chunk.fin;
                }
            }
        }
        const auto hole = std::find(delivered.begin(), delivered.end(), false);
        const auto up_to = static_cast<std::uint64_t>(hole - delivered.begin());
        require(was_reset || stream.buffered() == written - up_to);
        require(was_reset || (stream.state() == SendStream::State::delivered) ==
                                 (fin_delivered && up_to == written));
        if (written > kMaxStream) return;
    }
    if (was_reset) return;

    // Whatever happened: what is lost for good is sent again, until all has arrived.
    for (const auto& chunk : flight)
        stream.on_lost(chunk.offset, chunk.length, chunk.fin);
    stream.set_max_data(written);
    static_cast<void>(stream.finish());
    while (const auto chunk = stream.next_chunk(1000, UINT64_MAX))
        stream.on_acked(chunk->offset, chunk->length, chunk->fin);
    require(stream.state() == SendStream::State::delivered && stream.buffered() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    ByteReader in{BytesView{data + 2, size - 2}};
    const auto window = std::uint64_t{data[1]} * 1024;
    if (data[0] % 2 == 0) {
        receive(in, window);
    } else {
        send(in, window);
    }
    return 0;
}
