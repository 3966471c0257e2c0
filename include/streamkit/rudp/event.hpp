#pragma once

// What an endpoint tells its owner.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/error.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/crypto/x25519.hpp"
#include "streamkit/rudp/datagram.hpp"

namespace streamkit::rudp {

/// Names a connection of one endpoint; never used twice.
using LinkId = std::uint64_t;
/// Bit 0: who opened it (0 client, 1 server); bit 1: 1 if only the opener sends. As in RFC 9000, 2.1.
using StreamId = std::uint64_t;
using MessageId = std::uint64_t;

/// Why a server will not have a client.
enum class RejectReason : std::uint8_t {
    refused = 0,  ///< by the application
    full = 1,     ///< no room at present: see `retry_after`
    unauthorized = 2,
    unknown_protocol = 3,
    shutting_down = 4,
    protection = 5,  ///< one side wants plaintext, the other encryption
};
struct Reject {
    RejectReason reason = RejectReason::refused;
    std::chrono::milliseconds retry_after{0};  ///< 0: no use to try again
    std::string text{};                        ///< at most 256 bytes of UTF-8
};

/// Who ended a connection, and why. Codes from 0x100 on are the application's.
struct CloseReason {
    Error error{};           ///< `Errc::closed_by_peer`, `Errc::idle_timeout`, …
    std::uint64_t code = 0;  ///< what the CLOSE frame said
    std::string text{};      ///< and its reason phrase
};

/// Server: somebody wants in. Answer with `Endpoint::accept` or `reject` before the next call of
/// another kind; unanswered means rejected when the half-open time is over.
struct Incoming {
    LinkId link;
    Path path;
    std::string protocol;
    Bytes request;
};
/// Both sides may send (client: the server has accepted; server: the client has proved its address).
struct Connected {
    LinkId link;
    std::optional<crypto::X25519PublicKey> server_key;  ///< at the client
};
/// The client was turned away; the link is gone.
struct Rejected {
    LinkId link;
    Reject reject;
};
/// The link is gone.
struct Closed {
    LinkId link;
    CloseReason reason;
};
/// The peer opened a stream.
struct StreamOpened {
    LinkId link;
    StreamId stream;
};
/// There is something new to read, or its end.
struct StreamReadable {
    LinkId link;
    StreamId stream;
};
/// `write` had refused bytes and would now take some.
struct StreamWritable {
    LinkId link;
    StreamId stream;
};
/// The peer has everything that was written, its end included.
struct StreamDelivered {
    LinkId link;
    StreamId stream;
};
/// The peer gave the stream up: it will send no more of it.
struct StreamReset {
    LinkId link;
    StreamId stream;
    std::uint64_t code;
};
/// The peer wants no more of the stream; it was reset.
struct StreamStopped {
    LinkId link;
    StreamId stream;
    std::uint64_t code;
};
/// A whole message.
struct MessageReceived {
    LinkId link;
    MessageId id;
    std::uint8_t channel;
    std::chrono::microseconds sent_at;  ///< the sender's clock since its start: see `ClockOffset`
    SharedBuffer payload;
    bool recovered;  ///< with the help of a repair packet
};
/// Messages that the sender gave up: these ids will not come (unless they came already).
struct MessagesDropped {
    LinkId link;
    MessageId first;
    MessageId last;
};
/// The fate of a message of ours.
struct MessageFate {
    LinkId link;
    MessageId id;
    bool delivered;  ///< false: given up
};
/// The player at the other end has so much to play.
struct BufferLevel {
    LinkId link;
    std::chrono::milliseconds level;
};
/// The peer's packets come from another address now, which has proved to be its.
struct Migrated {
    LinkId link;
    Path path;
};

using Event = std::variant<Incoming, Connected, Rejected, Closed, StreamOpened, StreamReadable,
                           StreamWritable, StreamDelivered, StreamReset, StreamStopped,
                           MessageReceived, MessagesDropped, MessageFate, BufferLevel, Migrated>;

}  // namespace streamkit::rudp
