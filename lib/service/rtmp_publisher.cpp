#include "streamkit/service/rtmp_publisher.hpp"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "streamkit/amf/value.hpp"
#include "streamkit/amf/writer.hpp"
#include "streamkit/base/overloaded.hpp"
#include "streamkit/base/uri.hpp"
#include "streamkit/crypto/system_random.hpp"
#include "streamkit/net/connect.hpp"
#include "streamkit/net/stream_driver.hpp"
#include "streamkit/net/timer.hpp"
#include "streamkit/rtmp/client_session.hpp"
#include "streamkit/rtmp/errc.hpp"
#include "streamkit/service/errc.hpp"
#include "streamkit/version.hpp"

namespace streamkit {
namespace {

constexpr std::uint16_t kRtmpPort = 1935;

/// onMetaData as FLV 10.1, E.5 has it, as far as the tracks tell.
Metadata on_meta_data(std::span<const TrackInfo> tracks) {
    std::vector<amf::Property> fields;
    const auto number = [&](const char* name, double value) {
        if (value > 0) fields.push_back({name, value});
    };
    for (const auto& info : tracks) {
        if (info.kind == TrackKind::video) {
            number("width", info.video.width);
            number("height", info.video.height);
            number("framerate", info.video.frame_rate);
            if (info.codec == CodecId::h264) number("videocodecid", 7);
        } else {
            number("audiosamplerate", info.audio.sample_rate);
            number("audiochannels", info.audio.channels);
            if (info.codec == CodecId::aac) number("audiocodecid", 10);
            if (info.codec == CodecId::mp3) number("audiocodecid", 2);
        }
    }
    fields.push_back({"encoder", "streamkit/" + std::string{kVersion}});
    ByteWriter body;
    amf::write_value(body, amf::Value{amf::EcmaArray{std::move(fields)}});
    Metadata metadata;
    metadata.name = "onMetaData";
    metadata.time = {0, 1000};
    metadata.body = SharedBuffer::take(body.take());
    return metadata;
}

}  // namespace

/// Joins the client session to its socket and to the coroutines that wait for it.
class RtmpPublisher::Connection final : public net::StreamHandler {
public:
    Connection(rtmp::ClientConfig config, RtmpPublisherConfig limits,
               const asio::any_io_executor& executor)
        : limits_(std::move(limits)),
          log_(limits_.log, "rtmp"),
          session_(std::move(config), random_, net::now()),
          changed_(executor) {}

    // net::StreamHandler
    Result<void> handle_input(BytesView bytes, TimePoint now) override {
        auto result = session_.handle_input(bytes, now);
        take_events();
        return result;
    }
    Result<void> handle_timeout(TimePoint now) override {
        auto result = session_.handle_timeout(now);
        take_events();
        return result;
    }
    net::EndOfInput handle_end_of_input(TimePoint /*now*/) override {
        session_.handle_end_of_input();
        take_events();
        return net::EndOfInput::close;
    }
    std::span<const SharedBuffer> pending_output() const override {
        return session_.pending_output();
    }
    void consume_output(std::size_t n) override {
        session_.consume_output(n);
        changed_.notify();
    }
    std::optional<TimePoint> next_timeout() const override { return session_.next_timeout(); }
    // Output is bounded by `send`; it must not keep us from reading the server's answers.
    std::size_t held_bytes() const override {
        return session_.held_bytes() - session_.unsent_bytes();
    }
    bool closed() const override { return session_.closed(); }
    void on_closed(Error reason) override {
        ended_ = refused_ ? Error{ServiceErrc::refused_by_peer, "publish"} : reason;
        changed_.notify();
    }

    void on_released() override {
        released_ = true;
        changed_.notify();
    }

    void start(net::tcp::socket socket, const std::shared_ptr<Connection>& self) {
        net::StreamDriverConfig config;
        config.linger_timeout = limits_.goodbye_timeout;
        driver_ = net::StreamDriver::create(std::move(socket), config);
        driver_->start(self);
    }

    net::Task<> wait_until_publishing() {
        while (!publishing_ && !ended_) {
            auto waited = co_await changed_.wait();
            if (!waited) co_return waited;
        }
        if (ended_) co_return *ended_;
        co_return Result<void>{};
    }

