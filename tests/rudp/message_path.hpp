#pragma once

// A message sender and a receiver with a lossy link between them, in virtual time: as much of a
// connection as the two depend on (packets, acknowledgements, loss detection, pacing).

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "byte_ranges.hpp"
#include "message_receiver.hpp"
#include "message_sender.hpp"
#include "sim/link.hpp"
#include "streamkit/congestion/rtt.hpp"

namespace streamkit::rudp::test {

using congestion::Duration;
using std::chrono::milliseconds;

struct DataPacket {
    std::uint64_t number = 0;
    Bytes frames{};
};
struct AckPacket {
    std::vector<ByteRanges::Range> received{};
    Duration delay{};
    std::vector<FecRecoveredFrame> recovered{};
};

}  // namespace streamkit::rudp::test

namespace streamkit::sim {
template <>
struct PayloadTraits<rudp::test::DataPacket> {
    static std::size_t size(const rudp::test::DataPacket& p) noexcept {
        return p.frames.size() + 29;
    }
    static void flip(rudp::test::DataPacket&, std::uint64_t) noexcept {}
};
template <>
struct PayloadTraits<rudp::test::AckPacket> {
    static std::size_t size(const rudp::test::AckPacket&) noexcept { return 60; }
    static void flip(rudp::test::AckPacket&, std::uint64_t) noexcept {}
};
}  // namespace streamkit::sim

namespace streamkit::rudp::test {

struct PathConfig {
    Duration rtt{};
    double loss = 0;  ///< of packets and of acknowledgements
    sim::GilbertElliott burst_loss{};
    Duration jitter{};
    Duration latency{};              ///< a message is due so long after it would arrive at once
    double pace_megabits = 20;       ///< how fast packets leave, and the rate of the link
    std::size_t packet_room = 1400;  ///< for frames
    bool video = false;  ///< 30 frames a second, one in 60 a key frame; or 1316 bytes at a time
    bool fec = true;
    int packets_per_ack = 2;
    Duration ack_delay = milliseconds{5};  ///< as the sender has asked for
};

struct PathResult {
    std::uint64_t messages = 0;
    std::uint64_t in_time = 0;
    std::uint64_t keys_in_time = 0;  ///< of the first, 61st, 121st, …
    std::uint64_t late = 0;          ///< came whole, but after their time
    std::uint64_t told_delivered = 0;
    std::uint64_t payload_bytes = 0;  ///< of messages in time
    std::uint64_t sent_bytes = 0;
    std::uint64_t resent_bytes = 0;
    std::uint64_t fec_bytes = 0;

    [[nodiscard]] double in_time_percent() const {
        return 100.0 * static_cast<double>(in_time) / static_cast<double>(messages);
    }
    [[nodiscard]] double extra_percent() const {
        return 100.0 * static_cast<double>(resent_bytes + fec_bytes) /
               static_cast<double>(payload_bytes);
    }
    void add(const PathResult& other) {
        messages += other.messages;
        in_time += other.in_time;
        keys_in_time += other.keys_in_time;
        late += other.late;
        told_delivered += other.told_delivered;
        payload_bytes += other.payload_bytes;
        sent_bytes += other.sent_bytes;
        resent_bytes += other.resent_bytes;
        fec_bytes += other.fec_bytes;
    }
};

/// 4 Mbit/s of messages over the path, for `run_for`.
class MessagePath {
public:
    MessagePath(PathConfig config, std::uint64_t seed)
        : config_(config),
          sender_({.max_message_bytes = 1 << 20, .buffer_bytes = 8 << 20, .fec = config.fec}),
          receiver_({.max_message_bytes = 1 << 20, .buffer_bytes = 8 << 20}),
          forward_(link_config(config), seed * 2),
          backward_(link_config(config), seed * 2 + 1) {
        // The handshake has measured the round trip.
        rtt_.add_sample(config.rtt, {});
    }

