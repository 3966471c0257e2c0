#pragma once

// A client and a server in virtual time, with a simple pipe between them.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "streamkit/base/random.hpp"
#include "streamkit/rudp/endpoint.hpp"

namespace streamkit::rudp::test {

using namespace std::chrono_literals;

inline const TimePoint kStart = TimePoint{} + std::chrono::hours{1};
inline const SocketAddress kServerAddress{IpAddress::v4(0x0a000001), 9000};
inline const SocketAddress kClientAddress{IpAddress::v4(0x0a000002), 5000};

/// The same bytes for the same seed.
inline Bytes pattern(std::size_t size, std::uint64_t seed = 1) {
    Bytes out(size);
    SeededRandom random{seed};
    random.fill(out);
    return out;
}

inline EndpointConfig server_config(RandomSource& random) {
    EndpointConfig out;
    out.static_key = crypto::X25519PrivateKey::generate(random);
    return out;
}

/// Two endpoints. Datagrams take `delay` each way; `drop` says which are lost, `edit` changes them.
class Pair {
public:
    explicit Pair(EndpointConfig server_setup, EndpointConfig client_setup = {},
                  std::uint64_t seed = 7)
        : server_random{seed},
          client_random{seed + 1},
          server{std::move(server_setup), server_random},
          client{std::move(client_setup), client_random} {}
    Pair() : Pair(default_server()) {}

    static EndpointConfig default_server() {
        SeededRandom random{99};
        return server_config(random);
    }

    struct Datagram {
        TimePoint at;
        bool to_server;
        SocketAddress from;
        Ecn ecn;
        Bytes bytes;
    };

    /// Everything that can happen up to now: events, transmits, deliveries.
    void step() {
        flush(server, false);
        flush(client, true);
        collect();
    }
    /// Lets time pass until nothing happens before `until`.
    void run_until(TimePoint until) {
        step();
        for (;;) {
            std::optional<TimePoint> next;
            const auto consider = [&](std::optional<TimePoint> t) {
                if (t && (!next || *t < *next)) next = *t;
            };
            for (const auto& d : wire)
                consider(d.at);
            consider(server.next_timeout());
            consider(client.next_timeout());
            if (!next || *next > until) break;
            now = std::max(now, *next);
            deliver();
            server.handle_timeout(now);
            client.handle_timeout(now);
            step();
        }
        now = std::max(now, until);
    }
    void run_for(std::chrono::nanoseconds time) { run_until(now + time); }
    /// Until `done` or so much time has passed.
    bool run_until_true(const std::function<bool()>& done, std::chrono::nanoseconds limit = 60s) {
        const auto end = now + limit;
        while (!done()) {
            if (now >= end) return false;
            run_until(std::min(end, now + 1ms));
        }
        return true;
    }

    LinkId connect(ClientConfig config = {}) {
        if (config.protocol.empty()) config.protocol = "test/1";
        config.local = client_address;
        client_link = client.connect(kServerAddress, std::move(config), now).value();
        return client_link;
    }
    /// With `accept_all` both sides are connected afterwards.
    bool establish(ClientConfig config = {}) {
        connect(std::move(config));
        return run_until_true([&] { return client_has<Connected>() && server_has<Connected>(); });
    }
    Connection& at_client() { return *client.find(client_link); }
    Connection& at_server() { return *server.find(server_link); }

    template <class E>
    bool client_has() const {
        return has<E>(client_events);
    }
    template <class E>
    bool server_has() const {
        return has<E>(server_events);
    }
    template <class E>
    static bool has(const std::vector<Event>& events) {
        return find<E>(events) != nullptr;
    }
    template <class E>
    static const E* find(const std::vector<Event>& events) {
        for (const auto& event : events)
            if (const auto* e = std::get_if<E>(&event)) return e;
        return nullptr;
    }
    template <class E>
    static std::size_t count(const std::vector<Event>& events) {
        std::size_t n = 0;
        for (const auto& event : events)
            n += std::holds_alternative<E>(event);
        return n;
    }

    /// Takes all that can be read off a stream.
    static void read_all(Connection& connection, StreamId stream, Bytes& into) {
        for (auto bytes = connection.readable(stream); !bytes.empty();
             bytes = connection.readable(stream)) {
            into.insert(into.end(), bytes.begin(), bytes.end());
            connection.consume(stream, bytes.size());
        }
    }

    SeededRandom server_random;
    SeededRandom client_random;
    Endpoint server;
    Endpoint client;
    TimePoint now = kStart;
    std::chrono::nanoseconds delay = 10ms;
    SocketAddress client_address = kClientAddress;
    bool accept_all = true;
    bool auto_read = true;  ///< what comes on streams goes to `received`
    std::function<bool(const Datagram&)> drop{};
    std::function<void(Datagram&)> edit{};
    std::function<void(bool server, const Event&)> on_event{};
    LinkId client_link = 0;
    LinkId server_link = 0;
    std::vector<Event> client_events;
    std::vector<Event> server_events;
    std::deque<Datagram> wire;
    std::map<std::pair<bool, StreamId>, Bytes> received;  ///< by (at the server, stream)
    std::uint64_t datagrams_to_server = 0;
    std::uint64_t datagrams_to_client = 0;
    std::uint64_t bytes_to_server = 0;
    std::uint64_t bytes_to_client = 0;

private:
    void flush(Endpoint& endpoint, bool to_server) {
        collect();
        while (const auto out = endpoint.poll_transmit(now)) {
            for (auto rest = out->bytes; !rest.empty();) {
                const auto size = std::min(rest.size(), out->segment_size);
                Datagram d{now + delay, to_server, to_server ? client_address : kServerAddress,
                           out->ecn, Bytes{rest.begin(), rest.begin() + static_cast<long>(size)}};
                rest = rest.subspan(size);
                (to_server ? datagrams_to_server : datagrams_to_client) += 1;
                (to_server ? bytes_to_server : bytes_to_client) += size;
                if (!to_server && out->path.peer != client_address) continue;  // to nobody
                if (drop && drop(d)) continue;
                if (edit) edit(d);
                wire.push_back(std::move(d));
            }
        }
    }
    void deliver() {
        // In order of time; equal times in order of sending.
        for (;;) {
            auto first = wire.end();
            for (auto it = wire.begin(); it != wire.end(); ++it)
                if (it->at <= now && (first == wire.end() || it->at < first->at)) first = it;
            if (first == wire.end()) return;
            Datagram d = std::move(*first);
            wire.erase(first);
            auto& endpoint = d.to_server ? server : client;
            const DatagramInfo info{{d.to_server ? kServerAddress : client_address, d.from}, d.ecn};
            static_cast<void>(endpoint.handle_datagram(info, d.bytes, now));
            collect();
        }
    }
    void collect() {
        while (auto event = server.poll_event()) {
            if (const auto* incoming = std::get_if<Incoming>(&*event)) {
                server_link = incoming->link;
                if (accept_all) static_cast<void>(server.accept(incoming->link, now));
            }
            take(true, server, *event);
            server_events.push_back(std::move(*event));
        }
        while (auto event = client.poll_event()) {
            take(false, client, *event);
            client_events.push_back(std::move(*event));
        }
    }
    void take(bool at_server_side, Endpoint& endpoint, const Event& event) {
        if (const auto* readable = std::get_if<StreamReadable>(&event); readable && auto_read)
            if (auto* connection = endpoint.find(readable->link))
                read_all(*connection, readable->stream,
                         received[{at_server_side, readable->stream}]);
        if (on_event) on_event(at_server_side, event);
    }
};

}  // namespace streamkit::rudp::test
