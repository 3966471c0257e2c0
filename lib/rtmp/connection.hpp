#pragma once

// What both sides of a connection do alike: handshake, chunks, acknowledgements, pings, timeouts.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "output_queue.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/rtmp/chunk_reader.hpp"
#include "streamkit/rtmp/chunk_writer.hpp"
#include "streamkit/rtmp/command.hpp"
#include "streamkit/rtmp/encoded_message.hpp"
#include "streamkit/rtmp/handshake.hpp"
#include "streamkit/rtmp/message.hpp"

namespace streamkit::rtmp {

struct ConnectionConfig {
    ChunkLimits chunks;
    std::optional<std::chrono::milliseconds> handshake_timeout;
    std::optional<std::chrono::milliseconds> ping_after;
    std::optional<std::chrono::milliseconds> idle_timeout;
};

class Connection {
public:
    using Handshake = std::variant<ServerHandshake, ClientHandshake>;

    Connection(Handshake handshake, const ConnectionConfig& config, TimePoint now);

    /// Takes bytes from the front of `input` until there is a message for the session, or all are
    /// taken. Acknowledgements, window sizes and pings are dealt with here.
    Result<std::optional<Message>> read(BytesView& input, TimePoint now);
    [[nodiscard]] bool handshake_done() const noexcept { return handshake_ == nullptr; }

    void send(const Message& message);
    void send(const Command& command, std::uint32_t stream_id = 0) {
        send(command.message(stream_id));
    }
    /// Sends media that was cut into chunks before.
    void send(const EncodedMessage& message, std::uint32_t stream_id);
    /// @param size  1 to 0x7FFFFFFF
    void set_chunk_size(std::uint32_t size);
    /// Tells the peer after how many received bytes to acknowledge.
    void set_window(std::uint32_t window_bytes);

    Result<void> handle_timeout(TimePoint now);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;

    [[nodiscard]] std::span<const SharedBuffer> output() const noexcept { return output_.slices(); }
    [[nodiscard]] std::size_t output_bytes() const noexcept { return output_.size_bytes(); }
    void consume_output(std::size_t n) { output_.consume(n); }
    [[nodiscard]] std::size_t held_bytes() const noexcept {
        return reader_.held_bytes() + output_.size_bytes();
    }

private:
    Result<void> read_handshake(BytesView& input);
    Result<bool> handle_control(const Message& message);
    Result<void> handle_set_peer_bandwidth(const Message& message);
    void acknowledge();

    ConnectionConfig config_;
    TimePoint begin_;
    TimePoint last_input_;
    bool ping_sent_ = false;                // since the last input
    std::unique_ptr<Handshake> handshake_;  // null once it is done
    ChunkReader reader_;
    ChunkWriter writer_;
    OutputQueue output_;

    std::uint64_t received_bytes_ = 0;  // of the chunk stream
    std::uint64_t acknowledged_bytes_ = 0;
    std::uint32_t peer_window_bytes_ = 0;  // 0: the peer did not ask for acknowledgements
    std::uint32_t window_bytes_ = 0;       // what the peer was told
    bool hard_limit_ = false;              // the last Set Peer Bandwidth was a hard one
};

}  // namespace streamkit::rtmp
