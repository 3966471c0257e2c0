#include "connection_core.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace streamkit::rudp {
namespace {

// RFC 9000, 10.2: how long a closed connection answers for, in probe timeouts.
constexpr int kLingerTimeouts = 3;

void earlier(std::optional<TimePoint>& first, std::optional<TimePoint> other) {
    if (other && (!first || *other < *first)) first = other;
}

StreamSet::Config stream_config(const ConnectionConfig& config,
                                const ConnectionCore::Start& start) {
    StreamSet::Config out;
    out.link = start.link;
    out.client = start.client;
    out.receive_window = config.receive_window;
    out.stream_receive_window = config.stream_receive_window;
    out.max_peer_streams = config.max_peer_streams;
    out.send_buffer = config.send_buffer;
    out.peer_max_data = start.peer.max_data;
    out.peer_max_stream_data = start.peer.max_stream_data;
    out.peer_max_streams = start.peer.max_streams;
    return out;
}

congestion::Duration peer_ack_delay(const TransportParameters& peer) {
    return std::chrono::microseconds{peer.max_ack_delay_us};
}

}  // namespace

ConnectionCore::ConnectionCore(const ConnectionConfig& config, Start start,
                               const noise::TransportKeys& keys, const Surroundings& surroundings,
                               TimePoint now)
    : link_(start.link),
      client_(start.client),
      config_(config),
      peer_(start.peer),
      start_(now),
      random_(surroundings.random),
      events_(surroundings.events),
      waker_(surroundings.waker),
      trace_(surroundings.trace),
      protection_(keys, config.protection),
      local_ids_(start.local_id, start.link, surroundings.directory),
      peer_ids_(start.peer_id, start.peer_reset_token, start.link, surroundings.directory),
      streams_(stream_config(config, start), surroundings.events),
      message_sender_({start.peer.max_message_bytes, config.send_buffer, config.fec, now}),
      message_receiver_({config.max_message_bytes, config.max_message_buffer}),
      clock_(now),
      half_open_timeout_(start.half_open_timeout),
      confirmed_(start.client),
      algorithm_(config.congestion),
      path_(make_path(start.path)),
      received_({config.max_ack_delay, start.peer.first_packet_number}),
      sent_(config.first_packet_number),
      detector_(sent_, rtt_, {peer_ack_delay(start.peer)}),
      ecn_(config.ecn),
      reply_(std::move(start.reply)),
      send_time_(start.client),
      last_received_(now),
      last_progress_(now) {
    path_->on_received(start.hello_bytes);
    if (client_ || start.address_known) path_->set_validated();
    if (start.rtt) rtt_.add_sample(*start.rtt, congestion::Duration::zero());
    send_reply_ = !reply_.empty();
    if (!client_) half_open_until_ = now + half_open_timeout_;
    next_skip_ = config.first_packet_number + 1 + random_.below(skip_range_);
    path_replies_.reserve(kMaxPathReplies);
    record(now, trace::StateChanged{client_ ? "connected" : "handshake"});
}

ConnectionCore::~ConnectionCore() = default;

std::unique_ptr<PathState> ConnectionCore::make_path(const Path& path) {
    const auto most = std::min<std::uint64_t>(config_.max_datagram_bytes, peer_.max_datagram_bytes);
    const auto least = std::min<std::uint64_t>(config_.min_datagram_bytes, most);
    auto out = std::make_unique<PathState>(
        path, generation_++,
        MtuProber{static_cast<std::uint32_t>(least), static_cast<std::uint32_t>(most)});
    congestion::ControllerConfig controller;
    controller.max_datagram_bytes = out->mtu.current();
    out->controller = congestion::make_controller(algorithm_, controller, random_);
    out->pacer.set_max_datagram_bytes(out->mtu.current());
    out->pacer.set_rate(out->controller->pacing_rate());
    return out;
}

// Ending.

void ConnectionCore::fail(const Error& error, TimePoint now) {
    if (ending_) return;
    const auto code = error.code.category() == rudp_category()
                          ? static_cast<std::uint64_t>(error.code.value())
                          : static_cast<std::uint64_t>(Errc::illegal_frame);
    close({error, code, std::string{error.what}}, code, error.what, now);
}

