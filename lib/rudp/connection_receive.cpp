// Packets and frames that come in.

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "connection_core.hpp"

namespace streamkit::rudp {
namespace {

// The server answers each TIME; nobody can make it send more than these.
constexpr auto kMinTimeInterval = std::chrono::milliseconds{100};
// RFC 9000, 8.2.4: three probe timeouts, of a path whose RTT is not known.
constexpr auto kMinValidationTime = std::chrono::seconds{3};

}  // namespace

Result<void> ConnectionCore::handle_packet(const DatagramInfo& info,
                                           std::span<std::uint8_t> datagram, TimePoint now) {
    const auto dropped = [&](const Error& error, std::string_view reason) -> Result<void> {
        record(now, trace::PacketDropped{static_cast<std::uint32_t>(datagram.size()), reason});
        return error;
    };
    if (ending_) return Error{Errc::not_connected, "packet"};
    const auto opened = protection_.open(datagram, received_.next_expected());
    if (!opened) {
        ++stats_.rejected_packets;
        return dropped(opened.error(), "not authentic");
    }
    const auto number = opened->packet_number;
    if (received_.is_duplicate(number)) {
        ++stats_.duplicate_packets;
        return dropped(Error{Errc::duplicate_packet, "packet number"}, "duplicate");
    }
    const bool same_peer = info.path.peer == path_->path().peer;
    if (client_ && !same_peer) {
        // RFC 9000, 9: servers do not move.
        ++stats_.rejected_packets;
        return dropped(Error{Errc::illegal_frame, "address of the server"}, "address");
    }
    ++stats_.packets_received;
    stats_.bytes_received += datagram.size();
    record(now, trace::PacketReceived{number, static_cast<std::uint32_t>(datagram.size())});
    const bool newest = number >= received_.next_expected();
    last_received_ = now;
    first_sent_since_received_.reset();
    if (same_peer) {
        path_->on_received(datagram.size());
        if (newest && info.path.local != path_->path().local) path_->set_local(info.path.local);
    } else if (fallback_ && fallback_->path().peer == info.path.peer) {
        fallback_->on_received(datagram.size());
    }
    if (!confirmed_) confirm(same_peer, now);

    bool ack_eliciting = false;
    const auto taken = take_frames(opened->frames, info.path, now, ack_eliciting);
    if (!taken) {
        fail(taken.error(), now);
        return taken;
    }
    if (ending_) return {};
    received_.add(number, ack_eliciting, info.ecn, now);
    if (newest && !same_peer) on_new_path(info.path, datagram.size(), now);
    return {};
}

void ConnectionCore::on_repeated_hello(std::size_t bytes, TimePoint now) noexcept {
    if (confirmed_ || reply_.empty()) return;
    // The client is still there: it will have use for the REPLY that it gets at last.
    // But whoever has seen a HELLO can repeat it: not for ever.
    half_open_until_ =
        std::min<TimePoint>(now + half_open_timeout_, start_ + config_.handshake_timeout);
    path_->on_received(bytes);
    send_reply_ = true;
    waker_.wake();
}

void ConnectionCore::confirm(bool same_peer, TimePoint now) {
    confirmed_ = true;
    half_open_until_.reset();
    send_handshake_done_ = true;
    send_reply_ = false;
    reply_ = {};
    // From another address than HELLO's it shows who the client is, but not that it is there.
    if (same_peer) path_->set_validated();
    record(now, trace::StateChanged{"connected"});
    events_.push(Connected{link_, std::nullopt});
}

Result<void> ConnectionCore::take_frames(std::span<const std::uint8_t> frames, const Path& path,
                                         TimePoint now, bool& ack_eliciting) {
    for (FrameReader reader{frames};;) {
        const auto frame = reader.next();
        if (!frame) return frame.error();
        if (*frame == nullptr) break;
        ack_eliciting |= is_ack_eliciting(**frame);
        STREAMKIT_TRY(std::visit([&](const auto& f) { return take(f, path, now); }, **frame));
        if (ending_) break;
    }
    return {};
}

// Streams.

Result<void> ConnectionCore::take(const ResetStreamFrame& frame, const Path&, TimePoint) {
    return streams_.receive(frame);
}
Result<void> ConnectionCore::take(const StopSendingFrame& frame, const Path&, TimePoint) {
    return streams_.receive(frame);
}
Result<void> ConnectionCore::take(const MaxDataFrame& frame, const Path&, TimePoint) {
    streams_.receive_max_data(frame.maximum);
    return {};
}
Result<void> ConnectionCore::take(const MaxStreamDataFrame& frame, const Path&, TimePoint) {
    return streams_.receive(frame);
}
Result<void> ConnectionCore::take(const MaxStreamsFrame& frame, const Path&, TimePoint) {
    streams_.receive_max_streams(frame.maximum);
    return {};
}
Result<void> ConnectionCore::take(const StreamFrame& frame, const Path&, TimePoint) {
    return streams_.receive(frame);
}

// Messages.

Result<void> ConnectionCore::take(const MessageFrame& frame, const Path&, TimePoint now) {
    STREAMKIT_TRY(message_receiver_.receive(frame, now));
    deliver_messages();
    return {};
}
Result<void> ConnectionCore::take(const FecFrame& frame, const Path&, TimePoint now) {
    STREAMKIT_TRY(message_receiver_.receive(frame, now));
    deliver_messages();
    return {};
}
Result<void> ConnectionCore::take(const DropFrame& frame, const Path&, TimePoint) {
    STREAMKIT_TRY(message_receiver_.receive(frame));
    deliver_messages();
    return {};
}
Result<void> ConnectionCore::take(const FecRecoveredFrame& frame, const Path&, TimePoint now) {
    STREAMKIT_TRY(message_sender_.on_recovered(frame));
    tell_fates(now);
    return {};
}

void ConnectionCore::deliver_messages() {
    while (auto message = message_receiver_.poll_message()) {
        ++stats_.messages_received;
        if (message->recovered) ++stats_.messages_recovered;
        events_.push(MessageReceived{
            link_, message->id, message->channel,
            std::chrono::microseconds{static_cast<std::int64_t>(message->sent_at_us)},
            std::move(message->payload), message->recovered});
    }
    while (const auto dropped = message_receiver_.poll_dropped())
        events_.push(MessagesDropped{link_, dropped->first, dropped->last});
    while (const auto recovered = message_receiver_.poll_recovered())
        if (recovered_.size() < kMaxRecovered) recovered_.push_back(*recovered);
}

// Ids and paths.

Result<void> ConnectionCore::take(const NewConnectionIdFrame& frame, const Path&, TimePoint) {
    return peer_ids_.add(frame);
}
Result<void> ConnectionCore::take(const RetireConnectionIdFrame& frame, const Path&, TimePoint) {
    return local_ids_.retire(frame.sequence);
}

Result<void> ConnectionCore::take(const PathChallengeFrame& frame, const Path& path, TimePoint) {
    // RFC 9000, 8.2.2: the answer goes where the question came from. The oldest is of least use.
    if (path_replies_.size() == kMaxPathReplies) path_replies_.erase(path_replies_.begin());
    path_replies_.push_back({path, frame.data});
    return {};
}

Result<void> ConnectionCore::take(const PathResponseFrame& frame, const Path&, TimePoint now) {
    if (!path_->answers_challenge(frame.data)) return {};  // of a path that we have left
    path_->set_validated();
    fallback_.reset();
    record(now, trace::PathValidated{true});
    events_.push(Migrated{link_, path_->path()});
    return {};
}

void ConnectionCore::on_new_path(const Path& path, std::size_t bytes, TimePoint now) {
    ++stats_.migrations;
    if (fallback_ && fallback_->path().peer == path.peer) {
        // RFC 9000, 9.3.3: the true peer goes on, and somebody else had copied a packet of it.
        change_path(std::move(fallback_));
        return;
    }
    auto next = make_path(path);
    next->on_received(bytes);
    const auto give_up = std::max<congestion::Duration>(kMinValidationTime, 3 * probe_timeout());
    next->begin_validation(random_.u64(), now, give_up);
    path_->rtt = rtt_;
    auto old = path_->is_validated() ? std::move(path_) : std::move(fallback_);
    change_path(std::move(next));
    fallback_ = std::move(old);
    peer_ids_.use_next();
}

void ConnectionCore::change_path(std::unique_ptr<PathState> next) {
    path_ = std::move(next);
    fallback_.reset();
    rtt_ = path_->rtt;
    pacing_blocked_ = false;
    probes_ = 0;
    detector_.on_path_changed(*this);
    update_rates();
}

// The rest.

Result<void> ConnectionCore::take(const HandshakeDoneFrame&, const Path&, TimePoint) {
    if (!client_) return Error{Errc::illegal_frame, "HANDSHAKE_DONE from a client"};
    return {};
}

Result<void> ConnectionCore::take(const TimeFrame& frame, const Path&, TimePoint now) {
    clock_.receive(frame, now);
    // The client asks, the server answers; once the client answers too, so that the server knows.
    if (client_) {
        if (answer_time_) send_time_ = true;
        answer_time_ = false;
    } else if (now - time_sent_ >= kMinTimeInterval) {
        send_time_ = true;
    }
    return {};
}

Result<void> ConnectionCore::take(const AckFrequencyFrame& frame, const Path&, TimePoint) {
    received_.set_frequency(frame);
    return {};
}

Result<void> ConnectionCore::take(const CloseFrame& frame, const Path&, TimePoint now) {
    record(now, trace::StateChanged{"closed"});
    end({Error{Errc::closed_by_peer, "CLOSE"}, frame.code, std::string{frame.text}}, {},
        3 * probe_timeout());
    return {};
}

}  // namespace streamkit::rudp