    PathResult run_for(Duration time) {
        const auto traffic_end = TimePoint{} + time;
        const auto end = traffic_end + config_.rtt * 3 + config_.latency + milliseconds{100};
        auto next_message = TimePoint{};
        auto now = TimePoint{};
        while (now < end) {
            while (next_message <= now && next_message < traffic_end)
                next_message += send_message(now);
            receive_data(now);
            receive_acks(now);
            if (ack_due_ && *ack_due_ <= now) send_ack(now);
            detect_losses(now);
            if (probe_due_ <= now) probe(now);
            receiver_.handle_timeout(now);
            sender_.update(now, view());
            transmit(now);

            auto next = end;
            const auto consider = [&](std::optional<TimePoint> t) {
                if (t && *t > now) next = std::min(next, *t);
            };
            if (next_message < traffic_end) consider(next_message);
            consider(forward_.next_delivery());
            consider(backward_.next_delivery());
            consider(ack_due_);
            consider(loss_due_);
            consider(probe_due_);
            consider(sender_.next_timeout());
            consider(receiver_.next_timeout());
            if (sender_.has_something_to_send()) consider(next_send_);
            now = next;
        }
        for (const auto& fate : sender_.take_fates())
            if (fate.delivered) ++result_.told_delivered;
        result_.sent_bytes = sender_.counters().bytes_sent;
        result_.resent_bytes = sender_.counters().bytes_resent;
        result_.fec_bytes = sender_.counters().fec_bytes;
        return result_;
    }
    [[nodiscard]] std::uint64_t buffered() const { return sender_.buffered(); }

private:
    static sim::LinkConfig link_config(const PathConfig& config) {
        sim::LinkConfig link;
        link.delay = config.rtt / 2;
        link.loss = config.loss;
        link.burst_loss = config.burst_loss;
        link.jitter = config.jitter;
        return link;
    }
    [[nodiscard]] MessageSender::PathView view() const {
        MessageSender::PathView out;
        out.rtt = rtt_.smoothed();
        out.variation = rtt_.variation();
        out.ack_delay = config_.ack_delay;
        out.loss = loss_;
        out.bandwidth = congestion::Bandwidth::bits_per_second(
            static_cast<std::uint64_t>(config_.pace_megabits * 1e6));
        return out;
    }

    Duration send_message(TimePoint now) {
        std::size_t bytes = 1316;
        auto interval = Duration{std::chrono::seconds{1}} * 1316 * 8 / 4'000'000;
        std::uint8_t priority = 128;
        if (config_.video) {
            const auto key = result_.messages % 60 == 0;
            bytes = key ? 60'000 : 15'900;
            priority = key ? 64 : 128;
            interval = Duration{std::chrono::seconds{1}} / 30;
        }
        OutgoingMessage message;
        message.payload = SharedBuffer::copy_of(Bytes(bytes, static_cast<std::uint8_t>(bytes)));
        message.deadline = now + config_.rtt / 2 + config_.latency;
        message.priority = priority;
        if (const auto id = sender_.send(message, now)) deadlines_[*id] = message.deadline;
        ++result_.messages;
        return interval;
    }

    void transmit(TimePoint now) {
        Bytes buffer(config_.packet_room);
        while (now >= next_send_ && sender_.has_something_to_send()) {
            SpanWriter out{buffer};
            Sent sent{now, {}};
            sender_.start_packet();
            while (sent.frames.size() < kMaxSentFrames) {
                const auto frame = sender_.next_frame(out, out.remaining(), now, view());
                if (!frame) break;
                sent.frames.push_back(*frame);
            }
            if (sent.frames.empty()) break;
            send_packet(now, std::move(sent), {out.written().begin(), out.written().end()});
            next_send_ =
                now + Duration{static_cast<Duration::rep>(static_cast<double>(out.size() + 57) *
                                                          8e3 / config_.pace_megabits)};
        }
    }

    struct Sent {
        TimePoint time{};
        std::vector<SentFrame> frames{};
    };
    void send_packet(TimePoint now, Sent sent, Bytes frames) {
        in_flight_[next_number_] = std::move(sent);
        forward_.send(now, DataPacket{next_number_++, std::move(frames)});
        probe_due_ = now + rtt_.probe_timeout(config_.ack_delay);
    }
    void probe(TimePoint now) {
        if (in_flight_.empty()) {
            probe_due_ = TimePoint::max();
        } else {
            send_packet(now, {now, {}}, Bytes{1});  // PING
        }
    }

