#include "streamkit/service/rudp_endpoint.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "streamkit/crypto/system_random.hpp"
#include "streamkit/net/errc.hpp"
#include "streamkit/net/timer.hpp"

namespace streamkit {

/// Joins the core and the application to the driver.
class RudpEndpoint::Handler final : public net::DatagramHandler {
public:
    Handler(rudp::EndpointConfig config, std::shared_ptr<RudpApplication> application,
            std::shared_ptr<net::DatagramDriver> driver)
        : application_(std::move(application)),
          driver_(std::move(driver)),
          core_(std::move(config), random_) {}

    [[nodiscard]] rudp::Endpoint& core() noexcept { return core_; }

    void begin_shut_down(net::Drain drain) {
        drain_ = std::move(drain);
        shutting_down_ = true;
        const auto now = net::now();
        if (application_->on_shut_down(core_, now) == RudpShutDown::close_links) {
            for (const auto link : links_)
                (void)core_.close(link, 0, "shutting down", now);
        }
        driver_->wake();  // takes the events of these, and ends when there are no more links
    }

    void handle_datagram(const rudp::DatagramInfo& info, std::span<std::uint8_t> bytes,
                         TimePoint now) override {
        // What is wrong with it is counted by the core, and nobody's business.
        (void)core_.handle_datagram(info, bytes, now);
    }

    void handle_timeout(TimePoint now) override {
        core_.handle_timeout(now);
        const auto due = application_->next_timeout();
        if (due && *due <= now) application_->on_timeout(core_, now);
    }

    void handle_wake(TimePoint now) override { application_->on_wake(core_, now); }

    void handle_too_large(const rudp::Path& path, std::size_t datagram_bytes,
                          TimePoint now) override {
        core_.handle_too_large(path, datagram_bytes, now);
    }

    void deliver(TimePoint now) override {
        while (auto event = core_.poll_event())
            hand_on(std::move(*event), now);
        if (shutting_down_ && links_.empty()) {
            driver_->close({net::Errc::closed_here, "shutting down"});
        }
    }

    [[nodiscard]] std::optional<rudp::Transmit> poll_transmit(TimePoint now) override {
        return core_.poll_transmit(now);
    }

    [[nodiscard]] std::optional<TimePoint> next_timeout() const override {
        const auto of_core = core_.next_timeout();
        const auto of_application = application_->next_timeout();
        if (!of_core || !of_application) return of_core ? of_core : of_application;
        return std::min(*of_core, *of_application);
    }

    [[nodiscard]] std::optional<std::uint8_t> shard_of(BytesView datagram) const override {
        return rudp::shard_of(datagram);
    }

    void on_closed(Error reason) override {
        const auto application = std::move(application_);
        const auto driver = std::move(driver_);  // which may hold us
        const auto drain = std::move(drain_);
        application->on_closed(reason);
    }

private:
    void hand_on(rudp::Event event, TimePoint now) {
        if (const auto* incoming = std::get_if<rudp::Incoming>(&event);
            incoming != nullptr && shutting_down_) {
            (void)core_.reject(incoming->link, {.reason = rudp::RejectReason::shutting_down}, now);
            return;
        }
        if (const auto* connected = std::get_if<rudp::Connected>(&event)) {
            links_.insert(connected->link);
        } else if (const auto* closed = std::get_if<rudp::Closed>(&event)) {
            links_.erase(closed->link);
        }
        application_->on_event(core_, std::move(event), now);
    }

