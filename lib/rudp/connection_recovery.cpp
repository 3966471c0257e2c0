// What became of our packets, and what follows for the rate.

#include <algorithm>
#include <cmath>
#include <variant>

#include "connection_core.hpp"
#include "streamkit/base/overloaded.hpp"

namespace streamkit::rudp {
namespace {

// Each packet moves the measured share of losses by this.
constexpr double kLossGain = 1.0 / 128;
// We never ask for an acknowledgement of more packets than this at once.
constexpr std::uint64_t kMaxPacketsPerAck = 64;
constexpr congestion::Duration kMinAckDelay = std::chrono::milliseconds{1};
constexpr congestion::Duration kPromptAckDelay = std::chrono::milliseconds{5};

}  // namespace

Result<void> ConnectionCore::take(const AckFrame& frame, const Path&, TimePoint now) {
    ack_time_ = now;
    const auto prior_in_flight = sent_.bytes_in_flight();
    const auto datagram_bytes = path_->mtu.current();
    path_->sampler.begin_ack();
    const auto result = detector_.on_ack(frame, now, *this);
    if (!result) return result.error();

    std::uint64_t new_ce_marks = 0;
    if (frame.ecn && frame.ecn->ce > peer_ecn_.ce) new_ce_marks = frame.ecn->ce - peer_ecn_.ce;
    if (!largest_acked_ || *largest_acked_ < result->largest_acked) {
        largest_acked_ = result->largest_acked;
        protection_.on_acknowledged(*largest_acked_);
        check_ecn(frame);
    }
    if (new_ce_marks > 0) peer_ecn_ = *frame.ecn;

    const auto sample = path_->sampler.finish_ack(rtt_.minimum());
    if (result->any_new) {
        congestion::AckEvent event;
        event.now = now;
        event.acked_bytes = result->acked_bytes;
        event.lost_bytes = result->lost_bytes;
        event.in_flight = sent_.bytes_in_flight();
        event.prior_in_flight = prior_in_flight;
        event.delivered = path_->sampler.delivered();
        event.largest_acked = result->largest_acked;
        event.largest_sent = sent_.next_number() - 1;
        event.rtt = result->rtt;
        event.smoothed_rtt = rtt_.smoothed();
        event.minimum_rtt = rtt_.minimum();
        event.new_ce_marks = new_ce_marks;
        event.rate = sample;
        path_->controller->on_ack(event);
        probes_ = 0;
    }
    if (result->persistent_congestion) path_->controller->on_persistent_congestion(now);
    update_datagram_size(datagram_bytes, now);
    update_rates();
    ask_for_ack_frequency();

    if (frame.max_data) streams_.receive_max_data(*frame.max_data);
    if (frame.buffer_level_ms && frame.buffer_level_ms != peer_buffer_level_ms_) {
        peer_buffer_level_ms_ = frame.buffer_level_ms;
        const auto level = static_cast<std::int64_t>(*frame.buffer_level_ms);
        record(now, trace::PeerBufferLevel{level});
        events_.push(BufferLevel{link_, milliseconds{level}});
    }
    tell_fates(now);
    if (trace_ != nullptr) {
        record(now, trace::MetricsUpdated{rtt_.smoothed(), rtt_.latest(), rtt_.minimum(),
                                          path_->controller->window(), sent_.bytes_in_flight(),
                                          path_->controller->pacing_rate(),
                                          path_->controller->bandwidth()});
        if (const auto phase = path_->controller->phase(); phase != phase_) {
            phase_ = phase;
            record(now, trace::CongestionPhase{phase});
        }
    }
    return {};
}

void ConnectionCore::on_packet_acked(const SentPacket& packet, bool was_lost) {
    if (was_lost) {
        ++stats_.spurious_losses;
        --stats_.packets_lost;
        stats_.bytes_lost -= packet.bytes;
        loss_ = std::max(0.0, loss_ - kLossGain);
    }
    if (packet.packet_number < marked_end_) ++marked_acked_;
    if (packet.ack_eliciting && packet.path_generation == path_->generation()) {
        loss_ -= loss_ * kLossGain;
        path_->sampler.on_acked(ack_time_, packet.delivery);
        if (was_lost && !packet.is_mtu_probe)
            path_->controller->on_spurious_loss(ack_time_, {packet.delivery, packet.packet_number});
        path_->mtu.on_packet_acked(packet.bytes);
        if (packet.is_mtu_probe) path_->mtu.on_probe_acked(packet.bytes, ack_time_);
    }
    for (const auto& frame : packet.carried())
        on_frame_acked(frame);
}

void ConnectionCore::on_packet_lost(const SentPacket& packet, std::string_view trigger) {
    ++stats_.packets_lost;
    stats_.bytes_lost += packet.bytes;
    record(ack_time_, trace::PacketLost{packet.packet_number, packet.bytes, trigger});
    if (packet.path_generation == path_->generation()) {
        if (packet.is_mtu_probe) {
            path_->mtu.on_probe_lost(packet.bytes, ack_time_);
        } else {
            loss_ += (1 - loss_) * kLossGain;
            path_->sampler.on_lost(packet.delivery);
            path_->controller->on_lost(ack_time_, {packet.delivery, packet.packet_number});
            static_cast<void>(path_->mtu.on_packet_lost(packet.bytes, ack_time_));
        }
    }
    for (const auto& frame : packet.carried())
        on_frame_lost(frame);
}

void ConnectionCore::on_frame_acked(const SentFrame& frame) {
    std::visit(overloaded{[&](const SentStream& f) {
                              last_progress_ = ack_time_;
                              streams_.on_acked(f);
                          },
                          [&](const SentAck& f) { received_.forget_up_to(f.largest); },
                          [&](const SentMessage&) { message_sender_.on_acked(frame); },
                          [&](const SentFec&) { message_sender_.on_acked(frame); },
                          [&](const SentControl& f) {
                              if (f.type == FrameType::drop) return message_sender_.on_acked(frame);
                              streams_.on_acked(f);
                          },
                          [&](const SentMtuProbe&) {}},
               frame);
}

void ConnectionCore::on_frame_lost(const SentFrame& frame) {
    std::visit(
        overloaded{
            [&](const SentStream& f) { streams_.on_lost(f); }, [&](const SentAck&) {},
            [&](const SentMessage&) { message_sender_.on_lost(frame, ack_time_, path_view()); },
            [&](const SentFec&) { message_sender_.on_lost(frame, ack_time_, path_view()); },
            [&](const SentControl& f) {
                if (f.type == FrameType::drop)
                    return message_sender_.on_lost(frame, ack_time_, path_view());
                on_control_lost(f);
            },
            [&](const SentMtuProbe&) {}},
        frame);
}

void ConnectionCore::on_control_lost(const SentControl& frame) {
    switch (frame.type) {
        case FrameType::handshake_done:
            send_handshake_done_ = true;
            break;
        case FrameType::new_connection_id:
            local_ids_.on_lost(frame.id);
            break;
        case FrameType::retire_connection_id:
            peer_ids_.on_lost(frame.id);
            break;
        case FrameType::fec_recovered:
            if (recovered_.size() < kMaxRecovered)
                recovered_.push_back({frame.id, static_cast<std::uint32_t>(frame.value)});
            break;
        case FrameType::ack_frequency:
            if (frame.id == ack_frequency_.sequence) send_ack_frequency_ = true;
            break;
        default:
            streams_.on_lost(frame);
            break;
    }
}

// Rates.

void ConnectionCore::check_ecn(const AckFrame& ack) {
    if (!ecn_) return;
    // RFC 9000, 13.4.2.1: what was marked and came has to be counted at the other end.
    const auto counted = ack.ecn ? ack.ecn->ect0 + ack.ecn->ce : 0;
    if (counted >= marked_acked_) return;
    ecn_ = false;
    marked_end_ = sent_.next_number();
}

void ConnectionCore::update_rates() { path_->pacer.set_rate(path_->controller->pacing_rate()); }

void ConnectionCore::update_datagram_size(std::uint32_t before, TimePoint now) {
    const auto size = path_->mtu.current();
    if (size == before) return;
    path_->controller->set_max_datagram_bytes(size);
    path_->pacer.set_max_datagram_bytes(size);
    if (rate_limit_) rate_limit_->set_max_datagram_bytes(size);
    record(now, trace::MtuUpdated{size});
}

void ConnectionCore::on_too_large(std::uint32_t datagram_bytes, TimePoint now) {
    const auto before = path_->mtu.current();
    path_->mtu.on_too_large(datagram_bytes, now);
    update_datagram_size(before, now);
    waker_.wake();
}

void ConnectionCore::ask_for_ack_frequency() {
    // draft-ietf-quic-ack-frequency: fewer acknowledgements where many packets are in flight, unless
    // messages have no time to wait for them.
    const bool prompt = message_sender_.needs_prompt_acks(ack_time_);
    const auto packets = std::clamp<std::uint64_t>(
        path_->controller->window() / path_->mtu.current() / 8, 2, prompt ? 2 : kMaxPacketsPerAck);
    const auto longest =
        std::min<congestion::Duration>(std::chrono::microseconds{peer_.max_ack_delay_us},
                                       prompt ? kPromptAckDelay : congestion::Duration::max());
    const auto delay =
        std::chrono::duration_cast<std::chrono::microseconds>(std::clamp<congestion::Duration>(
            rtt_.smoothed() / 4, kMinAckDelay, std::max(kMinAckDelay, longest)));
    const auto delay_us = static_cast<std::uint64_t>(delay.count());
    const auto differs = [](std::uint64_t a, std::uint64_t b) { return a >= 2 * b || b >= 2 * a; };
    if (!differs(packets, ack_frequency_.packets) &&
        !differs(delay_us, ack_frequency_.max_delay_us))
        return;
    ++ack_frequency_.sequence;
    ack_frequency_.packets = packets;
    ack_frequency_.max_delay_us = delay_us;
    send_ack_frequency_ = true;
}

void ConnectionCore::prepare_probes(int probes) {
    probes_ = probes;
    if (streams_.best_priority() || message_sender_.has_something_to_send() || has_control())
        return;
    // RFC 9002, 6.2.4: nothing new, so what is oldest in flight goes again.
    for (auto number = sent_.oldest(); number < sent_.next_number() && probes > 0; ++number) {
        const auto* packet = sent_.find(number);
        if (packet == nullptr || packet->status != SentPacket::Status::in_flight ||
            !packet->ack_eliciting || packet->is_mtu_probe)
            continue;
        for (const auto& frame : packet->carried())
            on_frame_lost(frame);
        --probes;
    }
}

}  // namespace streamkit::rudp
