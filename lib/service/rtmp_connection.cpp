#include "rtmp_connection.hpp"

#include <utility>
#include <variant>

#include "streamkit/base/overloaded.hpp"
#include "streamkit/net/timer.hpp"
#include "streamkit/service/errc.hpp"

namespace streamkit {

/// A request on its way through the application's handler: answered once, or rejected at its end.
template <class Interface, class Asked>
class RtmpConnection::Request : public Interface {
public:
    Request(RtmpConnection& connection, const Asked& asked)
        : connection_(connection), asked_(asked) {}
    ~Request() override {
        if (!answered_) refuse("the application gave no answer");
    }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    const std::string& peer() const override { return connection_.peer_; }
    void reject(std::string_view why) override {
        if (!answered_) refuse(why);
    }

protected:
    const rtmp::StreamName& stream() const override { return asked_.stream; }

    /// @return whether the answer is still to be given
    bool answer() noexcept { return !std::exchange(answered_, true); }

    /// Lets the client go on.
    void let(std::string_view message) {
        connection_.shared_->log.info(message,
                                      {{"peer", peer()}, {"stream", asked_.stream.path()}});
        connection_.session_.accept(asked_.id);
    }

    RtmpConnection& connection_;
    const Asked& asked_;

private:
    void refuse(std::string_view why) {
        answered_ = true;
        connection_.shared_->log.warn(
            "request refused",
            {{"peer", connection_.peer_}, {"stream", asked_.stream.path()}, {"reason", why}});
        connection_.session_.reject(asked_.id, why);
    }

    bool answered_ = false;
};

class RtmpConnection::Publish final : public Request<PublishRequest, rtmp::PublishRequested> {
public:
    using Request::Request;

    void accept(Result<std::shared_ptr<live::Stream>> stream) override {
        if (!stream) return reject(stream.error().message());
        if (!answer()) return;
        (*stream)->on_revoked([weak = connection_.weak_from_this(), id = asked_.id](Error reason) {
            if (const auto alive = weak.lock()) alive->post_revoked(id, reason);
        });
        connection_.published_.emplace(asked_.id, std::move(*stream));
        let("publishing");
    }
};

class RtmpConnection::Play final : public Request<PlayRequest, rtmp::PlayRequested> {
public:
    using Request::Request;