void ConnectionCore::close(const CloseReason& reason, std::uint64_t code, std::string_view text,
                           TimePoint now) {
    if (ending_) return;
    auto packet = make_close_packet(code, text, now);
    if (packet.size() > path_->budget()) packet.clear();
    record(now, trace::StateChanged{"closing"});
    end(reason, std::move(packet), kLingerTimeouts * probe_timeout());
}

void ConnectionCore::end(const CloseReason& reason, Bytes close_packet,
                         congestion::Duration linger) {
    if (ending_) return;
    ending_ = Ending{reason, std::move(close_packet), linger};
    waker_.wake();
}

void ConnectionCore::on_stateless_reset() {
    end({Error{Errc::stateless_reset, "stateless reset"}, 0, {}}, {},
        kLingerTimeouts * probe_timeout());
}

std::vector<ConnectionId> ConnectionCore::release_ids() {
    auto ids = local_ids_.all();
    local_ids_.release();
    return ids;
}

// Time.

congestion::Duration ConnectionCore::probe_timeout() const noexcept {
    return rtt_.probe_timeout(peer_ack_delay(peer_));
}

congestion::Duration ConnectionCore::idle_after() const noexcept {
    // RFC 9000, 10.1: the lesser of both sides', 0 meaning none, but some probes must fit into it.
    auto idle = config_.idle_timeout;
    const milliseconds theirs{peer_.idle_timeout_ms};
    if (idle.count() == 0 || (theirs.count() > 0 && theirs < idle)) idle = theirs;
    if (idle.count() == 0) return congestion::Duration::zero();
    return std::max<congestion::Duration>(idle, kLingerTimeouts * probe_timeout());
}

std::optional<TimePoint> ConnectionCore::idle_deadline() const noexcept {
    const auto idle = idle_after();
    if (idle.count() == 0) return std::nullopt;
    return std::max(last_received_, first_sent_since_received_.value_or(last_received_)) + idle;
}

std::optional<TimePoint> ConnectionCore::keep_alive_due() const noexcept {
    if (config_.keep_alive.count() == 0 || send_ping_ || !confirmed_) return std::nullopt;
    // What is in flight will bring an answer, or probes.
    if (sent_.packets_in_flight() > 0) return std::nullopt;
    return last_received_ + config_.keep_alive;
}

void ConnectionCore::handle_timeout(TimePoint now) {
    if (ending_) return;
    if (half_open_until_ && now >= *half_open_until_)
        return end({Error{Errc::handshake_timeout, "handshake"}, 0, {}}, {},
                   congestion::Duration::zero());
    if (const auto idle = idle_deadline(); idle && now >= *idle)
        return end({Error{Errc::idle_timeout, "idle"}, 0, {}}, {}, congestion::Duration::zero());
    if (config_.progress_timeout.count() > 0 && data_waits_ &&
        now >= last_progress_ + config_.progress_timeout)
        return fail(Error{Errc::idle_timeout, "no progress"}, now);
    if (path_->has_failed(now)) {
        record(now, trace::PathValidated{false});
        if (!fallback_) return fail(Error{Errc::no_viable_path, "path validation"}, now);
        change_path(std::move(fallback_));
    }
    if (const auto due = detector_.next_timeout(); due && now >= *due) {
        ack_time_ = now;
        const auto result = detector_.on_timeout(now, *this);
        if (result.persistent_congestion) path_->controller->on_persistent_congestion(now);
        if (result.probes > 0) {
            ++stats_.probe_timeouts;
            prepare_probes(result.probes);
        }
        update_rates();
    }
    if (const auto due = keep_alive_due(); due && now >= *due) send_ping_ = true;
    if (const auto due = message_sender_.next_timeout(); due && now >= *due)
        message_sender_.update(now, path_view());
    tell_fates(now);
    if (const auto due = message_receiver_.next_timeout(); due && now >= *due)
        message_receiver_.handle_timeout(now);
}

std::optional<TimePoint> ConnectionCore::next_timeout() const {
    if (ending_) return std::nullopt;
    auto first = detector_.next_timeout();
    if (may_send()) earlier(first, received_.ack_due());
    earlier(first, half_open_until_);
    earlier(first, idle_deadline());
    earlier(first, keep_alive_due());
    earlier(first, path_->next_timeout());
    earlier(first, path_->mtu.next_timeout());
    earlier(first, message_sender_.next_timeout());
    earlier(first, message_receiver_.next_timeout());
    if (pacing_blocked_ && may_send()) earlier(first, path_->pacer.next_send_time());
    if (rate_blocked_ && rate_limit_) earlier(first, rate_limit_->next_send_time());
    if (config_.progress_timeout.count() > 0 && data_waits_)
        earlier(first, last_progress_ + config_.progress_timeout);
    return first;
}

