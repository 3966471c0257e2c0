#pragma once

// The two ends of a transfer: the server sends one stream as soon as it may, the client reads it.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "streamkit/base/overloaded.hpp"
#include "streamkit/net/timer.hpp"
#include "streamkit/service/rudp_endpoint.hpp"

namespace streamkit::bench {

using Seconds = std::chrono::duration<double>;

inline constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

/// What one connection was seen to do.
struct Record {
    TimePoint asked{};  ///< client: the handshake began
    TimePoint connected{};
    TimePoint first_byte{};  ///< client
    TimePoint last_byte{};   ///< client: read; server: known to be read
    std::uint64_t bytes = 0;
    bool complete = false;
    rudp::ConnectionStats stats{};
    std::map<std::string, int> phases{};  ///< of the controller: samples of each
    std::string end{};                    ///< why the connection is over
};

/// Looks at a connection ten times a second.
class Observer {
public:
    void look(rudp::Endpoint& endpoint, rudp::LinkId link, Record& record) {
        const auto* const connection = endpoint.find(link);
        if (connection == nullptr) return;
        record.stats = connection->stats();
        ++record.phases[std::string(record.stats.congestion_phase)];
    }
    [[nodiscard]] bool due(TimePoint now) {
        if (now < next_) return false;
        next_ = now + std::chrono::milliseconds(100);
        return true;
    }
    [[nodiscard]] TimePoint next() const { return next_; }

private:
    TimePoint next_{};
};

/// Sends `total` bytes to each client that connects.
class Source final : public RudpApplication {
public:
    /// @param on_end  of each connection
    Source(std::uint64_t total, std::function<void(const Record&)> on_end)
        : total_(total), on_end_(std::move(on_end)) {}

    void on_event(rudp::Endpoint& endpoint, rudp::Event event, TimePoint now) override {
        std::visit(overloaded{
                       [&](const rudp::Incoming& e) { (void)endpoint.accept(e.link, now); },
                       [&](const rudp::Connected& e) {
                           auto& transfer = transfers_[e.link];
                           transfer.record.connected = now;
                           auto& connection = *endpoint.find(e.link);
                           transfer.stream =
                               connection.open_stream(rudp::StreamKind::one_way).value();
                           fill(connection, transfer);
                       },
                       [&](const rudp::StreamWritable& e) {
                           fill(*endpoint.find(e.link), transfers_[e.link]);
                       },
                       [&](const rudp::StreamDelivered& e) {
                           auto& record = transfers_[e.link].record;
                           record.complete = true;
                           record.last_byte = now;
                           observer_.look(endpoint, e.link, record);
                       },
                       [&](const rudp::Closed& e) {
                           const auto found = transfers_.find(e.link);
                           if (found == transfers_.end()) return;
                           found->second.record.end = e.reason.error.message();
                           on_end_(found->second.record);
                           transfers_.erase(found);
                       },
                       [](const auto&) {},
                   },
                   event);
    }
    [[nodiscard]] std::optional<TimePoint> next_timeout() const override {
        if (transfers_.empty()) return {};
        return observer_.next();
    }
    void on_timeout(rudp::Endpoint& endpoint, TimePoint now) override {
        if (!observer_.due(now)) return;
        for (auto& [link, transfer] : transfers_)
            observer_.look(endpoint, link, transfer.record);
    }

private:
    struct Transfer {
        rudp::StreamId stream = 0;
        bool finished = false;
        Record record{};
    };

    void fill(rudp::Connection& connection, Transfer& transfer) {
        auto& sent = transfer.record.bytes;
        while (sent < total_) {
            const auto bytes = block_.slice(
                0, static_cast<std::size_t>(std::min<std::uint64_t>(block_.size(), total_ - sent)));
            if (!connection.write(transfer.stream, bytes)) return;  // StreamWritable follows
            sent += bytes.size();
        }
        if (!std::exchange(transfer.finished, true)) (void)connection.finish(transfer.stream);
    }

    std::uint64_t total_;
    std::function<void(const Record&)> on_end_;
    SharedBuffer block_ = SharedBuffer::take(Bytes(256 * 1024, 0x5a));
    std::map<rudp::LinkId, Transfer> transfers_;
    Observer observer_;
};

/// Reads until the stream ends, or for so long.
class Sink final : public RudpApplication {
public:
    Sink(std::chrono::milliseconds limit, std::function<void(const Record&)> on_end)
        : limit_(limit), on_end_(std::move(on_end)) {}

    void connect(rudp::Endpoint& endpoint, const SocketAddress& server, rudp::ClientConfig config,
                 TimePoint now) {
        record_.asked = now;
        const auto link = endpoint.connect(server, std::move(config), now);
        if (!link) return end(link.error().message());
        link_ = *link;
    }

    void on_event(rudp::Endpoint& endpoint, rudp::Event event, TimePoint now) override {
        std::visit(overloaded{
                       [&](const rudp::Connected&) { record_.connected = now; },
                       [&](const rudp::StreamReadable& e) { read(endpoint, e.stream, now); },
                       [&](const rudp::Closed& e) { end(e.reason.error.message()); },
                       [&](const rudp::Rejected& e) { end("rejected: " + e.reject.text); },
                       [](const auto&) {},
                   },
                   event);
    }
    [[nodiscard]] std::optional<TimePoint> next_timeout() const override {
        if (!link_) return {};
        return std::min(record_.asked + limit_, observer_.next());
    }
    void on_timeout(rudp::Endpoint& endpoint, TimePoint now) override {
        if (observer_.due(now)) observer_.look(endpoint, *link_, record_);
        if (now >= record_.asked + limit_) close(endpoint, now);
    }

private:
    void read(rudp::Endpoint& endpoint, rudp::StreamId stream, TimePoint now) {
        auto* const connection = endpoint.find(*link_);
        if (connection == nullptr) return;
        for (;;) {
            const auto size = connection->readable(stream).size();
            if (size == 0) break;
            if (record_.bytes == 0) record_.first_byte = now;
            record_.bytes += size;
            record_.last_byte = now;
            connection->consume(stream, size);
        }
        if (!connection->at_end(stream)) return;
        record_.complete = true;
        close(endpoint, now);
    }
    void close(rudp::Endpoint& endpoint, TimePoint now) {
        observer_.look(endpoint, *link_, record_);
        (void)endpoint.close(*link_, 0, "done", now);
    }
    void end(std::string why) {
        link_.reset();
        record_.end = std::move(why);
        on_end_(record_);
    }

    std::chrono::milliseconds limit_;
    std::function<void(const Record&)> on_end_;
    std::optional<rudp::LinkId> link_;
    Record record_;
    Observer observer_;
};

}  // namespace streamkit::bench