    void accept(std::shared_ptr<live::Subscriber> subscriber) override {
        if (!answer()) return;
        subscriber->on_wake([weak = std::weak_ptr{connection_.driver_}] {
            if (const auto driver = weak.lock()) driver->post_wake();
        });
        connection_.players_.insert_or_assign(asked_.id,
                                              Player{std::move(subscriber), asked_.stream.path()});
        let("playing");
    }
};

RtmpConnection::RtmpConnection(std::shared_ptr<Shared> shared,
                               std::shared_ptr<net::StreamDriver> driver, std::string peer,
                               net::ConnectionSlot slot)
    : shared_(std::move(shared)),
      driver_(std::move(driver)),
      peer_(std::move(peer)),
      slot_(std::move(slot)),
      session_(shared_->config.session, random_, net::now()) {}

Result<void> RtmpConnection::handle_input(BytesView bytes, TimePoint now) {
    auto result = session_.handle_input(bytes, now);
    take_events(now);
    feed_players();
    return result;
}

Result<void> RtmpConnection::handle_timeout(TimePoint now) {
    auto result = session_.handle_timeout(now);
    take_events(now);
    return result;
}

Result<void> RtmpConnection::handle_wake(TimePoint now) {
    take_events(now);
    feed_players();
    return {};
}

net::EndOfInput RtmpConnection::handle_end_of_input(TimePoint now) {
    session_.handle_end_of_input();
    take_events(now);
    return net::EndOfInput::close;
}

std::span<const SharedBuffer> RtmpConnection::pending_output() const {
    return session_.pending_output();
}

void RtmpConnection::consume_output(std::size_t n) {
    session_.consume_output(n);
    feed_players();
}

std::size_t RtmpConnection::held_bytes() const {
    // What waits to be sent is bounded by `feed`, and a player must be heard while it lags.
    return session_.held_bytes() - session_.unsent_bytes();
}

void RtmpConnection::on_closed(Error reason) {
    end_all(net::now());
    shared_->log.info("connection closed", {{"peer", peer_},
                                            {"reason", reason.message()},
                                            {"bytes_in", driver_->bytes_in()},
                                            {"bytes_out", driver_->bytes_out()}});
    shared_->connections.remove(this);
    slot_.reset();
    drain_.reset();
}

void RtmpConnection::shut_down(net::Drain drain) {
    drain_ = std::move(drain);
    for (const auto& [id, stream] : published_)
        session_.end_publish(id, "the server is stopping");
    for (const auto& [id, player] : players_)
        session_.end_play(id, "the server is stopping");
    end_all(net::now());
    driver_->shut_down(Error{ServiceErrc::shutting_down, "connection"});
}

void RtmpConnection::end_all(TimePoint now) {
    while (!published_.empty())
        end_publish(published_.begin()->first, now);
    while (!players_.empty())
        end_play(players_.begin()->first);
}

void RtmpConnection::take_events(TimePoint now) {
    while (auto event = session_.poll_event()) {
        std::visit(overloaded{
                       [&](const rtmp::Connected& e) {
                           shared_->log.debug(
                               "connected",
                               {{"peer", peer_}, {"app", e.app.path}, {"client", e.flash_ver}});
                       },
                       [&](const rtmp::PublishRequested& e) { on_publish(e); },
                       [&](const rtmp::PlayRequested& e) { on_play(e); },
                       [&](const rtmp::MediaReceived& e) { on_media(e, now); },
                       [&](const rtmp::PublishEnded& e) { end_publish(e.id, now); },
                       [&](const rtmp::PlayEnded& e) { end_play(e.id); },
                       [&](const rtmp::PauseRequested& e) { on_pause(e); },
                   },
                   *event);
    }
}

void RtmpConnection::on_publish(const rtmp::PublishRequested& request) {
    Publish publish{*this, request};
    if (shared_->on_publish) shared_->on_publish(publish);
}

void RtmpConnection::on_play(const rtmp::PlayRequested& request) {
    Play play{*this, request};
    if (shared_->on_play) shared_->on_play(play);
}

void RtmpConnection::on_media(const rtmp::MediaReceived& media, TimePoint now) {
    const auto found = published_.find(media.id);
    if (found == published_.end()) return;
    found->second->write(media.event, now);
}

void RtmpConnection::on_pause(const rtmp::PauseRequested& request) {
    const auto found = players_.find(request.id);
    if (found == players_.end()) return;
    found->second.paused = request.paused;
    found->second.resuming = true;
}

void RtmpConnection::post_revoked(rtmp::RequestId id, Error reason) {
    asio::post(executor(), [self = shared_from_this(), id, reason] {
        self->session_.end_publish(id, reason.message());
        self->end_publish(id, net::now());
        self->driver_->wake();
    });
}

void RtmpConnection::end_publish(rtmp::RequestId id, TimePoint now) {
    const auto ended = published_.extract(id);
    if (ended.empty()) return;
    shared_->log.info("publish ended", {{"peer", peer_}, {"stream", ended.mapped()->path()}});
    ended.mapped()->end(now);
}

void RtmpConnection::end_play(rtmp::RequestId id) {
    const auto ended = players_.extract(id);
    if (ended.empty()) return;
    shared_->log.info("play ended", {{"peer", peer_}, {"stream", ended.mapped().path}});
}

bool RtmpConnection::Player::takes(const MediaEvent& event) {
    if (const auto* info = std::get_if<TrackInfo>(&event)) {
        if (info->kind == TrackKind::video && !video) video = info->id;
    }
    const auto* packet = std::get_if<Packet>(&event);
    if (packet == nullptr) return true;
    if (paused) return false;
    if (resuming && video) resuming = !(packet->track == *video && packet->key_frame);
    return !resuming || !video;
}

void RtmpConnection::feed_players() {
    for (auto it = players_.begin(); it != players_.end();) {
        const auto id = it->first;
        auto& player = it->second;
        ++it;  // feeding may end this player
        feed(id, player);
    }
}

void RtmpConnection::feed(rtmp::RequestId id, Player& player) {
    while (session_.unsent_bytes() < shared_->config.max_unsent_bytes) {
        const auto queued = player.subscriber->poll();
        if (!queued) {
            if (const auto reason = player.subscriber->closed_reason()) give_up(id, *reason);
            return;
        }
        if (std::holds_alternative<EndOfStream>(queued->event())) {
            session_.end_play(id, "the publisher has ended the stream");
            return end_play(id);
        }
        if (!player.takes(queued->event())) continue;
        if (const auto* encoded = queued->encoded()) session_.send(id, *encoded);
    }
}

void RtmpConnection::give_up(rtmp::RequestId id, const Error& reason) {
    shared_->log.warn("player given up", {{"peer", peer_}, {"reason", reason.message()}});
    session_.end_play(id, reason.message());
    end_play(id);
    driver_->shut_down(reason);
}

}  // namespace streamkit