void ConnectionCore::follow_progress(TimePoint now) noexcept {
    const bool waits = streams_.buffered() > 0;
    if (waits && !data_waits_) last_progress_ = now;
    data_waits_ = waits;
}

// The application's side.

Result<MessageId> ConnectionCore::send(OutgoingMessage message, TimePoint now) {
    if (ending_) return Error{Errc::not_connected, "send"};
    auto id = message_sender_.send(std::move(message), now);
    if (id) waker_.wake();
    return id;
}

void ConnectionCore::set_buffer_level(milliseconds level) {
    buffer_level_ms_ = static_cast<std::uint64_t>(std::max<milliseconds::rep>(level.count(), 0));
}

void ConnectionCore::set_max_rate(congestion::Bandwidth rate) {
    rate_limit_.reset();
    rate_blocked_ = false;
    if (!rate.is_infinite()) {
        rate_limit_.emplace();
        rate_limit_->set_rate(rate);
        rate_limit_->set_max_datagram_bytes(path_->mtu.current());
    }
    waker_.wake();
}

void ConnectionCore::set_congestion(congestion::Algorithm algorithm) {
    if (algorithm == algorithm_) return;
    algorithm_ = algorithm;
    congestion::ControllerConfig config;
    config.max_datagram_bytes = path_->mtu.current();
    // The new one goes on with the window that the old one has found.
    const auto packets = path_->controller->window() / config.max_datagram_bytes;
    config.initial_window_packets = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(packets, config.min_window_packets, 1 << 20));
    path_->controller = congestion::make_controller(algorithm, config, random_);
    update_rates();
    waker_.wake();
}

std::optional<std::chrono::microseconds> ConnectionCore::clock_offset() const {
    return clock_.offset();
}

MessageSender::PathView ConnectionCore::path_view() const {
    MessageSender::PathView out;
    if (rtt_.has_sample()) {
        out.rtt = rtt_.smoothed();
        out.variation = rtt_.variation();
    }
    out.ack_delay = std::chrono::microseconds{ack_frequency_.max_delay_us};
    out.loss = loss_;
    out.bandwidth = path_->controller->bandwidth();
    return out;
}

void ConnectionCore::tell_fates(TimePoint now) {
    for (const auto& fate : message_sender_.take_fates()) {
        if (!fate.delivered) record(now, trace::DeadlineDropped{fate.id, fate.id});
        events_.push(MessageFate{link_, fate.id, fate.delivered});
    }
}

ConnectionStats ConnectionCore::stats() const {
    auto out = stats_;
    const auto& messages = message_sender_.counters();
    out.messages_sent = messages.sent;
    out.messages_delivered = messages.delivered;
    out.messages_dropped = messages.dropped;
    out.message_bytes_sent = messages.bytes_sent;
    out.message_bytes_resent = messages.bytes_resent;
    out.fec_bytes_sent = messages.fec_bytes;
    out.stream_bytes_received = streams_.received();
    out.ce_marks = peer_ecn_.ce;
    out.key_updates = protection_.phase();
    out.smoothed_rtt = rtt_.smoothed();
    out.minimum_rtt = rtt_.has_sample() ? rtt_.minimum() : congestion::Duration::zero();
    out.latest_rtt = rtt_.latest();
    out.rtt_variation = rtt_.variation();
    out.window = path_->controller->window();
    out.in_flight = sent_.bytes_in_flight();
    out.pacing_rate = path_->controller->pacing_rate();
    out.bandwidth = path_->controller->bandwidth();
    out.datagram_bytes = path_->mtu.current();
    out.congestion_phase = path_->controller->phase();
    out.path = path_->path();
    return out;
}

std::size_t ConnectionCore::held_bytes() const noexcept {
    return streams_.held_bytes() + message_receiver_.held_bytes() +
           static_cast<std::size_t>(message_sender_.buffered());
}

}  // namespace streamkit::rudp
