#pragma once

// Two ends of a connection in one event loop, which the test turns by hand.

#include <sys/socket.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "streamkit/net/runtime.hpp"
#include "streamkit/net/stream_driver.hpp"
#include "streamkit/net/timer.hpp"

namespace streamkit::net::test {

/// A bound for waits that end by themselves unless something is broken; no test measures time.
inline constexpr std::chrono::seconds kGenerous{60};

/// Turns the loop until the condition holds.
///
/// @return false if it did not come true in a generous time: the test has failed
inline bool run_until(asio::io_context& context, const std::function<bool()>& condition) {
    const auto deadline = now() + kGenerous;
    while (!condition()) {
        if (now() > deadline) return false;
        context.restart();
        context.run_one_for(std::chrono::milliseconds(50));
    }
    return true;
}

/// Does everything that is ready now.
inline void settle(asio::io_context& context) {
    context.restart();
    while (context.poll() > 0) {
    }
}

struct SocketPair {
    tcp::socket near;
    tcp::socket far;
};

/// Both on the same loop.
inline SocketPair connected_sockets(asio::io_context& context) {
    tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket near(context);
    near.connect(acceptor.local_endpoint());
    tcp::socket far = acceptor.accept();
    return {std::move(near), std::move(far)};
}

/// Records what the driver does, and does what the test tells it to.
class ScriptedHandler : public StreamHandler {
public:
    std::function<Result<void>(ScriptedHandler&, BytesView)> on_input =
        [](ScriptedHandler& self, BytesView bytes) -> Result<void> {
        self.received.append(as_text(bytes));
        return {};
    };
    std::function<Result<void>(ScriptedHandler&)> on_timeout = [](ScriptedHandler& self) {
        self.timeout.reset();
        return Result<void>{};
    };
    std::function<Result<void>(ScriptedHandler&)> on_wake = [](ScriptedHandler&) {
        return Result<void>{};
    };
    std::function<void(ScriptedHandler&)> on_consumed = [](ScriptedHandler&) {};
    EndOfInput end_of_input_wish = EndOfInput::close;

    std::string received;
    std::vector<SharedBuffer> output;
    std::optional<TimePoint> timeout;
    std::size_t held = 0;
    bool is_closed = false;

    int timeouts = 0;
    int wakes = 0;
    bool saw_end_of_input = false;
    std::optional<Error> closed_with;
    int closed_calls = 0;

    void send(std::string_view text) { output.push_back(SharedBuffer::copy_of(as_bytes(text))); }
    void send(SharedBuffer buffer) { output.push_back(std::move(buffer)); }
    [[nodiscard]] std::size_t output_bytes() const {
        std::size_t sum = 0;
        for (const auto& slice : output)
            sum += slice.size();
        return sum;
    }

    Result<void> handle_input(BytesView bytes, TimePoint) override {
        return on_input(*this, bytes);
    }
    Result<void> handle_timeout(TimePoint) override {
        ++timeouts;
        return on_timeout(*this);
    }
    Result<void> handle_wake(TimePoint) override {
        ++wakes;
        return on_wake(*this);
    }
    EndOfInput handle_end_of_input(TimePoint) override {
        saw_end_of_input = true;
        return end_of_input_wish;
    }
    [[nodiscard]] std::span<const SharedBuffer> pending_output() const override { return output; }
    void consume_output(std::size_t n) override {
        std::size_t whole = 0;
        while (whole < output.size() && n >= output[whole].size())
            n -= output[whole++].size();
        output.erase(output.begin(), output.begin() + static_cast<std::ptrdiff_t>(whole));
        if (n > 0) output.front() = output.front().slice(n);
        on_consumed(*this);
    }
    [[nodiscard]] std::optional<TimePoint> next_timeout() const override { return timeout; }
    [[nodiscard]] std::size_t held_bytes() const override { return held; }
    [[nodiscard]] bool closed() const override { return is_closed; }
    void on_closed(Error reason) override {
        closed_with = reason;
        ++closed_calls;
    }
};

/// A driver with a handler that both stay reachable for the test.
struct End {
    std::shared_ptr<ScriptedHandler> handler = std::make_shared<ScriptedHandler>();
    std::shared_ptr<StreamDriver> driver;

    explicit End(tcp::socket socket, StreamDriverConfig config = {})
        : driver(StreamDriver::create(std::move(socket), config)) {}
    void start() { driver->start(handler); }
    ScriptedHandler* operator->() const { return handler.get(); }
};

}  // namespace streamkit::net::test
