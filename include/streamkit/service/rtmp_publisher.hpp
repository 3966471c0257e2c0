#pragma once

// Publishes a stream to any RTMP server.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "streamkit/base/log.hpp"
#include "streamkit/media/media_event.hpp"
#include "streamkit/net/asio.hpp"

namespace streamkit {

struct RtmpPublisherConfig {
    std::chrono::milliseconds connect_timeout{10'000};  ///< name, connection and RTMP setup each
    /// `send` waits while so much has not been taken by the network.
    std::size_t max_unsent_bytes = 1024 * 1024;
    /// How long `close` waits for the server to have read everything and to close too.
    std::chrono::milliseconds goodbye_timeout{10'000};
    LogSink log{};
};

/// One stream on its way to a server. Used on the shard of the coroutine that connected.
class RtmpPublisher {
public:
    /// Connects and waits until the server takes the stream.
    ///
    /// @param url  `rtmp://host[:port]/app/name[?query]`
    /// @return `rtmp::Errc::invalid_url`, `ServiceErrc::unsupported_scheme`, an error of
    ///         `net::connect`, `ServiceErrc::refused_by_peer` (the log has the server's words), or
    ///         what ended the session
    [[nodiscard]] static net::Task<RtmpPublisher> connect(std::string url,
                                                          RtmpPublisherConfig config = {});

    RtmpPublisher(RtmpPublisher&&) noexcept;
    RtmpPublisher& operator=(RtmpPublisher&&) noexcept;
    /// Closes the connection if it is still open; `close` says goodbye first.
    ~RtmpPublisher();

    /// Sends onMetaData and the tracks' configurations; before their packets.
    ///
    /// @param tracks  must stay valid until the task has ended
    [[nodiscard]] net::Task<> announce(std::span<const TrackInfo> tracks);
    /// Sends a packet, or any other event; waits while the network is behind.
    ///
    /// @return what ended the session, or an error of `rtmp::ClientSession::send`
    [[nodiscard]] net::Task<> send(MediaEvent event);
    /// Says goodbye, and returns when all has been sent and the server has closed its side too.
    [[nodiscard]] net::Task<> close();

    /// Bytes on the wire so far.
    [[nodiscard]] std::uint64_t bytes_sent() const noexcept;

private:
    class Connection;
    explicit RtmpPublisher(std::shared_ptr<Connection> connection);

    std::shared_ptr<Connection> connection_;  // shared with its driver
};

}  // namespace streamkit
