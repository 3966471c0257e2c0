// From datagrams to links, and answers without a link.

#include <algorithm>
#include <utility>
#include <variant>

#include "endpoint_impl.hpp"
#include "streamkit/base/overloaded.hpp"

namespace streamkit::rudp {
namespace {

// Before the REPLY there may be a flight of the server's first packets.
constexpr std::size_t kMaxEarlyPackets = 16;
constexpr std::size_t kMaxEarlyBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxStateless = 64;
constexpr std::uint32_t kMaxResetsPerSecond = 100;
// Shorter than this it could not be taken for a packet, and longer would only help to amplify.
constexpr std::size_t kMinResetBytes = kShortHeaderBytes + 4 + 16;
constexpr std::size_t kMaxResetBytes = 48;
constexpr std::chrono::seconds kFullRetryAfter{5};

}  // namespace

Result<void> Endpoint::Impl::handle_datagram(const DatagramInfo& info,
                                             std::span<std::uint8_t> bytes, TimePoint now) {
    now_ = std::max(now_, now);
    ++stats_.datagrams_received;
    auto result = dispatch(info, bytes, now);
    if (!result) ++stats_.datagrams_dropped;
    return result;
}

Result<void> Endpoint::Impl::dispatch(const DatagramInfo& info, std::span<std::uint8_t> bytes,
                                      TimePoint now) {
    const auto header = read_packet(bytes);
    if (!header) return header.error();
    if (const auto* packet = std::get_if<ShortPacket>(&*header))
        return on_short(packet->destination, info, bytes, now);
    return std::visit(
        overloaded{
            [&](const ShortPacket&) { return Result<void>{}; },
            [&](const HelloPacket& packet) { return on_hello(packet, info, bytes.size(), now); },
            [&](const RetryPacket& packet) { return on_retry(packet, info, now); },
            [&](const ReplyPacket& packet) { return on_reply(packet, info, now); },
            [&](const VersionsPacket& packet) { return on_versions(packet, info, now); },
            [&](const UnknownVersion& packet) { return on_unknown_version(packet, info); }},
        *header);
}

Result<void> Endpoint::Impl::on_short(ConnectionId id, const DatagramInfo& info,
                                      std::span<std::uint8_t> bytes, TimePoint now) {
    const auto found = ids_.find(id);
    if (found == ids_.end()) {
        if (take_reset(bytes, now)) return {};
        send_reset(id, info.path, bytes.size(), now);
        return Error{Errc::unknown_connection, "connection id"};
    }
    Link& link = *found->second;
    switch (link.phase) {
        case Phase::connecting: {
            auto& state = *link.connecting;
            // In the clear nothing tells whether it belongs to this handshake or to one that the
            // server has begun before and given up.
            if (state.config.protection == Protection::plaintext)
                return Error{Errc::not_connected, "packet before REPLY"};
            if (state.early.size() == kMaxEarlyPackets ||
                state.early_bytes + bytes.size() > kMaxEarlyBytes)
                return Error{Errc::not_connected, "packet before REPLY"};
            state.early_bytes += bytes.size();
            state.early.push_back({info, Bytes{bytes.begin(), bytes.end()}});
            return {};
        }
        case Phase::open: {
            const auto token_bytes = std::min<std::size_t>(bytes.size(), 16);
            ResetToken tail{};
            std::copy_n(bytes.last(token_bytes).begin(), token_bytes, tail.begin());
            auto result = link.connection.core_->handle_packet(info, bytes, now);
            if (!result && token_bytes == tail.size() &&
                result.error().code == make_error_code(Errc::not_authentic) &&
                take_reset(tail, now))
                return {};
            settle(link, now);
            link.wake();
            return result;
        }
        case Phase::closed: {
            // RFC 9000, 10.2.1: answer, but less and less often.
            auto& closed = *link.closed;
            if (!closed.packet.empty() && !closed.expired && ++closed.strays == closed.answer_at) {
                closed.strays = 0;
                closed.answer_at = std::min(2 * closed.answer_at, 1u << 30);
                closed.send = true;
                link.wake();
            }
            return Error{Errc::not_connected, "packet after the end"};
        }
        default:
            return Error{Errc::not_connected, "packet"};
    }
}

// Coming in.

Result<void> Endpoint::Impl::on_hello(const HelloPacket& packet, const DatagramInfo& info,
                                      std::size_t bytes, TimePoint now) {
    if (!config_.static_key) return Error{Errc::no_identity, "HELLO"};
    const HelloKey key{info.path.peer, packet.source, crypto::sha256(packet.noise)};
    if (const auto known = hellos_.find(key); known != hellos_.end()) {
        on_repeated_hello(*known->second, bytes);
        return {};
    }
    bool address_known = false;
    if (!packet.cookie.empty()) {
        address_known = cookies_.is_valid(packet.cookie, info.path.peer, packet.source, now);
        if (!address_known) ++stats_.wrong_cookies;
    }
    if (!address_known && half_open_.total() >= config_.cookie_threshold) {
        // Also where the cookie is wrong: it may be old, or the client's address another one now.
        ++stats_.cookies_asked;
        const auto cookie = cookies_.make(info.path.peer, packet.source, now);
        Bytes datagram(kHandshakeHeaderBytes + 1 + cookie.size());
        SpanWriter out{datagram};
        write_retry(out, {packet.source, cookie});
        send_stateless(info.path, std::move(datagram));
        return {};
    }
    if (!half_open_.may_add(info.path.peer.ip)) return Error{Errc::rejected, "half-open limit"};
    auto handshake = ServerHandshake::make(config_.connection, config_.static_key, packet, random_);
    if (!handshake) return handshake.error();

    Link& link = make_link(Phase::pending, info.path);
    link.server.emplace(*std::move(handshake));
    link.hello = key;
    link.hello_bytes = bytes;
    link.address_known = address_known;
    link.expires = now + config_.half_open_timeout;
    hellos_.emplace(key, &link);
    link.half_open = true;
    half_open_.add(link.path.peer.ip);
    link.wake();
    if (link.server->hello().parameters.protection != config_.connection.protection) {
        refuse(link, {RejectReason::protection, milliseconds{0}, {}}, now);
        return {};
    }
    if (occupied_ >= config_.max_connections) {
        refuse(link, {RejectReason::full, kFullRetryAfter, {}}, now);
        return {};
    }
    link.occupies = true;
    ++occupied_;
    const auto& hello = link.server->hello();
    events_.push(Incoming{link.id, link.path, hello.protocol, hello.request});
    return {};
}

// Connecting.

Endpoint::Impl::Link* Endpoint::Impl::connecting(ConnectionId id, const DatagramInfo& info) const {
    const auto found = ids_.find(id);
    if (found == ids_.end() || found->second->phase != Phase::connecting ||
        found->second->path.peer != info.path.peer)
        return nullptr;
    return found->second;
}

Result<void> Endpoint::Impl::on_retry(const RetryPacket& packet, const DatagramInfo& info,
                                      TimePoint now) {
    Link* link = connecting(packet.destination, info);
    if (link == nullptr) return Error{Errc::illegal_frame, "RETRY"};
    link->connecting->handshake.on_retry(packet, now);
    link->wake();
    return {};
}

Result<void> Endpoint::Impl::on_versions(const VersionsPacket& packet, const DatagramInfo& info,
                                         TimePoint now) {
    Link* link = connecting(packet.destination, info);
    // RFC 9000, 6.2: a list with our version in it is an answer to something else.
    if (link == nullptr || packet.includes_ours) return Error{Errc::illegal_frame, "VERSIONS"};
    end_connecting(*link, {Error{Errc::version_mismatch, "VERSIONS"}, 0, {}}, now);
    return {};
}

Result<void> Endpoint::Impl::on_reply(const ReplyPacket& packet, const DatagramInfo& info,
                                      TimePoint now) {
    Link* found = connecting(packet.destination, info);
    if (found == nullptr) return Error{Errc::illegal_frame, "REPLY"};
    Link& link = *found;
    auto finished = link.connecting->handshake.on_reply(packet, now);
    if (!finished) {
        if (finished.error().code == Errc::handshake_failed) {
            link.wake();  // it waits less long now
        } else {
            end_connecting(link, {finished.error(), 0, {}}, now);
        }
        return finished.error();
    }
    const bool wrong_key =
        link.connecting->server_key && *link.connecting->server_key != finished->server_key;
    if (finished->reply.reject && !wrong_key) {
        remove_id(link.connecting->handshake.id());
        link.connecting.reset();
        link.phase = Phase::closed;
        link.closed.emplace(ClosedState{}).expired = true;
        events_.push(Rejected{link.id, *std::move(finished->reply.reject)});
        return {};
    }
    const auto state = *std::move(link.connecting);
    link.connecting.reset();
    ConnectionCore::Start start;
    start.link = link.id;
    start.client = true;
    start.peer = finished->reply.parameters;
    start.local_id = state.handshake.id();
    start.peer_id = finished->reply.id;
    start.peer_reset_token = finished->reply.reset_token;
    start.path = {info.path.local, link.path.peer};
    start.rtt = finished->rtt;
    open(link, state.config, std::move(start), finished->keys, now);
    auto& core = *link.connection.core_;
    if (wrong_key || finished->reply.parameters.protection != state.config.protection) {
        const auto errc = wrong_key ? Errc::wrong_server_key : Errc::handshake_failed;
        const char* what = wrong_key ? "key of the server" : "protection";
        core.close({Error{errc, what}, 0, {}}, static_cast<std::uint64_t>(errc), what, now);
        settle(link, now);
        return {};
    }
    events_.push(Connected{link.id, finished->server_key});
    for (const auto& early : state.early) {
        auto bytes = early.bytes;
        if (!core.handle_packet(early.info, bytes, now)) ++stats_.datagrams_dropped;
    }
    settle(link, now);
    return {};
}

// Without a link.

Result<void> Endpoint::Impl::on_unknown_version(const UnknownVersion& packet,
                                                const DatagramInfo& info) {
    if (!config_.static_key) return Error{Errc::no_identity, "HELLO"};
    Bytes datagram(kMinHelloBytes);
    SpanWriter out{datagram};
    write_versions(out, packet.source);
    datagram.resize(out.size());
    send_stateless(info.path, std::move(datagram));
    return {};
}

void Endpoint::Impl::send_stateless(const Path& path, Bytes bytes) {
    // Whoever asks may ask again.
    if (stateless_.size() < kMaxStateless) stateless_.push_back({path, std::move(bytes)});
}

bool Endpoint::Impl::take_reset(BytesView bytes, TimePoint now) {
    ResetToken tail{};
    if (bytes.size() < tail.size() || tokens_.empty()) return false;
    std::copy_n(bytes.last(tail.size()).begin(), tail.size(), tail.begin());
    const auto found = tokens_.find(tail);
    if (found == tokens_.end() || found->second->phase != Phase::open) return false;
    Link& link = *found->second;
    link.connection.core_->on_stateless_reset();
    settle(link, now);
    return true;
}

void Endpoint::Impl::send_reset(ConnectionId id, const Path& path, std::size_t received,
                                TimePoint now) {
    // RFC 9000, 10.3.3: shorter than what it answers, so that two endpoints come to an end.
    if (received <= kMinResetBytes) return;
    if (now - resets_since_ >= std::chrono::seconds{1}) {
        resets_since_ = now;
        resets_ = 0;
    }
    if (++resets_ > kMaxResetsPerSecond) return;
    Bytes datagram(std::min(received - 1, kMaxResetBytes));
    random_.fill(datagram);
    datagram[0] = static_cast<std::uint8_t>(0x40 | (datagram[0] & 0x3f));
    const auto token = token_of(id);
    std::copy(token.begin(), token.end(),
              datagram.end() - static_cast<std::ptrdiff_t>(token.size()));
    send_stateless(path, std::move(datagram));
}

}  // namespace streamkit::rudp
