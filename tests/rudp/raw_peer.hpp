#pragma once

// A peer that can send anything: the handshake and the keys of a client, and packets by hand.

#include <optional>
#include <variant>
#include <vector>

#include "frame.hpp"
#include "handshake.hpp"
#include "packet.hpp"
#include "packet_protection.hpp"
#include "pair.hpp"
#include "span_writer.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp::test {

/// A server endpoint, and a client of which every packet is written by the test.
class RawPeer {
public:
    explicit RawPeer(EndpointConfig setup = Pair::default_server(), std::uint64_t seed = 3)
        : random{seed}, config{setup.connection}, server{std::move(setup), random} {}

    /// A HELLO of this peer, in 1200 bytes.
    Bytes hello(BytesView with_cookie = {}) {
        if (message.empty()) {
            const auto prologue = handshake_prologue(id);
            noise::HandshakeConfig noise;
            noise.pattern = handshake_pattern(config);
            noise.prologue = prologue;
            noise.pre_shared_key = config.pre_shared_key;
            handshake.emplace(noise::Handshake::make(noise, random).value());
            message =
                handshake->write_message(write_hello_payload({parameters, "raw/1", {}})).value();
        }
        Bytes out(kMinHelloBytes);
        SpanWriter writer{out};
        write_hello(writer, {id, with_cookie, message});
        return out;
    }
    /// From HELLO to REPLY; the server has not seen a packet with keys yet then.
    void shake_hands() {
        REQUIRE(send(hello()));
        REQUIRE(protection);
    }
    /// The same, and a PING that confirms it.
    void connect() {
        shake_hands();
        REQUIRE(send_frames({PingFrame{}}));
        REQUIRE(has<Connected>());
    }

    /// Hands a datagram to the server, and takes what it answers at once.
    Result<void> send(Bytes datagram, std::optional<SocketAddress> from = {}) {
        sent_bytes += datagram.size();
        auto result = server.handle_datagram(
            {{kServerAddress, from.value_or(address)}, Ecn::not_ect}, datagram, now);
        drain();
        return result;
    }
    /// The frames in a packet with the next number.
    Result<void> send_frames(const std::vector<Frame>& content,
                             std::optional<SocketAddress> from = {}) {
        return send(packet(content), from);
    }
    Bytes packet(const std::vector<Frame>& content, std::optional<std::uint64_t> number = {}) {
        Bytes bytes(8000);
        SpanWriter out{bytes};
        for (const auto& frame : content)
            write_frame(out, frame);
        bytes.resize(std::max<std::size_t>(out.size(), 4));
        return packet_of(bytes, number);
    }
    /// Anything in place of frames.
    Bytes packet_of(BytesView content, std::optional<std::uint64_t> number = {}) {
        Bytes out(kShortHeaderBytes + content.size() + protection->tag_bytes());
        std::copy(content.begin(), content.end(),
                  out.begin() + static_cast<long>(kShortHeaderBytes));
        protection->seal(peer_id, number.value_or(next_number), out);
        if (!number) ++next_number;
        return out;
    }
    void run_for(std::chrono::nanoseconds time) {
        const auto until = now + time;
        for (;;) {
            drain();
            const auto next = server.next_timeout();
            if (!next || *next > until) break;
            now = std::max(now, *next);
            server.handle_timeout(now);
        }
        now = until;
    }
    void drain() {
        const auto events_now = [&] {
            while (auto event = server.poll_event()) {
                if (const auto* incoming = std::get_if<Incoming>(&*event)) {
                    link = incoming->link;
                    if (accept) static_cast<void>(server.accept(link, now));
                }
                events.push_back(std::move(*event));
            }
        };
        events_now();
        while (const auto out = server.poll_transmit(now)) {
            for (auto rest = out->bytes; !rest.empty();) {
                const auto size = std::min(rest.size(), out->segment_size);
                take(out->path.peer, {rest.begin(), rest.begin() + static_cast<long>(size)});
                rest = rest.subspan(size);
            }
            events_now();
        }
    }
    template <class E>
    bool has() const {
        return Pair::has<E>(events);
    }
    const Closed* closed() const { return Pair::find<Closed>(events); }
    /// The CLOSE that the server has sent.
    std::optional<std::pair<std::uint64_t, std::string>> close_frame() const { return close; }
    template <class F>
    const F* frame() const {
        for (const auto& f : frames)
            if (const auto* found = std::get_if<F>(&f)) return found;
        return nullptr;
    }
    Connection& connection() { return *server.find(link); }

    SeededRandom random;
    ConnectionConfig config;
    Endpoint server;
    TimePoint now = kStart;
    SocketAddress address = kClientAddress;
    ConnectionId id = 0x00aa'bbcc'ddee'ff01;
    TransportParameters parameters = own_parameters({});
    std::optional<noise::Handshake> handshake;
    Bytes message;
    std::optional<PacketProtection> protection;
    ConnectionId peer_id = 0;
    std::uint64_t next_number = 0;
    std::uint64_t next_expected = 0;
    bool accept = true;
    LinkId link = 0;
    std::vector<Event> events;

    std::vector<std::pair<SocketAddress, Bytes>> datagrams;  ///< of the server, as they came
    std::vector<Frame> frames;           ///< in its packets; views in them are gone
    std::vector<std::uint64_t> numbers;  ///< of its packets
    std::optional<std::pair<std::uint64_t, std::string>> close;
    std::optional<Reply> reply;
    Bytes cookie;
    std::uint64_t sent_bytes = 0;
    std::uint64_t received_bytes = 0;

private:
    void take(const SocketAddress& to, Bytes datagram) {
        received_bytes += datagram.size();
        datagrams.emplace_back(to, datagram);
        const auto header = read_packet(datagram);
        if (!header) return;
        if (const auto* retry = std::get_if<RetryPacket>(&*header))
            cookie.assign(retry->cookie.begin(), retry->cookie.end());
        if (const auto* packet = std::get_if<ReplyPacket>(&*header); packet && !protection) {
            if (packet->destination != id || !handshake) return;
            const auto payload = handshake->read_message(packet->noise);
            if (!payload) return;
            reply = read_reply_payload(*payload).value();
            peer_id = packet->source;
            protection.emplace(handshake->split().value(), config.protection);
        }
        if (!std::holds_alternative<ShortPacket>(*header) || !protection) return;
        const auto opened = protection->open(datagram, next_expected);
        if (!opened) return;
        next_expected = std::max(next_expected, opened->packet_number + 1);
        numbers.push_back(opened->packet_number);
        for (FrameReader reader{opened->frames};;) {
            const auto next = reader.next();
            REQUIRE(next);
            if (*next == nullptr) break;
            if (const auto* c = std::get_if<CloseFrame>(*next))
                close = {c->code, std::string{c->text}};
            frames.push_back(**next);
        }
    }
};

}  // namespace streamkit::rudp::test
