#pragma once

// The state of a client session: how far it has come on its way to publishing or playing.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "connection.hpp"
#include "streamkit/rtmp/client_session.hpp"

namespace streamkit::rtmp {

class ClientSession::Core {
public:
    Core(ClientConfig config, RandomSource& random, TimePoint now);

    Result<void> handle_input(BytesView input, TimePoint now);
    Result<void> handle_timeout(TimePoint now);
    std::optional<ClientEvent> poll_event();
    [[nodiscard]] const Connection& connection() const noexcept { return connection_; }
    void consume_output(std::size_t n) { connection_.consume_output(n); }
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;
    [[nodiscard]] bool closed() const noexcept { return state_ == State::closed; }

    Result<void> send(const MediaEvent& event);
    void close();
    void end() noexcept { state_ = State::closed; }

private:
    enum class State : std::uint8_t { handshake, connecting, creating, starting, running, closed };

    void send_connect();
    void send_create_stream();
    void send_publish();
    void send_play();
    double call(std::string_view name, std::vector<amf::Value> arguments,
                std::uint32_t stream_id = 0);

    Result<void> handle_message(const Message& message);
    Result<void> handle_command(const Message& message);
    Result<void> handle_result(const Command& command);
    Result<void> handle_status(const amf::Value& information);
    Result<void> handle_media(const Message& message);
    Result<void> handle_aggregate(const Message& message);
    Error refused(const amf::Value& information);
    void handle_stream_end(std::string description);

    ClientConfig config_;
    TimePoint begin_;
    Connection connection_;
    flv::TagDemuxer demuxer_;
    flv::TagMuxer muxer_;
    std::deque<ClientEvent> events_;
    State state_ = State::handshake;
    double last_transaction_ = 0;
    double connect_transaction_ = 0;
    double create_transaction_ = 0;
    std::uint32_t stream_id_ = 0;
};

}  // namespace streamkit::rtmp
