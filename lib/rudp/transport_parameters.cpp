#include "transport_parameters.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "frame.hpp"
#include "streamkit/base/assert.hpp"
#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/utf8.hpp"
#include "varint.hpp"

namespace streamkit::rudp {
namespace {

enum class Id : std::uint64_t {
    protection = 0,
    max_data = 1,
    max_stream_data = 2,
    max_streams = 3,
    max_message_bytes = 4,
    max_datagram_bytes = 5,
    max_ack_delay = 6,
    idle_timeout = 7,
    first_packet_number = 8,
    protocol = 16,
    request = 17,
    reject_reason = 32,
    retry_after = 33,
    reject_text = 34,
    connection_id = 35,
    reset_token = 36,
};

// Writing.

void put_varint(Bytes& out, std::uint64_t v) {
    const auto at = out.size();
    out.resize(at + varint_size(v));
    SpanWriter{std::span{out}.subspan(at)}.varint(v);
}

void put_number(Bytes& out, Id id, std::uint64_t v) {
    put_varint(out, static_cast<std::uint64_t>(id));
    put_varint(out, varint_size(v));
    put_varint(out, v);
}

void put_bytes(Bytes& out, Id id, BytesView v) {
    put_varint(out, static_cast<std::uint64_t>(id));
    put_varint(out, v.size());
    out.insert(out.end(), v.begin(), v.end());
}

void put_parameters(Bytes& out, const TransportParameters& p) {
    put_number(out, Id::protection, static_cast<std::uint64_t>(p.protection));
    put_number(out, Id::max_data, p.max_data);
    put_number(out, Id::max_stream_data, p.max_stream_data);
    put_number(out, Id::max_streams, p.max_streams);
    put_number(out, Id::max_message_bytes, p.max_message_bytes);
    put_number(out, Id::max_datagram_bytes, p.max_datagram_bytes);
    put_number(out, Id::max_ack_delay, p.max_ack_delay_us);
    put_number(out, Id::idle_timeout, p.idle_timeout_ms);
    put_number(out, Id::first_packet_number, p.first_packet_number);
}

// Reading.

/// One parameter.
struct Item {
    std::uint64_t id = 0;
    BytesView value{};
    std::size_t at = 0;  ///< where the value begins
};

Error invalid(const char* what, const Item& item) {
    return Error{Errc::invalid_parameter, what, item.at};
}

Result<void> read_number(const Item& item, const char* what, std::uint64_t least,
                         std::uint64_t most, std::uint64_t& out) {
    ByteReader in{item.value};
    const auto value = read_varint(in);
    if (!in.ok() || !in.at_end() || value < least || value > most) return invalid(what, item);
    out = value;
    return {};
}

Result<void> read_text(const Item& item, const char* what, std::size_t max_bytes,
                       std::string& out) {
    const auto text = as_text(item.value);
    if (text.size() > max_bytes || !is_valid_utf8(text)) return invalid(what, item);
    out.assign(text);
    return {};
}

Result<void> read_parameter(const Item& item, TransportParameters& p) {
    switch (static_cast<Id>(item.id)) {
        case Id::protection: {
            std::uint64_t v = 0;
            constexpr auto kLast = static_cast<std::uint64_t>(Protection::plaintext);
            STREAMKIT_TRY(read_number(item, "protection", 0, kLast, v));
            p.protection = static_cast<Protection>(v);
            return {};
        }
        case Id::max_data:
            return read_number(item, "max_data", 0, kMaxVarint, p.max_data);
        case Id::max_stream_data:
            return read_number(item, "max_stream_data", 0, kMaxVarint, p.max_stream_data);
        case Id::max_streams:
            return read_number(item, "max_streams", 0, kMaxStreamCount, p.max_streams);
        case Id::max_message_bytes:
            return read_number(item, "max_message_bytes", 0, kMaxVarint, p.max_message_bytes);
        case Id::max_datagram_bytes:
            return read_number(item, "max_datagram_bytes", kMinDatagramBytes, kMaxDatagramBytes,
                               p.max_datagram_bytes);
        case Id::max_ack_delay:
            return read_number(item, "max_ack_delay", 0, kMaxAckDelayMicroseconds,
                               p.max_ack_delay_us);
        case Id::idle_timeout:
            return read_number(item, "idle_timeout", 0, kMaxMicroseconds / 1000, p.idle_timeout_ms);
        case Id::first_packet_number:
            return read_number(item, "first_packet_number", 0, kMaxFirstPacketNumber,
                               p.first_packet_number);
        default:
            return {};  // RFC 9000, 7.4.2
    }
}

Result<void> read_hello_item(const Item& item, Hello& hello) {
    switch (static_cast<Id>(item.id)) {
        case Id::protocol:
            return read_text(item, "protocol", kMaxProtocolBytes, hello.protocol);
        case Id::request:
            if (item.value.size() > kMaxRequestBytes) return invalid("request", item);
            hello.request.assign(item.value.begin(), item.value.end());
            return {};
        default:
            return read_parameter(item, hello.parameters);
    }
}

/// What a REPLY may say of a rejection; without a reason it is none, and there must be an id.
struct ReplyItems {
    bool has_reason = false;
    Reject reject{};
    bool has_id = false;
};

Result<void> read_reply_item(const Item& item, ReplyItems& items, Reply& reply) {
    std::uint64_t v = 0;
    switch (static_cast<Id>(item.id)) {
        case Id::reject_reason:
            STREAMKIT_TRY(read_number(item, "reject reason", 0, kMaxVarint, v));
            items.has_reason = true;
            if (v <= static_cast<std::uint64_t>(RejectReason::protection))
                items.reject.reason = static_cast<RejectReason>(v);
            return {};
        case Id::retry_after:
            STREAMKIT_TRY(read_number(item, "retry after", 0, kMaxMicroseconds / 1000, v));
            items.reject.retry_after = std::chrono::milliseconds{v};
            return {};
        case Id::reject_text:
            return read_text(item, "reject text", kMaxRejectTextBytes, items.reject.text);
        case Id::connection_id: {
            ByteReader in{item.value};
            reply.id = in.u64();
            items.has_id = true;
            return in.ok() && in.at_end() ? Result<void>{} : invalid("connection id", item);
        }
        case Id::reset_token:
            if (item.value.size() != reply.reset_token.emplace().size())
                return invalid("reset token", item);
            std::copy(item.value.begin(), item.value.end(), reply.reset_token->begin());
            return {};
        default:
            return read_parameter(item, reply.parameters);
    }
}

/// Calls `take(item)` for each.
template <class Take>
Result<void> for_each_item(BytesView payload, Take take) {
    std::uint64_t seen = 0;  // a bit for each of the ids below 64
    for (ByteReader in{payload}; !in.at_end();) {
        const auto id_at = in.offset();
        Item item{.id = read_varint(in)};
        const auto length = read_varint(in);
        item.at = in.offset();
        item.value =
            in.bytes(static_cast<std::size_t>(std::min<std::uint64_t>(length, payload.size() + 1)));
        if (!in.ok()) return Error{Errc::truncated, "parameter", in.offset()};
        if (item.id < 64) {
            const auto bit = std::uint64_t{1} << item.id;
            if ((seen & bit) != 0)
                return Error{Errc::invalid_parameter, "parameter given twice", id_at};
            seen |= bit;
        }
        STREAMKIT_TRY(take(item));
    }
    return {};
}

}  // namespace

Bytes write_hello_payload(const Hello& hello) {
    STREAMKIT_ASSERT(hello.protocol.size() <= kMaxProtocolBytes);
    STREAMKIT_ASSERT(hello.request.size() <= kMaxRequestBytes);
    Bytes out;
    put_parameters(out, hello.parameters);
    put_bytes(out, Id::protocol, as_bytes(hello.protocol));
    put_bytes(out, Id::request, hello.request);
    return out;
}

Bytes write_reply_payload(const Reply& reply) {
    Bytes out;
    if (!reply.reject) {
        put_parameters(out, reply.parameters);
        std::array<std::uint8_t, sizeof(ConnectionId)> id{};
        SpanWriter{id}.u64(reply.id);
        put_bytes(out, Id::connection_id, id);
        if (reply.reset_token) put_bytes(out, Id::reset_token, *reply.reset_token);
        return out;
    }
    STREAMKIT_ASSERT(reply.reject->text.size() <= kMaxRejectTextBytes);
    const auto retry_after = std::max<std::int64_t>(reply.reject->retry_after.count(), 0);
    put_number(out, Id::reject_reason, static_cast<std::uint64_t>(reply.reject->reason));
    put_number(out, Id::retry_after,
               std::min(static_cast<std::uint64_t>(retry_after), kMaxMicroseconds / 1000));
    put_bytes(out, Id::reject_text, as_bytes(reply.reject->text));
    return out;
}

Result<Hello> read_hello_payload(BytesView payload) {
    Hello hello;
    STREAMKIT_TRY(
        for_each_item(payload, [&](const Item& item) { return read_hello_item(item, hello); }));
    return hello;
}

Result<Reply> read_reply_payload(BytesView payload) {
    Reply reply;
    ReplyItems items;
    STREAMKIT_TRY(for_each_item(
        payload, [&](const Item& item) { return read_reply_item(item, items, reply); }));
    if (items.has_reason) {
        reply.reject = std::move(items.reject);
    } else if (!items.has_id) {
        return Error{Errc::invalid_parameter, "connection id", payload.size()};
    }
    return reply;
}

}  // namespace streamkit::rudp
