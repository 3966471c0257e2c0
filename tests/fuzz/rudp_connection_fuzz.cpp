// Datagrams, time and the application's calls in any order, on a connection that is established and
// whose keys the fuzzer knows (there are none: plaintext). Whatever comes, memory stays bounded, time goes
// on, and what leaves can be read.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <limits>

#include "connection_core.hpp"
#include "handshake.hpp"
#include "streamkit/base/byte_reader.hpp"

using namespace streamkit;
using namespace streamkit::rudp;

namespace {

constexpr TimePoint kStart = TimePoint{} + std::chrono::hours{1};
constexpr std::size_t kMaxOperations = 300;
const SocketAddress kOurs{IpAddress::v4(0x0a000001), 9000};
const SocketAddress kTheirs{IpAddress::v4(0x0a000002), 9000};

void require(bool condition) {
    if (!condition) std::abort();
}

struct Ids final : IdDirectory {
    ConnectionId add_id(LinkId) override { return ++last; }
    void remove_id(ConnectionId) override {}
    ResetToken token_of(ConnectionId) const override { return {}; }
    void add_peer_token(const ResetToken&, LinkId) override {}
    void remove_peer_token(const ResetToken&) override {}
    ConnectionId last = 5;
};
struct NoWaker final : Waker {
    void wake() override {}
};

ConnectionConfig make_config(std::uint8_t choice) {
    ConnectionConfig config;
    config.protection = Protection::plaintext;
    config.congestion = static_cast<congestion::Algorithm>(choice % 3);
    config.receive_window = config.stream_receive_window = std::uint64_t{1} << 16;
    config.send_buffer = std::uint64_t{1} << 16;
    config.max_peer_streams = 8;
    config.max_message_bytes = 1 << 14;
    config.max_message_buffer = 1 << 16;
    if ((choice & 8) != 0) config.first_packet_number = (std::uint64_t{1} << 32) - 4;
    return config;
}

class Bench {
public:
    explicit Bench(std::uint8_t choice)
        : config_{make_config(choice)},
          core_{config_, start(choice), {}, {random_, events_, ids_, waker_}, kStart} {}

