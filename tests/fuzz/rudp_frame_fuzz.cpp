// The same input twice: as the frames of a packet, where what was read and written again must read the
// same; and as packets that arrive in some order, next to a model of which ones came.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>

#include "frame.hpp"
#include "received_packets.hpp"

using namespace streamkit;
using namespace streamkit::rudp;

namespace {

constexpr TimePoint kNow = TimePoint{} + std::chrono::hours{1};

void require(bool condition) {
    if (!condition) std::abort();
}

void check_ranges(const AckFrame& ack) {
    require(ack.range_count >= 1 && ack.range_count <= kMaxAckRanges);
    for (std::size_t i = 0; i < ack.range_count; ++i) {
        const auto& range = ack.ranges[i];
        require(range.first <= range.last && range.last <= kMaxPacketNumber);
        require(i == 0 || range.last + 1 < ack.ranges[i - 1].first);
    }
}

Bytes written(const Frame& frame) {
    Bytes room(frame_bytes(frame));
    SpanWriter out{room};
    write_frame(out, frame);
    require(out.remaining() == 0);
    return room;
}

void check_short_ack(const AckFrame& ack, std::size_t room) {
    Bytes bytes(frame_bytes(ack));
    SpanWriter out{bytes};
    write_ack(out, ack, room);
    FrameReader reader{out.written()};
    const auto read = reader.next();
    require(read && *read != nullptr && reader.offset() == out.size());
    const auto& cut = std::get<AckFrame>(**read);
    require(out.size() <= room || cut.range_count == 1);
    require(std::equal(cut.ranges.begin(),
                       cut.ranges.begin() + static_cast<std::ptrdiff_t>(cut.range_count),
                       ack.ranges.begin()));
}

void read_frames(BytesView packet) {
    FrameReader reader{packet};
    for (;;) {
        const auto frame = reader.next();
        if (!frame) {
            require(frame.error().offset <= packet.size());
            const auto after = reader.next();
            require(after && *after == nullptr);
            return;
        }
        if (*frame == nullptr) break;
        if (const auto* ack = std::get_if<AckFrame>(*frame)) {
            check_ranges(*ack);
            check_short_ack(*ack, packet[0]);
        }
        const auto bytes = written(**frame);
        FrameReader again{bytes};
        const auto same = again.next();
        require(same && *same != nullptr && (*same)->index() == (*frame)->index());
        require(written(**same) == bytes && again.offset() == bytes.size());
    }
    require(reader.offset() == packet.size());
}

/// Each two bytes are a step.
void receive_packets(BytesView steps) {
    constexpr std::uint64_t kFirst = (std::uint64_t{1} << 32) - 10;
    constexpr auto kWindow = ReceivedPackets::kReplayWindow;
    ReceivedPackets packets{{.first_packet_number = kFirst}};
    std::set<std::uint64_t> model;
    for (std::size_t i = 0; i + 1 < steps.size(); i += 2) {
        const auto kind = steps[i];
        const std::uint64_t size = steps[i + 1];
        const auto next = packets.next_expected();
        auto number = next;
        switch (kind % 8) {
            case 0:
            case 1:
                number = next - std::min(next, size);
                break;
            case 2:
                number = next + size;
                break;
            case 3:
                number = std::min(next + size * 100, kMaxPacketNumber);
                break;
            case 4:
                number = next - std::min(next, kWindow + 8 - size);
                break;
            case 5:
                packets.forget_up_to(next - std::min(next, size));
                continue;
            case 6:
                packets.on_ack_sent();
                require(!packets.ack_due() && !packets.has_unacknowledged());
                continue;
            default:
                break;
        }
        const bool known = number < next &&
                           (number < kFirst || next - number > kWindow || model.count(number) != 0);
        require(packets.is_duplicate(number) == known);
        if (known) continue;
        const bool ack_eliciting = (kind & 8) != 0;
        packets.add(number, ack_eliciting, static_cast<Ecn>(kind >> 4 & 3), kNow);
        model.insert(number);
        require(packets.is_duplicate(number));
        require(packets.next_expected() == std::max(next, number + 1));
        require(!ack_eliciting || (packets.ack_due() && packets.has_unacknowledged()));

        const auto ack = packets.make_ack(kNow);
        check_ranges(ack);
        require(ack.ranges[0].last + 1 == packets.next_expected());
        for (const auto& range : ack.ranges) {
            require(range.last == 0 ||
                    (model.count(range.first) != 0 && model.count(range.last) != 0));
        }
        if (i % 64 == 0) read_frames(written(ack));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input{data, size};
    if (!input.empty()) read_frames(input);
    receive_packets(input.first(std::min<std::size_t>(size, 1024)));
    return 0;
}
