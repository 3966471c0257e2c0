// What stands in the clear: the headers of datagrams, and the parameters in handshake payloads. What was
// read and written again must read the same.

#include <algorithm>
#include <cstdlib>

#include "packet.hpp"
#include "streamkit/base/utf8.hpp"
#include "transport_parameters.hpp"

using namespace streamkit;
using namespace streamkit::rudp;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

Bytes written(const PacketHeader& packet) {
    Bytes room(70'000);
    SpanWriter out{room};
    if (const auto* hello = std::get_if<HelloPacket>(&packet)) write_hello(out, *hello);
    if (const auto* retry = std::get_if<RetryPacket>(&packet)) write_retry(out, *retry);
    if (const auto* reply = std::get_if<ReplyPacket>(&packet)) write_reply(out, *reply);
    room.resize(out.size());
    return room;
}

void read_header(BytesView datagram) {
    const auto packet = read_packet(datagram);
    if (!packet) {
        require(packet.error().offset <= datagram.size());
        return;
    }
    // What may be answered before the address is known is as long as the longest answer.
    if (std::holds_alternative<HelloPacket>(*packet) ||
        std::holds_alternative<UnknownVersion>(*packet))
        require(datagram.size() >= kMinHelloBytes);
    const auto bytes = written(*packet);
    if (bytes.empty()) return;
    const auto same = read_packet(bytes);
    require(same && same->index() == packet->index() && written(*same) == bytes);
}

void check(const TransportParameters& p) {
    require(p.max_datagram_bytes >= kMinDatagramBytes && p.max_datagram_bytes <= kMaxDatagramBytes);
    require(p.first_packet_number <= kMaxFirstPacketNumber);
}

void read_parameters(BytesView payload) {
    if (const auto hello = read_hello_payload(payload)) {
        check(hello->parameters);
        require(hello->protocol.size() <= kMaxProtocolBytes && is_valid_utf8(hello->protocol));
        require(hello->request.size() <= kMaxRequestBytes);
        const auto bytes = write_hello_payload(*hello);
        const auto same = read_hello_payload(bytes);
        require(same && same->parameters == hello->parameters &&
                write_hello_payload(*same) == bytes);
    }
    if (const auto reply = read_reply_payload(payload)) {
        check(reply->parameters);
        require(!reply->reject || is_valid_utf8(reply->reject->text));
        const auto bytes = write_reply_payload(*reply);
        const auto same = read_reply_payload(bytes);
        require(same && same->reject.has_value() == reply->reject.has_value());
        require(write_reply_payload(*same) == bytes);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input{data, size};
    read_header(input);
    read_parameters(input);
    return 0;
}