    net::Task<> send(MediaEvent event) {
        while (!ended_ && session_.unsent_bytes() > limits_.max_unsent_bytes) {
            auto waited = co_await changed_.wait();
            if (!waited) co_return waited;
        }
        if (ended_) co_return *ended_;
        auto sent = session_.send(event);
        driver_->wake();
        co_return sent;
    }

    net::Task<> close() {
        if (ended_) co_return *ended_;
        session_.close();
        driver_->wake();
        // Closed by the peer too: whoever exits before would cut off what it has not read yet.
        while (!released_) {
            auto waited = co_await changed_.wait();
            if (!waited) co_return waited;
        }
        if (ended_->code == net::Errc::closed_here || ended_->code == net::Errc::peer_closed) {
            co_return Result<void>{};
        }
        co_return *ended_;
    }

    void abandon() {
        if (driver_ && !ended_) driver_->close(Error{net::Errc::closed_here, "publisher"});
    }

    [[nodiscard]] std::uint64_t bytes_sent() const { return driver_ ? driver_->bytes_out() : 0; }

private:
    void take_events() {
        while (auto event = session_.poll_event()) {
            std::visit(
                overloaded{
                    [&](const rtmp::Publishing&) { publishing_ = true; },
                    [&](const rtmp::Refused& e) {
                        refused_ = true;
                        log_.error("the server refused",
                                   {{"code", e.code}, {"description", e.description}});
                    },
                    [&](const rtmp::ReconnectRequested& e) {
                        log_.info("the server asks to reconnect", {{"description", e.description}});
                    },
                    [](const auto&) {},  // of players only
                },
                *event);
        }
        changed_.notify();
    }

    RtmpPublisherConfig limits_;
    Logger log_;
    crypto::SystemRandom random_;
    rtmp::ClientSession session_;
    net::Notifier changed_;
    std::shared_ptr<net::StreamDriver> driver_;  // which lets go of us when the socket is closed
    bool publishing_ = false;
    bool refused_ = false;
    std::optional<Error> ended_;
    bool released_ = false;
};

RtmpPublisher::RtmpPublisher(std::shared_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

RtmpPublisher::RtmpPublisher(RtmpPublisher&&) noexcept = default;

RtmpPublisher& RtmpPublisher::operator=(RtmpPublisher&& other) noexcept {
    std::swap(connection_, other.connection_);
    return *this;
}

RtmpPublisher::~RtmpPublisher() {
    if (connection_) connection_->abandon();
}

net::Task<RtmpPublisher> RtmpPublisher::connect(std::string url, RtmpPublisherConfig config) {
    auto session = rtmp::ClientConfig::for_url(url, rtmp::ClientRole::publish);
    if (!session) co_return session.error();
    auto uri = Uri::parse(url);
    if (!uri) co_return uri.error();
    if (uri->scheme != "rtmp") co_return Error{ServiceErrc::unsupported_scheme, "URL scheme"};
    session->setup_timeout = config.connect_timeout;

    const auto port = uri->port != 0 ? uri->port : kRtmpPort;
    const auto timeout = config.connect_timeout;
    auto socket = co_await net::connect(uri->host, port, timeout);
    if (!socket) co_return socket.error();

    const auto executor = socket->get_executor();
    auto connection =
        std::make_shared<Connection>(std::move(*session), std::move(config), executor);
    connection->start(std::move(*socket), connection);
    auto ready = co_await connection->wait_until_publishing();
    if (!ready) {
        connection->abandon();
        co_return ready.error();
    }
    co_return RtmpPublisher{std::move(connection)};
}

net::Task<> RtmpPublisher::announce(std::span<const TrackInfo> tracks) {
    auto metadata = MediaEvent{on_meta_data(tracks)};
    auto sent = co_await connection_->send(std::move(metadata));
    for (const auto& info : tracks) {
        if (!sent) break;
        auto event = MediaEvent{info};
        sent = co_await connection_->send(std::move(event));
    }
    co_return sent;
}

net::Task<> RtmpPublisher::send(MediaEvent event) {
    auto sent = co_await connection_->send(std::move(event));
    co_return sent;
}

net::Task<> RtmpPublisher::close() {
    auto closed = co_await connection_->close();
    co_return closed;
}

std::uint64_t RtmpPublisher::bytes_sent() const noexcept { return connection_->bytes_sent(); }

}  // namespace streamkit
