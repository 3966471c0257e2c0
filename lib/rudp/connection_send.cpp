// Packets that go out: what is in them, in which order, and when.

#include <algorithm>
#include <limits>
#include <utility>

#include "connection_core.hpp"

namespace streamkit::rudp {
namespace {

// One system call with GSO takes so many datagrams: UDP_MAX_SEGMENTS of Linux.
constexpr std::size_t kMaxSegments = 64;
// With less room left a packet is filled up with padding, so that the next one can follow in the same
// system call.
constexpr std::size_t kNearlyFull = 40;
// RFC 9001, 5.4.2: header protection needs so much to sample.
constexpr std::size_t kMinFrameBytes = 4;
constexpr std::size_t kPathProbeBytes = 1200;  // RFC 9000, 8.2.1
constexpr std::size_t kSmallestDatagram = 1200;
// RFC 9000, 13.2.4: an acknowledgement that is never acknowledged grows.
constexpr std::uint32_t kAcksPerPing = 16;
constexpr std::uint64_t kMaxSkipRange = std::uint64_t{1} << 14;
constexpr auto kTimeInterval = std::chrono::seconds{5};

template <class F>
bool put(SpanWriter& out, const F& frame) {
    const Frame whole{frame};
    if (frame_bytes(whole) > out.remaining()) return false;
    write_frame(out, whole);
    return true;
}

}  // namespace

std::optional<Transmit> ConnectionCore::transmit(TimePoint now, std::span<std::uint8_t> buffer) {
    if (ending_) return std::nullopt;
    if (sent_.next_number() + 1 >= kMaxPacketNumber) {
        fail(Error{Errc::packet_numbers_used_up, "packet number"}, now);
        return std::nullopt;
    }
    if (protection_.key_is_used_up() && protection_.update_key())
        record(now, trace::KeyUpdated{protection_.phase()});
    follow_progress(now);
    pacing_blocked_ = false;
    rate_blocked_ = false;
    if (auto out = transmit_reply(buffer)) return out;
    if (auto out = transmit_path_frames(now, buffer)) return out;
    // Before data, which may leave no room in the window as long as there is some.
    if (auto out = transmit_mtu_probe(now, buffer)) return out;
    return transmit_batch(now, buffer);
}

std::optional<Transmit> ConnectionCore::transmit_reply(std::span<std::uint8_t> buffer) {
    if (!send_reply_) return std::nullopt;
    send_reply_ = false;
    if (reply_.size() > path_->budget()) return std::nullopt;
    std::copy(reply_.begin(), reply_.end(), buffer.begin());
    path_->on_sent(reply_.size());
    return Transmit{path_->path(), buffer.first(reply_.size()), reply_.size(), Ecn::not_ect};
}

// PATH_RESPONSE and PATH_CHALLENGE: alone in their datagrams, as their way matters.
std::optional<Transmit> ConnectionCore::transmit_path_frames(TimePoint now,
                                                             std::span<std::uint8_t> buffer) {
    const auto send = [&](PathState* path, const Path& to, const Frame& frame,
                          std::uint64_t allowed) -> std::optional<Transmit> {
        const auto room = buffer.first(std::min<std::size_t>(
            kPathProbeBytes, static_cast<std::size_t>(std::min<std::uint64_t>(allowed, 65'536))));
        if (room.size() < protection_.overhead() + frame_bytes(frame)) return std::nullopt;
        auto out = frames_of(room);
        write_frame(out, frame);
        // To a path that is not known yet with all that it allows: it must carry 1200 bytes.
        if (std::holds_alternative<PathChallengeFrame>(frame)) out.zeros(out.remaining());
        Cargo cargo;
        cargo.ack_eliciting = true;
        const auto size = finish(room, out, cargo, path != nullptr ? *path : *path_, now);
        return Transmit{to, buffer.first(size), size, Ecn::not_ect};
    };
    while (!path_replies_.empty()) {
        const auto reply = path_replies_.back();
        path_replies_.pop_back();
        const bool here = reply.path.peer == path_->path().peer;
        // Elsewhere it is answered by fewer bytes than came.
        const auto allowed = here ? path_->budget() : kPathProbeBytes;
        if (auto out = send(here ? path_.get() : nullptr, here ? path_->path() : reply.path,
                            PathResponseFrame{reply.data}, allowed))
            return out;
    }
    if (const auto data = path_->challenge_due(now)) {
        path_->on_challenge_sent(now, rtt_.probe_timeout(congestion::Duration::zero()) / 2);
        return send(path_.get(), path_->path(), PathChallengeFrame{*data}, path_->budget());
    }
    return std::nullopt;
}

bool ConnectionCore::may_send() const noexcept {
    // What the smallest acknowledgement and any other frame but CLOSE take.
    constexpr std::size_t kRoom = 80;
    return path_->budget() >= protection_.overhead() + kRoom;
}

std::optional<Transmit> ConnectionCore::transmit_batch(TimePoint now,
                                                       std::span<std::uint8_t> buffer) {
    // After a second silence in a row the path may not take what it used to: RFC 8899, 4.3.
    const std::size_t segment =
        detector_.probe_count() >= 2 ? kSmallestDatagram : std::size_t{path_->mtu.current()};
    const auto segments = std::min(kMaxSegments, buffer.size() / segment);
    if (message_sender_.buffered() > 0) {
        message_sender_.update(now, path_view());
        tell_fates(now);
    }
    const auto window = path_->controller->window();
    path_->pacer.set_max_datagram_bytes(static_cast<std::uint32_t>(segment));
    auto paced = path_->pacer.budget(now);
    std::size_t size = 0;
    bool starved = false;  // there was room for more than there was to send
    for (std::size_t n = 0; n < segments; ++n) {
        if (!may_send()) break;
        const auto allowed = path_->budget();
        const auto room = buffer.subspan(
            size, static_cast<std::size_t>(std::min<std::uint64_t>(segment, allowed)));
        const bool fits_window = sent_.bytes_in_flight() + segment <= window;
        const bool may_send_data = probes_ > 0 || (fits_window && paced >= segment);
        if (!may_send_data && fits_window) pacing_blocked_ = true;
        const auto built = build(room, now, may_send_data);
        size += built;
        paced -= std::min<std::uint64_t>(paced, built);
        if (built < segment) {
            starved = may_send_data;
            break;
        }
    }
    rate_blocked_ = rate_limit_ && streams_.best_priority() && rate_limit_->budget(now) == 0;
    if (starved) path_->sampler.on_app_limited(sent_.bytes_in_flight());
    if (size == 0) return std::nullopt;
    return Transmit{path_->path(), buffer.first(size), std::min(segment, size), marking()};
}

std::optional<Transmit> ConnectionCore::transmit_mtu_probe(TimePoint now,
                                                           std::span<std::uint8_t> buffer) {
    if (!confirmed_ || !path_->is_validated() || !rtt_.has_sample()) return std::nullopt;
    const auto probe = path_->mtu.probe_size(now);
    if (!probe || *probe > buffer.size()) return std::nullopt;
    if (sent_.bytes_in_flight() + *probe > path_->controller->window()) return std::nullopt;
    if (path_->pacer.budget(now) == 0) {
        pacing_blocked_ = true;
        return std::nullopt;
    }
    const auto room = buffer.first(*probe);
    auto out = frames_of(room);
    write_frame(out, PingFrame{});
    out.zeros(out.remaining());
    Cargo cargo;
    cargo.ack_eliciting = true;
    cargo.is_mtu_probe = true;
    cargo.add(SentMtuProbe{*probe});
    path_->mtu.on_probe_sent(*probe, now);
    const auto size = finish(room, out, cargo, *path_, now);
    return Transmit{path_->path(), buffer.first(size), size, marking()};
}

// One packet.

SpanWriter ConnectionCore::frames_of(std::span<std::uint8_t> room) const noexcept {
    return SpanWriter{room.subspan(kShortHeaderBytes, room.size() - protection_.overhead())};
}

std::size_t ConnectionCore::build(std::span<std::uint8_t> room, TimePoint now, bool may_send_data) {
    const auto due = received_.ack_due();
    const bool ack_due = due && *due <= now;
    const bool data = may_send_data && (has_control() || has_stream_data(now) ||
                                        message_sender_.has_something_to_send());
    if (!ack_due && !data && probes_ == 0) return 0;
    auto out = frames_of(room);
    Cargo cargo;
    if (ack_due || received_.has_unacknowledged()) add_ack(out, cargo, now);
    if (may_send_data) {
        add_control(out, cargo, now);
        add_data(out, cargo, now);
    }
    if (probes_ > 0) {
        if (!cargo.ack_eliciting) {
            write_frame(out, PingFrame{});
            cargo.ack_eliciting = true;
        }
        --probes_;
    }
    if (out.size() == 0) return 0;
    return finish(room, out, cargo, *path_, now);
}

void ConnectionCore::add_ack(SpanWriter& out, Cargo& cargo, TimePoint now) {
    auto ack = received_.make_ack(now);
    ack.buffer_level_ms = buffer_level_ms_;
    const auto max_data = streams_.allow_max_data();
    if (max_data != told_max_data_) ack.max_data = max_data;
    told_max_data_ = max_data;
    write_ack(out, ack, out.remaining() - 1);  // a PING may have to go with it
    cargo.add(SentAck{ack.ranges[0].last});
    received_.on_ack_sent();
    ++stats_.acks_sent;
    if (++acks_without_data_ >= kAcksPerPing && ack.range_count > 1) send_ping_ = true;
}

bool ConnectionCore::has_control() const noexcept {
    return send_handshake_done_ || send_time_ || send_ping_ || send_ack_frequency_ ||
           local_ids_.has_something_to_send() || peer_ids_.has_something_to_send() ||
           !recovered_.empty() || streams_.has_control();
}

void ConnectionCore::add_control(SpanWriter& out, Cargo& cargo, TimePoint now) {
    if (!has_control()) return;
    const auto add = [&](const auto& frame, const SentFrame& sent) {
        if (cargo.is_full() || !put(out, frame)) return false;
        cargo.add(sent);
        cargo.ack_eliciting = true;
        return true;
    };
    if (send_handshake_done_ &&
        add(HandshakeDoneFrame{}, SentControl{FrameType::handshake_done, 0, 0}))
        send_handshake_done_ = false;
    if (send_time_ && put(out, clock_.make_frame(now))) {
        cargo.ack_eliciting = true;
        send_time_ = false;
        time_sent_ = now;
    }
    if (send_ack_frequency_ &&
        add(ack_frequency_, SentControl{FrameType::ack_frequency, ack_frequency_.sequence, 0}))
        send_ack_frequency_ = false;
    constexpr std::size_t kIdFrameBytes = 1 + 8 + 8 + 8 + 16;
    while (local_ids_.has_something_to_send() && !cargo.is_full() &&
           out.remaining() >= kIdFrameBytes) {
        const auto frame = local_ids_.next_frame();
        if (!frame) break;
        add(*frame, SentControl{FrameType::new_connection_id, frame->sequence, 0});
    }
    while (peer_ids_.has_something_to_send() && !cargo.is_full() &&
           out.remaining() >= kIdFrameBytes) {
        const auto frame = peer_ids_.next_frame();
        if (!frame) break;
        add(*frame, SentControl{FrameType::retire_connection_id, frame->sequence, 0});
    }
    while (!recovered_.empty()) {
        const auto& frame = recovered_.back();
        if (!add(frame, SentControl{FrameType::fec_recovered, frame.block, frame.recovered})) break;
        recovered_.pop_back();
    }
    while (!cargo.is_full()) {
        const auto sent = streams_.next_control(out);
        if (!sent) break;
        cargo.add(*sent);
        cargo.ack_eliciting = true;
    }
    if (send_ping_) {
        if (!cargo.ack_eliciting && put(out, PingFrame{})) cargo.ack_eliciting = true;
        send_ping_ = !cargo.ack_eliciting;
    }
}

bool ConnectionCore::has_stream_data(TimePoint now) const noexcept {
    if (!streams_.best_priority()) return false;
    return !rate_limit_ || rate_limit_->budget(now) > 0;
}

void ConnectionCore::add_data(SpanWriter& out, Cargo& cargo, TimePoint now) {
    message_sender_.start_packet();
    while (!cargo.is_full()) {
        const auto stream = streams_.best_priority();
        const auto message = message_sender_.best_priority();
        const bool stream_first = stream && (!message || *stream < *message);
        const bool added = stream_first
                               ? add_stream_data(out, cargo, now) || add_messages(out, cargo, now)
                               : add_messages(out, cargo, now) || add_stream_data(out, cargo, now);
        if (!added) return;
    }
}

bool ConnectionCore::add_messages(SpanWriter& out, Cargo& cargo, TimePoint now) {
    if (!message_sender_.has_something_to_send()) return false;
    const auto sent = message_sender_.next_frame(out, out.remaining(), now, path_view());
    if (!sent) return false;
    cargo.add(*sent);
    cargo.ack_eliciting = true;
    return true;
}

bool ConnectionCore::add_stream_data(SpanWriter& out, Cargo& cargo, TimePoint now) {
    if (!streams_.best_priority()) return false;
    if (rate_limit_ && rate_limit_->budget(now) == 0) return false;
    const auto sent = streams_.next_data(out);
    if (!sent) return false;
    if (rate_limit_) rate_limit_->on_sent(now, sent->frame.length);
    stats_.stream_bytes_sent += sent->new_bytes;
    stats_.stream_bytes_resent += sent->frame.length - sent->new_bytes;
    cargo.add(sent->frame);
    cargo.ack_eliciting = true;
    // As often as there is something to measure by.
    if (now - time_sent_ >= kTimeInterval) send_time_ = true;
    return true;
}

std::size_t ConnectionCore::finish(std::span<std::uint8_t> room, SpanWriter& out,
                                   const Cargo& cargo, PathState& path, TimePoint now) {
    if (out.size() < kMinFrameBytes) out.zeros(kMinFrameBytes - out.size());
    if (cargo.ack_eliciting && out.remaining() < kNearlyFull) out.zeros(out.remaining());
    const auto size = out.size() + protection_.overhead();
    const auto packet_bytes = static_cast<std::uint32_t>(size);

    // RFC 9000, 21.4: who acknowledges a number that was never used has not received, but guessed.
    if (sent_.next_number() >= next_skip_ && sent_.next_number() + 4 < kMaxPacketNumber) {
        sent_.skip();
        next_skip_ = sent_.next_number() + 1 + random_.below(skip_range_);
        skip_range_ = std::min(2 * skip_range_, kMaxSkipRange);
    }
    const auto in_flight = sent_.bytes_in_flight();
    const auto number = sent_.next_number();
    auto& packet = sent_.add();
    packet.time = now;
    packet.bytes = packet_bytes;
    packet.ack_eliciting = cargo.ack_eliciting;
    packet.is_mtu_probe = cargo.is_mtu_probe;
    packet.path_generation = path.generation();
    packet.frame_count = cargo.count;
    std::copy_n(cargo.frames.begin(), cargo.count, packet.frames.begin());
    if (cargo.ack_eliciting) {
        if (in_flight == 0) path.controller->on_idle_restart(now);
        packet.delivery = path.sampler.on_sent(now, packet_bytes, in_flight);
        if (!first_sent_since_received_) first_sent_since_received_ = now;
        acks_without_data_ = 0;
    }
    sent_.on_sent(packet);
    if (cargo.ack_eliciting) {
        detector_.on_sent(now);
        path.controller->on_sent(now, number, packet.delivery);
        path.pacer.on_sent(now, size);
    }
    path.on_sent(size);
    ++stats_.packets_sent;
    stats_.bytes_sent += size;
    record(now, trace::PacketSent{number, packet_bytes, cargo.ack_eliciting});
    protection_.seal(peer_ids_.current(), number, room.first(size));
    return size;
}

Bytes ConnectionCore::make_close_packet(std::uint64_t code, std::string_view text, TimePoint now) {
    if (sent_.next_number() > kMaxPacketNumber) return {};
    Bytes packet(kPathProbeBytes);
    auto out = frames_of(packet);
    write_frame(out, CloseFrame{std::min(code, kMaxVarint), text.substr(0, kMaxReasonBytes)});
    packet.resize(finish(packet, out, Cargo{}, *path_, now));
    return packet;
}

}  // namespace streamkit::rudp
