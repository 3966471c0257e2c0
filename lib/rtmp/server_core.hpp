#pragma once

// The state of a server session: its message streams, what runs on them, and who asked for it.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "streamkit/rtmp/server_session.hpp"

namespace streamkit::rtmp {

class ServerSession::Core {
public:
    Core(ServerConfig config, RandomSource& random, TimePoint now);

    Result<void> handle_input(BytesView input, TimePoint now);
    Result<void> handle_timeout(TimePoint now);
    std::optional<ServerEvent> poll_event();
    [[nodiscard]] const Connection& connection() const noexcept { return connection_; }
    void consume_output(std::size_t n) { connection_.consume_output(n); }
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;
    [[nodiscard]] bool closed() const noexcept { return closed_; }
    [[nodiscard]] const ServerStats& stats() const noexcept { return stats_; }

    void accept(RequestId id);
    void reject(RequestId id, std::string_view why);
    void send(RequestId play, const EncodedMessage& message);
    void end_play(RequestId id, std::string_view why);
    void end_publish(RequestId id, std::string_view why);
    void close();

private:
    enum class Use : std::uint8_t { idle, publish_requested, publishing, play_requested, playing };

    /// RTMP 1.0, 7.2.1.3: what createStream makes.
    struct MessageStream {
        std::uint32_t id = 0;
        Use use = Use::idle;
        RequestId request = 0;  // while it is not idle
        StreamName name;
        bool reset = true;  // of the play request
        std::optional<flv::TagDemuxer> demuxer;

        [[nodiscard]] bool publishes() const noexcept {
            return use == Use::publish_requested || use == Use::publishing;
        }
    };

    Result<void> handle_message(const Message& message);
    Result<void> handle_media(const Message& message);
    Result<void> handle_aggregate(const Message& message);

    // server_commands.cpp: one function per command
    using Handler = Result<void> (Core::*)(const Command&, std::uint32_t stream_id);
    static Handler find_handler(std::string_view name) noexcept;
    Result<void> handle_command(const Message& message);
    Result<void> handle_connect(const Command& command, std::uint32_t stream_id);
    Result<void> handle_release_stream(const Command& command, std::uint32_t stream_id);
    Result<void> handle_fc_publish(const Command& command, std::uint32_t stream_id);
    Result<void> handle_fc_unpublish(const Command& command, std::uint32_t stream_id);
    Result<void> handle_fc_subscribe(const Command& command, std::uint32_t stream_id);
    Result<void> handle_create_stream(const Command& command, std::uint32_t stream_id);
    Result<void> handle_delete_stream(const Command& command, std::uint32_t stream_id);
    Result<void> handle_close_stream(const Command& command, std::uint32_t stream_id);
    Result<void> handle_publish(const Command& command, std::uint32_t stream_id);
    Result<void> handle_play(const Command& command, std::uint32_t stream_id);
    Result<void> handle_play2(const Command& command, std::uint32_t stream_id);
    Result<void> handle_pause(const Command& command, std::uint32_t stream_id);
    Result<void> handle_seek(const Command& command, std::uint32_t stream_id);
    Result<void> handle_get_stream_length(const Command& command, std::uint32_t stream_id);
    Result<void> handle_check_bandwidth(const Command& command, std::uint32_t stream_id);
    Result<void> handle_silently(const Command& command, std::uint32_t stream_id);
    Result<void> request_play(MessageStream& stream, std::string_view name, PlayRequested request);

    void reply(const Command& call, amf::Value result = amf::Undefined{});
    void reply_error(const Command& call, std::string_view code, std::string_view description);
    void send_status(std::uint32_t stream_id, StatusLevel level, std::string_view code,
                     std::string_view description);
    /// Tells the client, and gives the error back to end the connection with.
    Error refuse(std::uint32_t stream_id, std::string_view code, Error error);
    Error fail(Error error);

    MessageStream* find_stream(std::uint32_t id) noexcept;
    MessageStream* find_request(RequestId id) noexcept;
    /// Emits what says that the use of a stream has ended, and makes it idle.
    void end_use(MessageStream& stream);
    void send_stream_eofs();
    void end_all();

    ServerConfig config_;
    Connection connection_;
    std::vector<MessageStream> streams_;
    std::deque<ServerEvent> events_;
    ServerStats stats_;
    AppName app_;
    RequestId last_request_ = 0;
    std::vector<std::uint32_t> eof_streams_;  // StreamEOF is still to be sent on these
    std::optional<TimePoint> eof_at_;         // when; known once the time is
    bool connected_ = false;
    bool told_why_ = false;  // the client knows why the connection is going to be closed
    bool closed_ = false;
};

}  // namespace streamkit::rtmp
