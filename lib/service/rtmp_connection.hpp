#pragma once

// One connection of an RtmpServer: joins the session to the hub's streams.

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "connections.hpp"
#include "streamkit/base/log.hpp"
#include "streamkit/crypto/system_random.hpp"
#include "streamkit/live/stream.hpp"
#include "streamkit/live/subscriber.hpp"
#include "streamkit/net/listener.hpp"
#include "streamkit/net/stream_driver.hpp"
#include "streamkit/rtmp/server_session.hpp"
#include "streamkit/service/rtmp_server.hpp"

namespace streamkit {

class RtmpConnection final : public net::StreamHandler,
                             public ServerSideConnection,
                             public std::enable_shared_from_this<RtmpConnection> {
public:
    /// What all connections of a server share; read-only once the server has started.
    struct Shared {
        RtmpServerConfig config;
        RtmpServer::PublishHandler on_publish;
        RtmpServer::PlayHandler on_play;
        Connections connections;
        Logger log;
    };

    RtmpConnection(std::shared_ptr<Shared> shared, std::shared_ptr<net::StreamDriver> driver,
                   std::string peer, net::ConnectionSlot slot);

    // net::StreamHandler
    Result<void> handle_input(BytesView bytes, TimePoint now) override;
    Result<void> handle_timeout(TimePoint now) override;
    Result<void> handle_wake(TimePoint now) override;
    net::EndOfInput handle_end_of_input(TimePoint now) override;
    std::span<const SharedBuffer> pending_output() const override;
    void consume_output(std::size_t n) override;
    std::optional<TimePoint> next_timeout() const override { return session_.next_timeout(); }
    std::size_t held_bytes() const override;
    bool closed() const override { return session_.closed(); }
    void on_closed(Error reason) override;

    // ServerSideConnection
    asio::any_io_executor executor() const override { return driver_->executor(); }
    void shut_down(net::Drain drain) override;

private:
    template <class Interface, class Asked>
    class Request;
    class Publish;
    class Play;
    struct Player {
        std::shared_ptr<live::Subscriber> subscriber;
        std::string path;
        std::optional<TrackId> video{};  // the track whose key frames it can begin with
        bool paused = false;
        bool resuming = false;  // has been paused: goes on with the next key frame

        /// Whether it gets this event now. A paused player's queue is emptied all the same, so that it
        /// does not count as one that stays behind.
        [[nodiscard]] bool takes(const MediaEvent& event);
    };

    void take_events(TimePoint now);
    void on_publish(const rtmp::PublishRequested& request);
    void on_play(const rtmp::PlayRequested& request);
    void on_pause(const rtmp::PauseRequested& request);
    void on_media(const rtmp::MediaReceived& media, TimePoint now);
    /// Another publisher has taken the stream over; called on that one's thread.
    void post_revoked(rtmp::RequestId id, Error reason);
    void end_publish(rtmp::RequestId id, TimePoint now);
    void end_play(rtmp::RequestId id);
    void end_all(TimePoint now);
    /// Moves what the subscribers have into the session, as far as the peer takes it.
    void feed_players();
    void feed(rtmp::RequestId id, Player& player);
    void give_up(rtmp::RequestId id, const Error& reason);

    std::shared_ptr<Shared> shared_;
    std::shared_ptr<net::StreamDriver> driver_;  // which lets go of us when the socket is closed
    std::string peer_;
    net::ConnectionSlot slot_;
    crypto::SystemRandom random_;
    rtmp::ServerSession session_;
    std::map<rtmp::RequestId, std::shared_ptr<live::Stream>> published_;
    std::map<rtmp::RequestId, Player> players_;
    net::Drain drain_;
};

}  // namespace streamkit