    void receive_data(TimePoint now) {
        while (const auto delivery = forward_.poll(now)) {
            const auto& packet = delivery->datagram;
            const auto in_order = received_.empty() || packet.number == received_.all().back().end;
            received_.add(packet.number, packet.number + 1);
            FrameReader reader{packet.frames};
            for (;;) {
                const auto frame = reader.next();
                if (!frame.value() || std::holds_alternative<PingFrame>(**frame)) break;
                if (const auto* message = std::get_if<MessageFrame>(*frame))
                    receiver_.receive(*message, now).value();
                if (const auto* fec = std::get_if<FecFrame>(*frame))
                    receiver_.receive(*fec, now).value();
                if (const auto* drop = std::get_if<DropFrame>(*frame))
                    receiver_.receive(*drop).value();
            }
            while (const auto message = receiver_.poll_message()) {
                const auto at = deadlines_.find(message->id);
                if (now <= at->second && message->id % 60 == 0) ++result_.keys_in_time;
                if (now <= at->second) {
                    ++result_.in_time;
                    result_.payload_bytes += message->payload.size();
                } else {
                    ++result_.late;
                }
            }
            while (const auto recovered = receiver_.poll_recovered())
                recovered_.push_back(*recovered);
            ++unacked_;
            if (!ack_due_) {
                ack_due_ = now + config_.ack_delay;
                oldest_unacked_ = now;
            }
            if (!in_order || unacked_ >= config_.packets_per_ack || !recovered_.empty())
                send_ack(now);
        }
    }
    void send_ack(TimePoint now) {
        AckPacket ack;
        const auto ranges = received_.all();
        const auto count = std::min(ranges.size(), kMaxAckRanges);
        ack.received.assign(ranges.end() - static_cast<std::ptrdiff_t>(count), ranges.end());
        ack.delay = unacked_ > 1 ? Duration{} : now - oldest_unacked_;
        ack.recovered = std::exchange(recovered_, {});
        backward_.send(now, std::move(ack));
        ack_due_.reset();
        unacked_ = 0;
    }

    void receive_acks(TimePoint now) {
        while (const auto delivery = backward_.poll(now)) {
            const auto& ack = delivery->datagram;
            for (const auto& recovered : ack.recovered)
                sender_.on_recovered(recovered).value();
            const auto largest = ack.received.back().end - 1;
            if (const auto at = in_flight_.find(largest); at != in_flight_.end())
                rtt_.add_sample(now - at->second.time, ack.delay);
            for (const auto& range : ack.received) {
                for (auto at = in_flight_.lower_bound(range.begin);
                     at != in_flight_.end() && at->first < range.end;) {
                    newest_acked_ = std::max(newest_acked_, at->second.time);
                    for (const auto& frame : at->second.frames)
                        sender_.on_acked(frame);
                    loss_ -= loss_ / kLossMemory;
                    at = in_flight_.erase(at);
                }
            }
        }
    }
    void detect_losses(TimePoint now) {
        loss_due_.reset();
        for (auto at = in_flight_.begin(); at != in_flight_.end();) {
            if (at->second.time >= newest_acked_) break;
            const auto due = at->second.time + rtt_.smoothed() + rtt_.minimum() / 4;
            if (due > now) {
                loss_due_ = due;
                break;
            }
            const auto frames = std::move(at->second.frames);
            at = in_flight_.erase(at);
            loss_ += (1 - loss_) / kLossMemory;
            for (const auto& frame : frames)
                sender_.on_lost(frame, now, view());
        }
    }

    static constexpr double kLossMemory = 128;  // packets, as in a connection

    PathConfig config_;
    MessageSender sender_;
    MessageReceiver receiver_;
    sim::BasicLink<DataPacket> forward_;
    sim::BasicLink<AckPacket> backward_;
    PathResult result_;
    std::map<MessageId, TimePoint> deadlines_;

    congestion::RttEstimator rtt_;
    double loss_ = 0;
    std::map<std::uint64_t, Sent> in_flight_;
    std::uint64_t next_number_ = 0;
    TimePoint next_send_{};
    TimePoint newest_acked_{};
    std::optional<TimePoint> loss_due_;
    TimePoint probe_due_ = TimePoint::max();

    ByteRanges received_;
    std::optional<TimePoint> ack_due_;
    TimePoint oldest_unacked_{};
    int unacked_ = 0;
    std::vector<FecRecoveredFrame> recovered_;
};

}  // namespace streamkit::rudp::test