    void run(ByteReader in) {
        for (std::size_t i = 0; i < kMaxOperations && in.ok() && !in.at_end(); ++i) {
            step(in);
            settle();
            if (core_.ending()) return;
        }
        while (!core_.ending()) {  // left alone it ends by its idle timeout, and does not spin
            const auto next = core_.next_timeout();
            require(next.has_value() && ++timeouts_ < 10'000);
            now_ = std::max(now_, *next);
            core_.handle_timeout(now_);
            settle();
        }
    }

private:
    ConnectionCore::Start start(std::uint8_t choice) const {
        ConnectionCore::Start out;
        out.link = 1;
        out.client = (choice & 4) != 0;
        out.peer = own_parameters(config_);
        out.local_id = 1;
        out.peer_id = 2;
        out.path = {kOurs, kTheirs};
        out.address_known = (choice & 16) != 0;
        out.hello_bytes = 1200;
        out.half_open_timeout = std::chrono::seconds{3};
        return out;
    }

    void step(ByteReader& in) {
        const auto what = in.u8();
        switch (what % 8) {
            case 0:
            case 1:
                return receive(in.bytes(std::min<std::size_t>(in.u16(), in.remaining())), what);
            case 2:
                return acknowledge(in.u8(), in.u8());
            case 3:
                now_ += std::chrono::microseconds{in.u16()};
                break;
            case 4:
                now_ += std::chrono::milliseconds{in.u16()};
                break;
            case 5:
                return write(what, in.u16());
            case 6:
                return read(in.u16());
            default:
                return send_message(what, in.u16());
        }
        core_.handle_timeout(now_);
    }

    /// The bytes as the frames of a packet.
    void receive(BytesView frames, std::uint8_t what) {
        Bytes datagram(kShortHeaderBytes + std::max<std::size_t>(frames.size(), 4));
        SpanWriter out{datagram};
        next_number_ += (what & 16) != 0 ? 3 : 1;  // now and then some are missing
        out.u8(0x40);
        out.u64(1);
        out.u32(static_cast<std::uint32_t>(next_number_));
        out.bytes(frames);
        auto from = kTheirs;
        if ((what & 32) != 0) from.port = 9001;
        static_cast<void>(
            core_.handle_packet({{kOurs, from}, static_cast<Ecn>(what >> 6)}, datagram, now_));
    }
    /// Packets that really left; not all of them.
    void acknowledge(std::uint8_t back, std::uint8_t count) {
        if (sent_.empty()) return;
        const auto last = sent_.size() - 1 - std::min<std::size_t>(back, sent_.size() - 1);
        AckFrame ack;
        ack.ranges[0] = {sent_[last], sent_[last]};
        ack.range_count = 1;
        // Only as far down as the numbers have no gap.
        for (auto i = last; i > 0 && count > 0 && sent_[i - 1] + 1 == sent_[i]; --i, --count)
            ack.ranges[0].first = sent_[i - 1];
        Bytes frames(frame_bytes(ack));
        SpanWriter out{frames};
        write_frame(out, ack);
        receive(frames, 0);
    }
    void write(std::uint8_t what, std::uint16_t size) {
        auto& streams = core_.streams();
        if ((what & 8) != 0) {
            const auto stream =
                streams.open((what & 16) != 0 ? StreamKind::one_way : StreamKind::both_ways);
            if (stream) stream_ = *stream;
        }
        static_cast<void>(streams.write(stream_, SharedBuffer::take(Bytes(size))));
        if ((what & 32) != 0) static_cast<void>(streams.finish(stream_));
        if ((what & 64) != 0) static_cast<void>(streams.reset(stream_, 1));
        if ((what & 128) != 0) static_cast<void>(streams.stop(stream_, 1));
    }
    void read(std::uint16_t most) {
        auto& streams = core_.streams();
        for (const auto stream : readable_)
            streams.consume(stream, std::min<std::size_t>(most, streams.readable(stream).size()));
    }
    void send_message(std::uint8_t what, std::uint16_t size) {
        OutgoingMessage message;
        message.payload = SharedBuffer::take(Bytes(size % 5000));
        message.priority = what;
        if ((what & 8) != 0) message.deadline = now_ + std::chrono::milliseconds{what};
        static_cast<void>(core_.send(std::move(message), now_));
    }

    /// Events and packets out.
    void settle() {
        while (auto event = events_.pop()) {
            if (const auto* in = std::get_if<StreamReadable>(&*event)) {
                if (readable_.size() < 64) readable_.push_back(in->stream);
            }
        }
        std::size_t transmits = 0;
        while (const auto out = core_.transmit(now_, buffer_)) {
            require(++transmits < 1000 && out->segment_size > 0 && !out->bytes.empty());
            for (auto rest = out->bytes; !rest.empty();) {
                const auto packet = rest.first(std::min(rest.size(), out->segment_size));
                check(packet);
                rest = rest.subspan(packet.size());
            }
        }
        // Windows, buffers, and a block of 72 KiB for each stream that holds any byte.
        require(core_.held_bytes() < (std::size_t{4} << 20));
    }
    void check(BytesView packet) {
        require(packet.size() > kShortHeaderBytes);
        ByteReader in{packet};
        in.skip(9);
        const auto base = sent_.empty() ? config_.first_packet_number : sent_.back() + 1;
        const auto number = expand_packet_number(in.u32(), base);
        require(sent_.empty() || number > sent_.back());
        sent_.push_back(number);
        for (FrameReader frames{packet.subspan(kShortHeaderBytes)};;) {
            const auto frame = frames.next();
            require(frame.has_value());
            if (*frame == nullptr) break;
        }
    }

    ConnectionConfig config_;
    SeededRandom random_{1};
    EventQueue events_;
    Ids ids_;
    NoWaker waker_;
    TimePoint now_ = kStart;
    Bytes buffer_ = Bytes(65'507);
    ConnectionCore core_;
    std::uint64_t next_number_ = 0;
    std::vector<std::uint64_t> sent_;
    std::vector<StreamId> readable_;
    StreamId stream_ = 0;
    std::size_t timeouts_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader in{{data, size}};
    const auto choice = in.u8();
    Bench{choice}.run(in);
    return 0;
}
