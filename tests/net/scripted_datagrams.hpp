#pragma once

// A datagram handler that records what the driver does, and does what the test tells it to.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "loopback.hpp"
#include "streamkit/net/datagram_driver.hpp"

namespace streamkit::net::test {

inline constexpr IpAddress kLoopback4 = IpAddress::v4(0x7f000001);
inline constexpr IpAddress kLoopback6 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

struct Datagram {
    rudp::DatagramInfo info{};
    Bytes bytes{};
};

struct Output {
    rudp::Path path{};
    Bytes bytes{};
    std::size_t segment_size = 0;
    rudp::Ecn ecn = rudp::Ecn::not_ect;
};

class ScriptedDatagrams : public DatagramHandler {
public:
    std::function<void(ScriptedDatagrams&, const rudp::DatagramInfo&, std::span<std::uint8_t>)>
        on_datagram = [](auto&, const auto&, auto) {};
    std::function<void(ScriptedDatagrams&)> on_wake = [](auto&) {};
    std::function<void(ScriptedDatagrams&)> on_timeout = [](auto& self) { self.timeout.reset(); };
    std::function<void(ScriptedDatagrams&)> on_deliver = [](auto&) {};

    std::vector<Datagram> received;
    std::deque<Output> output;
    std::optional<TimePoint> timeout;
    bool routes = false;  // the first byte of a datagram is its shard

    int wakes = 0;
    int timeouts = 0;
    int deliveries = 0;
    std::vector<std::size_t> too_large;
    std::optional<Error> closed_with;
    int closed_calls = 0;

    void send(const SocketAddress& peer, Bytes bytes, std::size_t segment_size = 0,
              rudp::Ecn ecn = rudp::Ecn::not_ect) {
        const auto size = segment_size == 0 ? bytes.size() : segment_size;
        output.push_back({{.local = {}, .peer = peer}, std::move(bytes), size, ecn});
    }

    void handle_datagram(const rudp::DatagramInfo& info, std::span<std::uint8_t> bytes,
                         TimePoint) override {
        received.push_back({info, Bytes(bytes.begin(), bytes.end())});
        on_datagram(*this, info, bytes);
    }
    void handle_timeout(TimePoint) override {
        ++timeouts;
        on_timeout(*this);
    }
    void handle_wake(TimePoint) override {
        ++wakes;
        on_wake(*this);
    }
    void handle_too_large(const rudp::Path&, std::size_t size, TimePoint) override {
        too_large.push_back(size);
    }
    void deliver(TimePoint) override {
        ++deliveries;
        on_deliver(*this);
    }
    std::optional<rudp::Transmit> poll_transmit(TimePoint) override {
        if (output.empty()) return {};
        leaving_ = std::move(output.front());
        output.pop_front();
        return rudp::Transmit{leaving_.path, leaving_.bytes, leaving_.segment_size, leaving_.ecn};
    }
    [[nodiscard]] std::optional<TimePoint> next_timeout() const override { return timeout; }
    [[nodiscard]] std::optional<std::uint8_t> shard_of(BytesView datagram) const override {
        if (!routes || datagram.empty()) return {};
        return datagram.front();
    }
    void on_closed(Error reason) override {
        closed_with = reason;
        ++closed_calls;
    }

private:
    Output leaving_;  // what `poll_transmit` gave out last
};

/// A driver with a handler that both stay reachable for the test.
struct DatagramEnd {
    std::shared_ptr<ScriptedDatagrams> handler = std::make_shared<ScriptedDatagrams>();
    std::shared_ptr<DatagramDriver> driver;

    DatagramEnd(asio::io_context& context, const SocketAddress& local,
                DatagramSocketConfig config = {})
        : DatagramEnd(context, DatagramSocket::open(local, config).value()) {}
    DatagramEnd(asio::io_context& context, DatagramSocket socket)
        : driver(DatagramDriver::create(context.get_executor(), std::move(socket))) {}
    void start() { driver->start(handler); }
    [[nodiscard]] const SocketAddress& address() const { return driver->local_address(); }
    ScriptedDatagrams* operator->() const { return handler.get(); }
};

}  // namespace streamkit::net::test
