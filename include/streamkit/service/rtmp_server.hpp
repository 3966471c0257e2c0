#pragma once

// An RTMP server: publishers in, players out, who may do what decided by the program.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "streamkit/base/log.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/live/stream.hpp"
#include "streamkit/live/subscriber.hpp"
#include "streamkit/net/listener.hpp"
#include "streamkit/net/runtime.hpp"
#include "streamkit/net/stream_driver.hpp"
#include "streamkit/rtmp/server_session.hpp"

namespace streamkit {

struct RtmpServerConfig {
    std::string listen = "0.0.0.0:1935";   ///< `host:port`; port 0: any free one
    std::size_t max_connections = 10'000;  ///< at one time; more are closed at once
    std::size_t max_connections_per_address = 1'000;
    rtmp::ServerConfig session{};  ///< limits and timeouts of each connection
    net::StreamDriverConfig driver{};
    /// What a player that does not keep up may have waiting in its connection; the rest waits in
    /// its subscriber's queue, which drops to the next key frame.
    std::size_t max_unsent_bytes = 256 * 1024;
    LogSink log{};
};

/// Somebody wants to publish. Answer before the handler returns; unanswered means rejected.
class PublishRequest {
public:
    virtual ~PublishRequest() = default;

    /// "live/key".
    [[nodiscard]] std::string path() const { return stream().path(); }
    /// All but the last part of the path: "live".
    [[nodiscard]] const std::string& app() const { return stream().app; }
    /// The last part of the path: the stream key of an encoder.
    [[nodiscard]] const std::string& key() const { return stream().name; }
    /// What followed a `?`: tokens and the like; see `query_parameter`.
    [[nodiscard]] const std::string& query() const { return stream().query; }
    /// Address and port of the client, for logs.
    [[nodiscard]] virtual const std::string& peer() const = 0;

    /// Lets the media into this stream. An error in its place (a stream that is live already) is
    /// the reason for a rejection.
    virtual void accept(Result<std::shared_ptr<live::Stream>> stream) = 0;
    /// Refuses; encoders show the reason.
    virtual void reject(std::string_view why) = 0;

protected:
    [[nodiscard]] virtual const rtmp::StreamName& stream() const = 0;
};

/// Somebody wants to play. Answer before the handler returns; unanswered means rejected.
class PlayRequest {
public:
    virtual ~PlayRequest() = default;

    /// "live/key".
    [[nodiscard]] std::string path() const { return stream().path(); }
    [[nodiscard]] const std::string& app() const { return stream().app; }
    [[nodiscard]] const std::string& key() const { return stream().name; }
    [[nodiscard]] const std::string& query() const { return stream().query; }
    [[nodiscard]] virtual const std::string& peer() const = 0;

    /// Plays what this subscriber gets.
    virtual void accept(std::shared_ptr<live::Subscriber> subscriber) = 0;
    /// Refuses; players show the reason.
    virtual void reject(std::string_view why) = 0;

protected:
    [[nodiscard]] virtual const rtmp::StreamName& stream() const = 0;
};

/// Accepts RTMP connections. Without handlers every request is rejected.
class RtmpServer {
public:
    using PublishHandler = std::function<void(PublishRequest&)>;
    using PlayHandler = std::function<void(PlayRequest&)>;

    /// @param runtime  must outlive the server
    explicit RtmpServer(net::Runtime& runtime, RtmpServerConfig config = {});
    ~RtmpServer();
    RtmpServer(const RtmpServer&) = delete;
    RtmpServer& operator=(const RtmpServer&) = delete;

    /// Decides about publishers, on the connection's thread. Before `start`.
    void on_publish(PublishHandler handler);
    /// Decides about players, on the connection's thread. Before `start`.
    void on_play(PlayHandler handler);

    /// Opens the port. The server ends with the runtime: streams end, players are told so.
    ///
    /// @return an error of `net::Listener::open`
    Result<void> start();

    /// The port in use; 0 before `start`.
    [[nodiscard]] std::uint16_t port() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamkit
