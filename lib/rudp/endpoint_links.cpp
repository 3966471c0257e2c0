// The life of a link: connecting or coming in, open, closed.

#include <algorithm>
#include <utility>

#include "endpoint_impl.hpp"

namespace streamkit::rudp {
namespace {

constexpr std::size_t kMaxSentBack = 3;  // RFC 9000, 8.1: times what came
// A REPLY that says no answers HELLOs for so long.
constexpr std::chrono::seconds kRefusedLinger{3};

}  // namespace

Endpoint::Impl::Link& Endpoint::Impl::make_link(Phase phase, const Path& path) {
    const auto id = next_link_++;
    return *links_.emplace(id, std::make_unique<Link>(*this, id, phase, path)).first->second;
}

void Endpoint::Impl::remove_link(Link& link) {
    stop_counting(link);
    ready_.remove(link);
    deadlines_.remove(link);
    if (link.hello) hellos_.erase(*link.hello);
    if (link.connecting) remove_id(link.connecting->handshake.id());
    if (link.closed)
        for (const auto id : link.closed->ids)
            remove_id(id);
    links_.erase(link.id);
}

void Endpoint::Impl::remove_if_over(Link& link) {
    if (link.phase == Phase::closed && link.end_polled && link.closed->expired) remove_link(link);
}

void Endpoint::Impl::stop_counting(Link& link) {
    if (link.half_open) half_open_.remove(link.path.peer.ip);
    link.half_open = false;
    if (link.occupies) --occupied_;
    link.occupies = false;
}

// Beginning.

Result<LinkId> Endpoint::Impl::connect(const SocketAddress& peer, ClientConfig config,
                                       TimePoint now) {
    now_ = std::max(now_, now);
    auto& link = make_link(Phase::connecting, {config.local, peer});
    const auto id = add_id(link.id);
    auto handshake = ClientHandshake::make(config, id, random_, now);
    if (!handshake) {
        remove_id(id);
        remove_link(link);
        return handshake.error();
    }
    link.connecting.emplace(
        ConnectingState{*std::move(handshake), config.connection, config.server_key});
    link.wake();
    return link.id;
}

Result<void> Endpoint::Impl::accept(LinkId id, TimePoint now) {
    now_ = std::max(now_, now);
    const auto found = links_.find(id);
    if (found == links_.end() || found->second->phase != Phase::pending)
        return Error{Errc::no_such_link, "accept"};
    Link& link = *found->second;
    const auto local_id = add_id(link.id);
    auto& server = *link.server;
    Reply reply;
    reply.parameters = own_parameters(config_.connection);
    reply.reset_token = token_of(local_id);
    auto datagram = server.write_reply(reply, local_id);
    const auto keys = server.keys();
    if (!datagram || !keys) {
        // A key of the client that no secret can be made with.
        remove_id(local_id);
        remove_link(link);
        return Error{Errc::no_such_link, "key of the client"};
    }
    ConnectionCore::Start start;
    start.link = link.id;
    start.client = false;
    start.peer = server.hello().parameters;
    start.local_id = local_id;
    start.peer_id = server.client_id();
    start.path = link.path;
    start.address_known = link.address_known;
    start.hello_bytes = link.hello_bytes;
    start.reply = *std::move(datagram);
    start.half_open_timeout = config_.half_open_timeout;
    open(link, config_.connection, std::move(start), *keys, now);
    link.server.reset();
    return {};
}

void Endpoint::Impl::open(Link& link, const ConnectionConfig& config, ConnectionCore::Start start,
                          const noise::TransportKeys& keys, TimePoint now) {
    link.connection.core_ = std::make_unique<ConnectionCore>(
        config, std::move(start), keys,
        ConnectionCore::Surroundings{random_, events_, *this, link, config_.trace}, now);
    link.phase = Phase::open;
    link.wake();
}

Result<void> Endpoint::Impl::reject(LinkId id, const Reject& reject, TimePoint now) {
    now_ = std::max(now_, now);
    const auto found = links_.find(id);
    if (found == links_.end() || found->second->phase != Phase::pending)
        return Error{Errc::no_such_link, "reject"};
    refuse(*found->second, reject, now);
    return {};
}

void Endpoint::Impl::refuse(Link& link, const Reject& reject, TimePoint now) {
    ++stats_.incoming_refused;
    Reply reply;
    reply.parameters = own_parameters(config_.connection);
    reply.reject = reject;
    if (reply.reject->text.size() > kMaxRejectTextBytes)
        reply.reject->text.resize(kMaxRejectTextBytes);
    auto datagram = link.server->write_reply(reply, 0);
    link.server.reset();
    if (!datagram) return remove_link(link);
    if (link.occupies) --occupied_;
    link.occupies = false;
    link.reply = *std::move(datagram);
    link.phase = Phase::refused;
    link.expires = now + kRefusedLinger;
    on_repeated_hello(link, 0);
    link.wake();
}

void Endpoint::Impl::on_repeated_hello(Link& link, std::size_t bytes) {
    link.hello_bytes += bytes;
    switch (link.phase) {
        case Phase::open:
            link.connection.core_->on_repeated_hello(bytes, now_);
            break;
        case Phase::refused:
            if (link.reply_bytes + link.reply.size() > kMaxSentBack * link.hello_bytes) break;
            link.reply_bytes += link.reply.size();
            send_stateless(link.path, link.reply);
            break;
        default:
            break;
    }
}

// Ending.

Result<void> Endpoint::Impl::close(LinkId id, std::uint64_t code, std::string_view text,
                                   TimePoint now) {
    now_ = std::max(now_, now);
    constexpr std::uint64_t kFirstApplicationCode = 0x100;
    if ((code != 0 && code < kFirstApplicationCode) || code > kMaxVarint)
        return Error{Errc::invalid_parameter, "code"};
    if (text.size() > kMaxReasonBytes) return Error{Errc::invalid_parameter, "text"};
    const auto found = links_.find(id);
    if (found == links_.end()) return Error{Errc::no_such_link, "close"};
    Link& link = *found->second;
    const CloseReason reason{Error{Errc::closed_here, "close"}, code, std::string{text}};
    switch (link.phase) {
        case Phase::connecting:
            end_connecting(link, reason, now);
            return {};
        case Phase::pending:
            refuse(link, Reject{}, now);
            return {};
        case Phase::open:
            link.connection.core_->close(reason, code, text, now);
            settle(link, now);
            return {};
        default:
            return Error{Errc::no_such_link, "close"};
    }
}

void Endpoint::Impl::end_connecting(Link& link, const CloseReason& reason, TimePoint now) {
    remove_id(link.connecting->handshake.id());
    link.connecting.reset();
    begin_closed(link, {reason, {}, congestion::Duration::zero()}, now);
}

void Endpoint::Impl::settle(Link& link, TimePoint now) {
    auto* core = link.connection.core_.get();
    if (link.phase != Phase::open || core == nullptr) return;
    if (link.half_open && core->is_confirmed()) {
        half_open_.remove(link.path.peer.ip);
        link.half_open = false;
    }
    if (core->ending()) {
        const auto path = core->path();
        begin_closed(link, *std::move(core->ending()), now);
        link.path = path;
        core->ending()->close_packet = {};
    }
}

void Endpoint::Impl::begin_closed(Link& link, ConnectionCore::Ending ending, TimePoint now) {
    stop_counting(link);
    link.phase = Phase::closed;
    auto& closed = link.closed.emplace(ClosedState{});
    closed.send = !ending.close_packet.empty();
    closed.packet = std::move(ending.close_packet);
    closed.until = now + ending.linger;
    closed.repeat_after = ending.linger / 3;
    closed.repeat = now + closed.repeat_after;
    closed.expired = ending.linger.count() == 0;
    if (link.connection.core_ != nullptr) closed.ids = link.connection.core_->release_ids();
    events_.push(Closed{link.id, std::move(ending.reason)});
    link.wake();
}

// Sending and time.

std::optional<Transmit> Endpoint::Impl::transmit(Link& link, TimePoint now) {
    switch (link.phase) {
        case Phase::connecting: {
            SpanWriter out{buffer_};
            if (!link.connecting->handshake.write_hello(out, now)) return std::nullopt;
            return Transmit{link.path, out.written(), out.size(), Ecn::not_ect};
        }
        case Phase::open: {
            auto out = link.connection.core_->transmit(now, buffer_);
            if (!out) settle(link, now);
            return out;
        }
        case Phase::closed: {
            auto& closed = *link.closed;
            if (!closed.send) return std::nullopt;
            closed.send = false;
            std::copy(closed.packet.begin(), closed.packet.end(), buffer_.begin());
            return Transmit{link.path, BytesView{buffer_}.first(closed.packet.size()),
                            closed.packet.size(), Ecn::not_ect};
        }
        default:
            return std::nullopt;
    }
}

std::optional<TimePoint> Endpoint::Impl::deadline_of(const Link& link) const {
    switch (link.phase) {
        case Phase::connecting:
            return link.connecting->handshake.next_timeout();
        case Phase::pending:
        case Phase::refused:
            return link.expires;
        case Phase::open:
            return link.connection.core_->next_timeout();
        case Phase::closed:
            if (link.closed->expired) return std::nullopt;
            return link.closed->packet.empty() ? link.closed->until
                                               : std::min(link.closed->until, link.closed->repeat);
    }
    return std::nullopt;
}

void Endpoint::Impl::on_deadline(Link& link, TimePoint now) {
    switch (link.phase) {
        case Phase::connecting:
            if (link.connecting->handshake.has_timed_out(now))
                return end_connecting(link, {link.connecting->handshake.timeout_error(), 0, {}},
                                      now);
            break;
        case Phase::pending:
            if (now >= link.expires) return refuse(link, Reject{}, now);
            break;
        case Phase::refused:
            if (now >= link.expires) return remove_link(link);
            break;
        case Phase::open:
            link.connection.core_->handle_timeout(now);
            settle(link, now);
            break;
        case Phase::closed: {
            auto& closed = *link.closed;
            // Once more each probe timeout, for a peer that is silent: it may have lost the first.
            if (now >= closed.repeat && !closed.packet.empty()) {
                closed.send = true;
                closed.repeat = now + closed.repeat_after;
            }
            if (now >= closed.until) {
                closed.expired = true;
                closed.send = false;
                if (link.end_polled) return remove_link(link);
            }
            break;
        }
    }
    link.wake();
}

}  // namespace streamkit::rudp
