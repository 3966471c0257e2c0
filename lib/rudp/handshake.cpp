#include "handshake.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace streamkit::rudp {
namespace {

constexpr std::string_view kPrologueLabel = "streamkit rudp";
constexpr std::uint64_t kMinWindow = std::uint64_t{64} << 10;
constexpr std::uint64_t kMaxWindow = std::uint64_t{1} << 30;
constexpr milliseconds kMaxAckDelay{16'383};  // RFC 9000, 18.2

}  // namespace

Bytes handshake_prologue(ConnectionId client_id) {
    Bytes out(kPrologueLabel.size() + 12);
    SpanWriter writer{out};
    writer.bytes(as_bytes(kPrologueLabel));
    writer.u32(kVersion);
    writer.u64(client_id);
    return out;
}

noise::Pattern handshake_pattern(const ConnectionConfig& config) noexcept {
    return config.pre_shared_key ? noise::Pattern::nx_psk2 : noise::Pattern::nx;
}

TransportParameters own_parameters(const ConnectionConfig& config) noexcept {
    TransportParameters out;
    out.protection = config.protection;
    out.max_data = config.receive_window;
    out.max_stream_data = config.stream_receive_window;
    out.max_streams = config.max_peer_streams;
    out.max_message_bytes = config.max_message_bytes;
    out.max_datagram_bytes = config.max_datagram_bytes;
    out.max_ack_delay_us = static_cast<std::uint64_t>(config.max_ack_delay.count()) * 1000;
    out.idle_timeout_ms = static_cast<std::uint64_t>(config.idle_timeout.count());
    out.first_packet_number = config.first_packet_number;
    return out;
}

Result<void> check_config(const ConnectionConfig& config) {
    const auto in_window = [](std::uint64_t window) {
        return window >= kMinWindow && window <= kMaxWindow;
    };
    if (!in_window(config.receive_window)) return Error{Errc::invalid_parameter, "receive_window"};
    if (!in_window(config.stream_receive_window))
        return Error{Errc::invalid_parameter, "stream_receive_window"};
    if (config.min_datagram_bytes < kMinDatagramBytes)
        return Error{Errc::invalid_parameter, "min_datagram_bytes"};
    if (config.max_datagram_bytes < config.min_datagram_bytes ||
        config.max_datagram_bytes > kMaxDatagramBytes)
        return Error{Errc::invalid_parameter, "max_datagram_bytes"};
    if (config.max_ack_delay.count() < 0 || config.max_ack_delay > kMaxAckDelay)
        return Error{Errc::invalid_parameter, "max_ack_delay"};
    if (config.idle_timeout.count() < 0) return Error{Errc::invalid_parameter, "idle_timeout"};
    if (config.keep_alive.count() < 0) return Error{Errc::invalid_parameter, "keep_alive"};
    if (config.first_packet_number > kMaxFirstPacketNumber)
        return Error{Errc::invalid_parameter, "first_packet_number"};
    return {};
}

ClientHandshake::ClientHandshake(noise::Handshake handshake, ConnectionId id) noexcept
    : handshake_(std::move(handshake)), id_(id) {}

Result<ClientHandshake> ClientHandshake::make(const ClientConfig& config, ConnectionId id,
                                              RandomSource& random, TimePoint now) {
    STREAMKIT_TRY(check_config(config.connection));
    if (config.protocol.size() > kMaxProtocolBytes)
        return Error{Errc::invalid_parameter, "protocol"};
    if (config.request.size() > kMaxRequestBytes) return Error{Errc::invalid_parameter, "request"};
    const auto prologue = handshake_prologue(id);
    noise::HandshakeConfig noise_config;
    noise_config.pattern = handshake_pattern(config.connection);
    noise_config.role = noise::Role::initiator;
    noise_config.prologue = prologue;
    noise_config.pre_shared_key = config.connection.pre_shared_key;
    auto handshake = noise::Handshake::make(noise_config, random);
    if (!handshake) return handshake.error();
    ClientHandshake out{*std::move(handshake), id};
    auto message = out.handshake_.write_message(
        write_hello_payload({own_parameters(config.connection), config.protocol, config.request}));
    if (!message) return message.error();
    out.message_ = *std::move(message);
    out.next_hello_ = now;
    out.give_up_ = now + config.connection.handshake_timeout;
    return out;
}

void ClientHandshake::on_retry(const RetryPacket& packet, TimePoint now) {
    // Copies of one are passed over, as no HELLO has left since. RFC 9000, 17.2.5.2 allows one in all,
    // but a client whose address changes within the handshake needs a second cookie.
    if (packet.cookie.empty() || sent_ == 0 || retries_ == kMaxRetries) return;
    ++retries_;
    cookie_.assign(packet.cookie.begin(), packet.cookie.end());
    next_hello_ = now;
    sent_ = 0;
}

Result<ClientHandshake::Finished> ClientHandshake::on_reply(const ReplyPacket& packet,
                                                            TimePoint now) {
    const auto payload = handshake_.read_message(packet.noise);
    if (!payload) {
        // Once for each HELLO that left: copies say nothing new.
        if (failures_ < sent_in_all_ && ++failures_ == kMaxFailures) give_up_ = now;
        return Error{Errc::handshake_failed, "REPLY"};
    }
    auto reply = read_reply_payload(*payload);
    if (!reply) return reply.error();
    auto keys = handshake_.split();
    if (!keys || !handshake_.remote_static_key()) return Error{Errc::handshake_failed, "REPLY"};
    Finished out{*std::move(reply), *std::move(keys), *handshake_.remote_static_key(),
                 std::nullopt};
    if (sent_ == 1) out.rtt = now - first_sent_;
    return out;
}

bool ClientHandshake::write_hello(SpanWriter& out, TimePoint now) {
    if (now < next_hello_) return false;
    if (sent_ == 0) first_sent_ = now;
    rudp::write_hello(out, {id_, cookie_, message_});
    next_hello_ = now + std::min(kFirstTimeout * (1 << std::min(sent_, 6)), kMaxTimeout);
    ++sent_;
    ++sent_in_all_;
    return true;
}

ServerHandshake::ServerHandshake(noise::Handshake handshake, Hello hello, ConnectionId client_id)
    : handshake_(std::move(handshake)), hello_(std::move(hello)), client_id_(client_id) {}

Result<ServerHandshake> ServerHandshake::make(
    const ConnectionConfig& config, const std::optional<crypto::X25519PrivateKey>& static_key,
    const HelloPacket& packet, RandomSource& random) {
    if (!static_key) return Error{Errc::no_identity, "HELLO"};
    const auto prologue = handshake_prologue(packet.source);
    noise::HandshakeConfig noise_config;
    noise_config.pattern = handshake_pattern(config);
    noise_config.role = noise::Role::responder;
    noise_config.prologue = prologue;
    noise_config.static_key = static_key;
    noise_config.pre_shared_key = config.pre_shared_key;
    auto handshake = noise::Handshake::make(noise_config, random);
    if (!handshake) return handshake.error();
    const auto payload = handshake->read_message(packet.noise);
    if (!payload) return Error{Errc::handshake_failed, "HELLO"};
    auto hello = read_hello_payload(*payload);
    if (!hello) return hello.error();
    return ServerHandshake{*std::move(handshake), *std::move(hello), packet.source};
}

Result<Bytes> ServerHandshake::write_reply(Reply reply, ConnectionId id) {
    reply.id = id;
    const auto message = handshake_.write_message(write_reply_payload(reply));
    if (!message) return message.error();
    Bytes out(kHandshakeHeaderBytes + 2 + message->size());
    SpanWriter writer{out};
    rudp::write_reply(writer, {client_id_, id, *message});
    out.resize(writer.size());
    return out;
}

Result<noise::TransportKeys> ServerHandshake::keys() const { return handshake_.split(); }

}  // namespace streamkit::rudp
