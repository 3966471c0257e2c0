#include "streamkit/net/listener.hpp"

#include <asio/error.hpp>
#include <asio/ip/v6_only.hpp>
#include <charconv>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "endpoint.hpp"
#include "streamkit/net/errc.hpp"

namespace streamkit::net {
namespace {

// How long to leave the port alone when accepting fails, mostly for want of a file descriptor: those
// that are open have to end first, and the waiting ones stay in the kernel's queue.
constexpr std::chrono::milliseconds kPause{100};

/// Who is connected; the slots keep it alive.
class Census {
public:
    Result<ConnectionSlot> admit(const std::shared_ptr<Census>& self,
                                 const asio::ip::address& address, const ListenerConfig& limits) {
        const std::lock_guard lock(mutex_);
        if (total_ >= limits.max_connections) return Error{Errc::too_many_connections, "accept"};
        auto& from_address = by_address_[address];
        if (from_address >= limits.max_connections_per_address) {
            return Error{Errc::too_many_from_address, "accept"};
        }
        ++total_;
        ++from_address;
        return ConnectionSlot(this, [self, address](const void*) { self->leave(address); });
    }

    std::size_t total() const {
        const std::lock_guard lock(mutex_);
        return total_;
    }

private:
    void leave(const asio::ip::address& address) {
        const std::lock_guard lock(mutex_);
        --total_;
        const auto found = by_address_.find(address);
        if (--found->second == 0) by_address_.erase(found);
    }

    mutable std::mutex mutex_;  // slots go on any thread
    std::size_t total_ = 0;
    std::map<asio::ip::address, std::size_t> by_address_;
};

Result<void> open_port(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, int backlog) {
    std::error_code code;
    acceptor.open(endpoint.protocol(), code);
    if (!code) acceptor.set_option(tcp::acceptor::reuse_address(true), code);
    if (!code && endpoint.address().is_v6()) {
        acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), code);
    }
    if (!code) acceptor.bind(endpoint, code);
    if (!code) acceptor.listen(backlog, code);
    if (code) return to_error(code, "listen");
    return {};
}

}  // namespace

Result<tcp::endpoint> parse_listen_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return Error{Errc::malformed_address, "port", text.size()};
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [parsed, failure] = std::from_chars(text.data() + colon + 1, end, port);
    if (failure != std::errc{} || parsed != end) {
        return Error{Errc::malformed_address, "port", colon + 1};
    }

    auto host = text.substr(0, colon);
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (!bracketed && host.find(':') != std::string_view::npos) {
        return Error{Errc::malformed_address, "IPv6 address without brackets"};
    }
    if (host.empty() || host == "*") return tcp::endpoint(tcp::v4(), port);

    std::error_code code;
    const auto address = asio::ip::make_address(host, code);
    if (!code) return tcp::endpoint(address, port);
    if (bracketed) return Error{Errc::malformed_address, "IPv6 address", 1};

    asio::io_context context;
    tcp::resolver resolver(context);
    const auto resolved = resolver.resolve(host, "", tcp::resolver::passive, code);
    if (code || resolved.empty()) return Error{Errc::unknown_host, "listen address"};
    return tcp::endpoint(resolved.begin()->endpoint().address(), port);
}

struct Listener::Acceptor : std::enable_shared_from_this<Acceptor> {
    Acceptor(Runtime& owner, OnAccept callback, ListenerConfig limits)
        : runtime(owner),
          on_accept(std::make_shared<const OnAccept>(std::move(callback))),
          config(std::move(limits)),
          log(config.log, "listener"),
          acceptor(owner.shard(0)),
          pause(owner.shard(0)) {}

    void accept_next() {
        auto& shard = runtime.next_shard();
        acceptor.async_accept(
            asio::any_io_executor(shard.get_executor()),
            [self = shared_from_this()](const std::error_code& code, tcp::socket socket) {
                self->accepted(code, std::move(socket));
            });
    }

    void accepted(const std::error_code& code, tcp::socket socket) {
        if (!acceptor.is_open()) return;
        if (!code) {
            hand_over(std::move(socket));
        } else if (code != asio::error::connection_aborted) {
            log.warn("cannot accept", {{"error", to_error(code, "accept").message()}});
            pause.expires_after(kPause);
            return pause.async_wait([self = shared_from_this()](const std::error_code& cancelled) {
                if (!cancelled && self->acceptor.is_open()) self->accept_next();
            });
        }
        accept_next();
    }

    void hand_over(tcp::socket socket) {
        std::error_code code;
        const auto peer = unmapped(socket.remote_endpoint(code));
        if (code) return;  // gone already
        auto slot = census->admit(census, peer.address(), config);
        if (!slot) {
            log.debug("connection refused",
                      {{"peer", peer.address().to_string()}, {"why", slot.error().message()}});
            if (config.on_refused) config.on_refused(socket, peer, slot.error());
            return;
        }
        socket.set_option(tcp::no_delay(true), code);
        const auto executor = socket.get_executor();
        asio::dispatch(executor, [callback = on_accept, peer, socket = std::move(socket),
                                  slot = std::move(*slot)]() mutable {
            (*callback)(std::move(socket), peer, std::move(slot));
        });
    }

    void close() {
        std::error_code ignored;
        acceptor.close(ignored);
        pause.cancel();
    }

    Runtime& runtime;
    const std::shared_ptr<const OnAccept> on_accept;  // shared with what is posted to other shards
    const ListenerConfig config;
    const Logger log;
    const std::shared_ptr<Census> census = std::make_shared<Census>();
    tcp::acceptor acceptor;
    asio::steady_timer pause;
};

Result<std::unique_ptr<Listener>> Listener::open(Runtime& runtime, std::string_view address,
                                                 OnAccept on_accept, ListenerConfig config) {
    const auto endpoint = parse_listen_address(address);
    if (!endpoint) return endpoint.error();
    auto acceptor = std::make_shared<Acceptor>(runtime, std::move(on_accept), std::move(config));
    STREAMKIT_TRY(open_port(acceptor->acceptor, *endpoint, acceptor->config.backlog));
    acceptor->accept_next();
    return std::unique_ptr<Listener>(new Listener(std::move(acceptor)));
}

Listener::Listener(std::shared_ptr<Acceptor> acceptor) : acceptor_(std::move(acceptor)) {
    std::error_code ignored;
    local_endpoint_ = acceptor_->acceptor.local_endpoint(ignored);
}

Listener::~Listener() { close(); }

void Listener::close() { acceptor_->close(); }

std::size_t Listener::connections() const { return acceptor_->census->total(); }

}  // namespace streamkit::net