    // Shared: a program keeps its application to see how it ended.
    std::shared_ptr<RudpApplication> application_;
    std::shared_ptr<net::DatagramDriver> driver_;  // lets go of us when it is closed
    crypto::SystemRandom random_;
    rudp::Endpoint core_;
    std::set<rudp::LinkId> links_;  // that are connected
    bool shutting_down_ = false;
    net::Drain drain_;
};

Result<std::shared_ptr<RudpEndpoint>> RudpEndpoint::open(
    asio::any_io_executor shard, const SocketAddress& local, RudpEndpointConfig config,
    std::shared_ptr<RudpApplication> application) {
    auto socket = net::DatagramSocket::open(local, config.socket);
    if (!socket) return socket.error();
    std::shared_ptr<RudpEndpoint> endpoint(new RudpEndpoint(
        std::move(shard), std::move(*socket), std::move(config), std::move(application)));
    endpoint->start();
    return endpoint;
}

RudpEndpoint::RudpEndpoint(asio::any_io_executor shard, net::DatagramSocket socket,
                           RudpEndpointConfig config, std::shared_ptr<RudpApplication> application)
    : driver_(net::DatagramDriver::create(std::move(shard), std::move(socket), config.log)),
      handler_(std::make_shared<Handler>(std::move(config.core), std::move(application), driver_)) {
}

RudpEndpoint::~RudpEndpoint() = default;

void RudpEndpoint::start() {
    asio::post(driver_->executor(), [driver = driver_, handler = handler_] {
        if (!driver->is_closed()) driver->start(handler);
    });
}

void RudpEndpoint::post(std::function<void(rudp::Endpoint&, TimePoint)> function) {
    asio::post(driver_->executor(),
               [driver = driver_, handler = handler_, function = std::move(function)] {
                   if (driver->is_closed()) return;
                   function(handler->core(), net::now());
                   driver->wake();
               });
}

void RudpEndpoint::wake() { driver_->wake(); }

void RudpEndpoint::post_wake() { driver_->post_wake(); }

void RudpEndpoint::shut_down(net::Drain drain) {
    if (!driver_->is_closed()) handler_->begin_shut_down(std::move(drain));
}

void RudpEndpoint::close() { driver_->close({net::Errc::closed_here, "endpoint"}); }

const SocketAddress& RudpEndpoint::local_address() const noexcept {
    return driver_->local_address();
}

asio::any_io_executor RudpEndpoint::executor() const { return driver_->executor(); }

net::DatagramCounters RudpEndpoint::counters() const noexcept { return driver_->counters(); }

RudpServer::RudpServer(net::Runtime& runtime, RudpServerConfig config,
                       MakeApplication make_application)
    : runtime_(runtime),
      config_(std::move(config)),
      make_application_(std::move(make_application)) {}

RudpServer::~RudpServer() {
    for (const auto& endpoint : endpoints_)
        asio::post(endpoint->executor(), [endpoint] { endpoint->close(); });
}

Result<void> RudpServer::start() {
    const auto address = net::parse_datagram_address(config_.listen);
    if (!address) return address.error();
    const auto shards = std::min(runtime_.shards(), kMaxShards);
    auto sockets =
        net::DatagramSocket::open_sharing_port(*address, shards, config_.endpoint.socket);
    if (!sockets) return sockets.error();

    std::vector<std::shared_ptr<net::DatagramDriver>> drivers;
    for (std::size_t i = 0; i < shards; ++i) {
        auto config = config_.endpoint;
        config.core.shard = static_cast<std::uint8_t>(i);
        endpoints_.emplace_back(new RudpEndpoint(runtime_.shard(i).get_executor(),
                                                 std::move((*sockets)[i]), std::move(config),
                                                 make_application_(i)));
        drivers.push_back(endpoints_.back()->driver_);
    }
    if (shards > 1) net::DatagramDriver::share_port(drivers);
    for (const auto& endpoint : endpoints_)
        endpoint->start();
    on_stop_ = runtime_.on_stop([this](const net::Drain& drain) {
        for (const auto& endpoint : endpoints_)
            asio::post(endpoint->executor(), [endpoint, drain] { endpoint->shut_down(drain); });
    });
    return {};
}

std::uint16_t RudpServer::port() const {
    return endpoints_.empty() ? std::uint16_t{0} : endpoints_.front()->local_address().port;
}

}  // namespace streamkit
