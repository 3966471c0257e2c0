#include "connection.hpp"

#include <algorithm>
#include <utility>

#include "streamkit/base/assert.hpp"

namespace streamkit::rtmp {

Connection::Connection(Handshake handshake, const ConnectionConfig& config, TimePoint now)
    : config_(config),
      begin_(now),
      last_input_(now),
      handshake_(std::make_unique<Handshake>(std::move(handshake))),
      reader_(config.chunks) {
    output_.push(
        std::visit([](auto& h) { return SharedBuffer::take(h.take_output()); }, *handshake_));
}

Result<std::optional<Message>> Connection::read(BytesView& input, TimePoint now) {
    if (!input.empty()) {
        last_input_ = now;
        ping_sent_ = false;
    }
    if (handshake_) STREAMKIT_TRY(read_handshake(input));
    if (handshake_) return std::optional<Message>{};
    while (true) {
        const auto before = input.size();
        auto message = reader_.read(input);
        received_bytes_ += before - input.size();
        if (!message) return message.error();
        if (!*message) {
            acknowledge();
            return std::optional<Message>{};
        }
        const auto handled = handle_control(**message);
        if (!handled) return handled.error();
        if (!*handled) return message;
    }
}

Result<void> Connection::read_handshake(BytesView& input) {
    bool done = false;
    const auto result = std::visit(
        [&](auto& handshake) {
            auto outcome = handshake.handle_input(input);
            output_.push(SharedBuffer::take(handshake.take_output()));
            done = handshake.done();
            return outcome;
        },
        *handshake_);
    if (done) handshake_.reset();
    return result;
}

// Gives false for what the session has to deal with.
Result<bool> Connection::handle_control(const Message& message) {
    switch (message.type) {
        case MessageType::acknowledgement: {
            const auto sequence_number = read_number(message);
            if (!sequence_number) return sequence_number.error();
            return true;  // TCP keeps the pace; nothing waits for this
        }
        case MessageType::window_acknowledgement_size: {
            const auto window_bytes = read_number(message);
            if (!window_bytes) return window_bytes.error();
            peer_window_bytes_ = *window_bytes;
            return true;
        }
        case MessageType::set_peer_bandwidth:
            STREAMKIT_TRY(handle_set_peer_bandwidth(message));
            return true;
        case MessageType::user_control: {
            const auto event = UserControl::read(message);
            if (!event) return event.error();
            if (*event && (*event)->type == UserControl::Type::ping_request) {
                send(UserControl{UserControl::Type::ping_response, (*event)->number}.message());
                return true;
            }
            return !*event || (*event)->type == UserControl::Type::ping_response;
        }
        default:
            return false;
    }
}

// RTMP 1.0, 5.4.5: the answer is our Window Acknowledgement Size, if it changes.
Result<void> Connection::handle_set_peer_bandwidth(const Message& message) {
    using LimitType = SetPeerBandwidth::LimitType;
    const auto bandwidth = SetPeerBandwidth::read(message);
    if (!bandwidth) return bandwidth.error();
    auto window_bytes = bandwidth->window_bytes;
    if (bandwidth->limit == LimitType::dynamic && !hard_limit_) return {};
    if (bandwidth->limit == LimitType::soft && window_bytes_ != 0) {
        window_bytes = std::min(window_bytes, window_bytes_);
    }
    hard_limit_ = bandwidth->limit != LimitType::soft;
    if (window_bytes != window_bytes_) set_window(window_bytes);
    return {};
}

// At half a window, so that a peer that stops at a full one never has to.
void Connection::acknowledge() {
    if (peer_window_bytes_ == 0) return;
    if (received_bytes_ - acknowledged_bytes_ < std::max(1U, peer_window_bytes_ / 2)) return;
    acknowledged_bytes_ = received_bytes_;
    // 5.4.3: the sequence number is the number of bytes received so far, in 32 bits.
    send(number_message(MessageType::acknowledgement, static_cast<std::uint32_t>(received_bytes_)));
}

void Connection::send(const Message& message) {
    auto chunks = writer_.write(message);
    STREAMKIT_ASSERT(chunks.has_value());  // our own messages are short
    if (chunks) output_.push(*std::move(chunks));
}

void Connection::send(const EncodedMessage& message, std::uint32_t stream_id) {
    if (message.chunk_size() != writer_.chunk_size()) set_chunk_size(message.chunk_size());
    output_.push(message.first_slice_for(stream_id));
    for (const auto& slice : message.slices().subspan(1))
        output_.push(slice);
}

void Connection::set_chunk_size(std::uint32_t size) {
    auto announcement = writer_.set_chunk_size(size);
    STREAMKIT_ASSERT(announcement.has_value());
    if (announcement) output_.push(*std::move(announcement));
}

void Connection::set_window(std::uint32_t window_bytes) {
    window_bytes_ = window_bytes;
    send(number_message(MessageType::window_acknowledgement_size, window_bytes));
}

Result<void> Connection::handle_timeout(TimePoint now) {
    if (handshake_) {
        if (config_.handshake_timeout && now >= begin_ + *config_.handshake_timeout) {
            return Error{Errc::handshake_timeout, "handshake"};
        }
        return {};
    }
    if (config_.idle_timeout && now >= last_input_ + *config_.idle_timeout) {
        return Error{Errc::idle_timeout, "connection"};
    }
    if (config_.ping_after && !ping_sent_ && now >= last_input_ + *config_.ping_after) {
        ping_sent_ = true;
        const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - begin_);
        send(UserControl{UserControl::Type::ping_request, static_cast<std::uint32_t>(age.count())}
                 .message());
    }
    return {};
}

std::optional<TimePoint> Connection::next_timeout() const noexcept {
    if (handshake_) {
        if (!config_.handshake_timeout) return std::nullopt;
        return begin_ + *config_.handshake_timeout;
    }
    if (config_.ping_after && !ping_sent_) return last_input_ + *config_.ping_after;
    if (config_.idle_timeout) return last_input_ + *config_.idle_timeout;
    return std::nullopt;
}

}  // namespace streamkit::rtmp
