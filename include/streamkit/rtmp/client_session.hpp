#pragma once

// The client's side of one RTMP connection: publishes one stream, or plays one.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "streamkit/amf/reader.hpp"
#include "streamkit/base/random.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/flv/tag_demuxer.hpp"
#include "streamkit/flv/tag_muxer.hpp"
#include "streamkit/media/media_event.hpp"
#include "streamkit/rtmp/chunk_reader.hpp"
#include "streamkit/rtmp/chunk_writer.hpp"
#include "streamkit/rtmp/handshake.hpp"

namespace streamkit::rtmp {

enum class ClientRole : std::uint8_t { publish, play };

struct ClientConfig {
    ClientRole role = ClientRole::publish;
    std::string app;          ///< "live"
    std::string tc_url;       ///< "rtmp://host:1935/live"
    std::string stream_name;  ///< "key?token=…": sent as it is
    std::string flash_ver;    ///< what we say we are; empty: as Flash Media Live Encoder or Player
    HandshakeKind handshake = HandshakeKind::digest;
    ChunkLimits chunks;
    /// Of the server's commands; one that goes over them ends the connection.
    amf::Limits commands{
        .max_depth = 16, .max_values = 1024, .max_string_bytes = 16384, .max_total_bytes = 65536};
    flv::TagDemuxerConfig demuxer;
    flv::TagMuxerConfig muxer;
    std::uint32_t chunk_size = kDefaultChunkSize;  ///< payload bytes per chunk that we announce
    /// The server acknowledges each time it has received so many bytes.
    std::uint32_t window_bytes = 2'500'000;
    /// From the first moment until the stream is being published or played.
    std::chrono::milliseconds setup_timeout = std::chrono::seconds{10};
    /// A player closes after so long without a byte; a publisher may hear nothing for hours.
    std::chrono::milliseconds idle_timeout = std::chrono::seconds{60};
    /// How much a player says it buffers.
    std::chrono::milliseconds buffer_length = std::chrono::seconds{1};

    /// Cuts `rtmp://host:port/app/name?query` before the last slash of its path; the query goes with
    /// the name.
    ///
    /// @return `Errc::invalid_url` if the scheme is not rtmp or rtmps, or application or name is
    ///         missing; or an error of `Uri::parse`
    static Result<ClientConfig> for_url(std::string_view url, ClientRole role);
};

/// The server takes our media from now on.
struct Publishing {};
/// The server sends the stream from now on.
struct Playing {};
/// From the stream being played.
struct StreamReceived {
    MediaEvent event;
};
/// The stream being played has ended; the connection is closed.
struct StreamEnded {
    std::string description;
};
/// The server said no, or took the stream away; the connection is closed.
struct Refused {
    std::string code;         ///< "NetStream.Publish.BadName"
    std::string description;  ///< for people
};
/// Enhanced RTMP v2: the server asks to reconnect, when convenient.
struct ReconnectRequested {
    std::string tc_url;  ///< where to; empty: the same place
    std::string description;
};

using ClientEvent =
    std::variant<Publishing, Playing, StreamReceived, StreamEnded, Refused, ReconnectRequested>;

/// Connects to a server and publishes or plays one stream.
///
/// @see RTMP 1.0, section 7, and DESIGN.md 4 for the run-loop contract
class ClientSession {
public:
    using Event = ClientEvent;

    /// The first bytes to send are there at once.
    ///
    /// @param random  must outlive the session
    /// @param now     when the connection was made
    ClientSession(ClientConfig config, RandomSource& random, TimePoint now);
    ClientSession(ClientSession&&) noexcept;
    ClientSession& operator=(ClientSession&&) noexcept;
    ~ClientSession();

    /// @return why the connection is now closed: an error of `rtmp`, `amf` or `flv`;
    ///         `Errc::refused` goes with the event `Refused`
    Result<void> handle_input(BytesView input, TimePoint now);
    /// The server will send nothing more: the connection is closed.
    void handle_end_of_input();
    /// @return `Errc::setup_timeout` or `Errc::idle_timeout`; the connection is closed then
    Result<void> handle_timeout(TimePoint now);
    [[nodiscard]] std::optional<ClientEvent> poll_event();
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

    /// Sends one event of the stream being published; what has no FLV tag is left out.
    ///
    /// @return `Errc::not_publishing` before `Publishing` and after `close`,
    ///         `Errc::message_too_large`, or an error of `flv::TagMuxer`
    Result<void> send(const MediaEvent& event);
    /// Says goodbye (FCUnpublish, deleteStream), then closes.
    void close();

private:
    class Core;
    std::unique_ptr<Core> core_;
};

}  // namespace streamkit::rtmp
