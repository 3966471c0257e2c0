#pragma once

// The server's side of one RTMP connection, without I/O.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "streamkit/amf/reader.hpp"
#include "streamkit/base/random.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/flv/tag_demuxer.hpp"
#include "streamkit/media/media_event.hpp"
#include "streamkit/rtmp/chunk_reader.hpp"
#include "streamkit/rtmp/encoded_message.hpp"
#include "streamkit/rtmp/stream_name.hpp"

namespace streamkit::rtmp {

/// Names a request to publish or to play, and what runs after it was accepted. They count up from 1.
using RequestId = std::uint64_t;

/// The client is connected to an application; nothing needs to be answered.
struct Connected {
    AppName app;
    std::string tc_url;
    std::string flash_ver;             ///< what the client says it is: "FMLE/3.0 (…)"
    std::vector<std::string> fourccs;  ///< Enhanced RTMP: codecs the client names, such as "hvc1"
    std::uint32_t caps_ex = 0;         ///< Enhanced RTMP: capsEx flags of the client
};

/// How a publisher wants its stream to be stored: RTMP 1.0, 7.2.2.6.
enum class PublishType : std::uint8_t { live, record, append };

/// Answer with `accept` or `reject`.
struct PublishRequested {
    RequestId id = 0;
    StreamName stream;
    PublishType type = PublishType::live;
};

/// Answer with `accept` or `reject`. RTMP 1.0, 7.2.2.1.
struct PlayRequested {
    RequestId id = 0;
    StreamName stream;
    double start_s = -2;     ///< -2: live, else recorded; -1: live only; else recorded from there
                             ///< (some clients mean milliseconds)
    double duration_s = -1;  ///< -1: until it ends
    bool reset = true;       ///< drop what played before
};

/// From an accepted publisher.
struct MediaReceived {
    RequestId id = 0;
    MediaEvent event;
};

/// An accepted publisher, or one that waits for an answer, has stopped or is gone.
struct PublishEnded {
    RequestId id = 0;
};

/// An accepted player, or one that waits for an answer, has stopped or is gone.
struct PlayEnded {
    RequestId id = 0;
};

/// The player pauses or goes on; it is told so. What is sent meanwhile is up to the application.
struct PauseRequested {
    RequestId id = 0;
    bool paused = true;
    std::int64_t position_ms = 0;
};

using ServerEvent = std::variant<Connected, PublishRequested, PlayRequested, MediaReceived,
                                 PublishEnded, PlayEnded, PauseRequested>;

struct ServerConfig {
    ChunkLimits chunks;
    NameLimits names;
    /// Of commands; one that goes over them ends the connection.
    amf::Limits commands{
        .max_depth = 16, .max_values = 1024, .max_string_bytes = 16384, .max_total_bytes = 65536};
    flv::TagDemuxerConfig tags;
    /// Message streams of one connection; a createStream beyond ends it.
    std::size_t max_message_streams = 8;
    /// Payload bytes per chunk that we announce.
    std::uint32_t chunk_size = kDefaultChunkSize;
    /// The peer acknowledges each time it has received so many bytes.
    std::uint32_t window_bytes = 2'500'000;
    /// From the first moment to the end of the handshake; the connection is closed without a word.
    std::chrono::milliseconds handshake_timeout = std::chrono::seconds{10};
    /// After so long without a byte from the peer it is pinged.
    std::chrono::milliseconds ping_after = std::chrono::seconds{30};
    /// After so long without a byte from the peer the connection is closed.
    std::chrono::milliseconds idle_timeout = std::chrono::seconds{60};
    /// Between the last message of a stream and its StreamEOF: GStreamer's rtmp2src throws away what
    /// it has not handed on when that comes. Other players stop at the onStatus before it.
    std::chrono::milliseconds stream_eof_delay{100};
};

/// What was met and left out.
struct ServerStats {
    std::uint64_t messages_without_publisher = 0;  ///< media on a stream that is not published, or
                                                   ///< not accepted yet
    std::uint64_t unknown_commands = 0;            ///< answered with `_error`
    std::uint64_t unknown_messages = 0;            ///< shared objects and reserved types
};

/// Takes a client through handshake, connect, and publishing or playing.
///
/// Kept by the session itself: the chunk stream, acknowledgements, pings, message streams, the
/// answers to all commands but publish and play. A client that breaks the protocol, or is rejected,
/// gets an `onStatus` (or `_error` to connect) that says why before the connection is closed.
///
/// @see RTMP 1.0, section 7, and DESIGN.md 4 for the run-loop contract
class ServerSession {
public:
    using Event = ServerEvent;

    /// @param random  must outlive the session
    /// @param now     when the connection was accepted
    ServerSession(ServerConfig config, RandomSource& random, TimePoint now);
    ServerSession(ServerSession&&) noexcept;
    ServerSession& operator=(ServerSession&&) noexcept;
    ~ServerSession();

    /// @return why the connection is now closed: an error of `rtmp`, `amf` or `flv`; what tells the
    ///         client, where it can be told, is in the output
    Result<void> handle_input(BytesView input, TimePoint now);
    /// The client will send nothing more: all requests end, the connection is closed.
    void handle_end_of_input();
    /// @return `Errc::handshake_timeout` or `Errc::idle_timeout`; the connection is closed then
    Result<void> handle_timeout(TimePoint now);
    [[nodiscard]] std::optional<ServerEvent> poll_event();
    /// Valid until the next call that is not const.
    [[nodiscard]] std::span<const SharedBuffer> pending_output() const noexcept;
    void consume_output(std::size_t n);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;
    /// Messages in progress, and output that waits to be sent.
    [[nodiscard]] std::size_t held_bytes() const noexcept;
    /// Bytes that wait to be sent.
    [[nodiscard]] std::size_t unsent_bytes() const noexcept;
    /// Nothing more will come: close the socket once the output has left.
    [[nodiscard]] bool closed() const noexcept;

    /// Lets a client publish or play. An unknown id is ignored here and below: the request may have
    /// ended in the meantime.
    void accept(RequestId id);
    /// Tells the client why not, then closes the connection.
    ///
    /// @param why  for people: encoders show it
    void reject(RequestId id, std::string_view why);

    /// Sends media to an accepted player.
    void send(RequestId play, const EncodedMessage& message);
    /// Tells a player that the stream has ended. The connection stays open: it may play another one.
    void end_play(RequestId id, std::string_view why);
    /// Takes the stream away from a publisher: tells it why, then closes the connection.
    void end_publish(RequestId id, std::string_view why);
    /// Ends all requests and closes the connection without a word.
    void close();

    [[nodiscard]] const ServerStats& stats() const noexcept;

private:
    class Core;
    std::unique_ptr<Core> core_;
};

}  // namespace streamkit::rtmp
