#include "streamkit/rudp/endpoint.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "endpoint_impl.hpp"
#include "streamkit/crypto/sha256.hpp"

namespace streamkit::rudp {
namespace {

// One system call sends no more: what a UDP datagram over IPv4 can hold.
constexpr std::size_t kBufferBytes = 65'507;

// The same for one identity, so that a server that has started again can say that it has forgotten.
Bytes reset_secret(const std::optional<crypto::X25519PrivateKey>& key, RandomSource& random) {
    if (key) {
        const auto digest = crypto::hmac_sha256(key->view(), as_bytes("streamkit rudp reset"));
        return {digest.begin(), digest.end()};
    }
    Bytes out(32);
    random.fill(out);
    return out;
}

}  // namespace

// The public face.

Endpoint::Endpoint(EndpointConfig config, RandomSource& random)
    : impl_(std::make_unique<Impl>(std::move(config), random)) {}
Endpoint::~Endpoint() = default;

Result<LinkId> Endpoint::connect(const SocketAddress& peer, ClientConfig config, TimePoint now) {
    return impl_->connect(peer, std::move(config), now);
}
Result<void> Endpoint::accept(LinkId link, TimePoint now) { return impl_->accept(link, now); }
Result<void> Endpoint::reject(LinkId link, const Reject& reject, TimePoint now) {
    return impl_->reject(link, reject, now);
}
Result<void> Endpoint::close(LinkId link, std::uint64_t code, std::string_view text,
                             TimePoint now) {
    return impl_->close(link, code, text, now);
}
Connection* Endpoint::find(LinkId link) noexcept { return impl_->find(link); }
Result<void> Endpoint::handle_datagram(const DatagramInfo& info, std::span<std::uint8_t> bytes,
                                       TimePoint now) {
    return impl_->handle_datagram(info, bytes, now);
}
std::optional<Transmit> Endpoint::poll_transmit(TimePoint now) { return impl_->poll_transmit(now); }
void Endpoint::handle_timeout(TimePoint now) { impl_->handle_timeout(now); }
std::optional<TimePoint> Endpoint::next_timeout() const { return impl_->next_timeout(); }
std::optional<Event> Endpoint::poll_event() { return impl_->poll_event(); }
void Endpoint::handle_too_large(const Path& path, std::size_t datagram_bytes, TimePoint now) {
    impl_->handle_too_large(path, datagram_bytes, now);
}
EndpointStats Endpoint::stats() const { return impl_->stats(); }
std::size_t Endpoint::held_bytes() const { return impl_->held_bytes(); }
std::optional<crypto::X25519PublicKey> Endpoint::public_key() const { return impl_->public_key(); }

std::optional<std::uint8_t> shard_of(BytesView datagram) noexcept {
    if (datagram.size() < kShortHeaderBytes || (datagram[0] & 0xc0) != 0x40) return std::nullopt;
    return datagram[1];
}

// The run loop.

Endpoint::Impl::Impl(EndpointConfig config, RandomSource& random)
    : config_(std::move(config)),
      random_(random),
      cookies_(random, config_.cookie_lifetime),
      secret_(reset_secret(config_.static_key, random)),
      half_open_(config_.max_half_open, config_.max_half_open_per_prefix),
      buffer_(kBufferBytes) {}

Endpoint::Impl::~Impl() = default;

Connection* Endpoint::Impl::find(LinkId id) noexcept {
    const auto found = links_.find(id);
    if (found == links_.end()) return nullptr;
    Link& link = *found->second;
    const bool is_there = link.phase == Phase::connecting || link.phase == Phase::open ||
                          (link.phase == Phase::closed && !link.end_polled);
    return is_there ? &link.connection : nullptr;
}

std::optional<Transmit> Endpoint::Impl::poll_transmit(TimePoint now) {
    now_ = std::max(now_, now);
    if (!stateless_.empty()) {
        const auto& next = stateless_.front();
        std::copy(next.bytes.begin(), next.bytes.end(), buffer_.begin());
        const Transmit out{next.path, BytesView{buffer_}.first(next.bytes.size()),
                           next.bytes.size(), Ecn::not_ect};
        stateless_.pop_front();
        return out;
    }
    while (Link* link = ready_.front()) {
        if (auto out = transmit(*link, now)) {
            ready_.rotate();
            return out;
        }
        ready_.remove(*link);
        deadlines_.set(*link, deadline_of(*link));
    }
    return std::nullopt;
}

void Endpoint::Impl::handle_timeout(TimePoint now) {
    now_ = std::max(now_, now);
    for (Link* link = deadlines_.first(); link != nullptr && link->deadline.time <= now;
         link = deadlines_.first()) {
        deadlines_.remove(*link);
        on_deadline(*link, now);
    }
}

std::optional<TimePoint> Endpoint::Impl::next_timeout() const {
    if (!ready_.empty() || !stateless_.empty()) return now_;
    const Link* first = deadlines_.first();
    if (first == nullptr) return std::nullopt;
    return first->deadline.time;
}

std::optional<Event> Endpoint::Impl::poll_event() {
    auto event = events_.pop();
    if (!event) return event;
    std::optional<LinkId> gone;
    if (const auto* closed = std::get_if<Closed>(&*event)) gone = closed->link;
    if (const auto* rejected = std::get_if<Rejected>(&*event)) gone = rejected->link;
    if (!gone) return event;
    if (const auto found = links_.find(*gone); found != links_.end()) {
        Link& link = *found->second;
        link.end_polled = true;
        link.connection.core_.reset();
        remove_if_over(link);
    }
    return event;
}

void Endpoint::Impl::handle_too_large(const Path& path, std::size_t datagram_bytes, TimePoint now) {
    const auto bytes = static_cast<std::uint32_t>(std::min(datagram_bytes, kBufferBytes));
    for (const auto& [id, link] : links_)
        if (link->phase == Phase::open && link->connection.path().peer == path.peer)
            link->connection.core_->on_too_large(bytes, now);
}

EndpointStats Endpoint::Impl::stats() const {
    auto out = stats_;
    out.connections =
        static_cast<std::size_t>(std::count_if(links_.begin(), links_.end(), [](const auto& entry) {
            return entry.second->phase == Phase::open;
        }));
    out.half_open = half_open_.total();
    return out;
}

std::size_t Endpoint::Impl::held_bytes() const {
    std::size_t total = 0;
    for (const auto& [id, link] : links_)
        total += link->connection.held_bytes();
    return total;
}

std::optional<crypto::X25519PublicKey> Endpoint::Impl::public_key() const {
    if (!config_.static_key) return std::nullopt;
    return config_.static_key->public_key();
}

// Ids.

ConnectionId Endpoint::Impl::add_id(LinkId link) {
    const auto found = links_.find(link);
    for (;;) {
        const ConnectionId id =
            ConnectionId{config_.shard} << 56 | (random_.u64() & ((std::uint64_t{1} << 56) - 1));
        if (id == 0 || !ids_.emplace(id, found->second.get()).second) continue;
        return id;
    }
}

void Endpoint::Impl::remove_id(ConnectionId id) { ids_.erase(id); }

ResetToken Endpoint::Impl::token_of(ConnectionId id) const { return reset_token(secret_, id); }

void Endpoint::Impl::add_peer_token(const ResetToken& token, LinkId link) {
    const auto found = links_.find(link);
    if (found != links_.end()) tokens_[token] = found->second.get();
}

void Endpoint::Impl::remove_peer_token(const ResetToken& token) { tokens_.erase(token); }

}  // namespace streamkit::rudp
