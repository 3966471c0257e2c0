#pragma once

// Messages on their way in: joining their parts, with the help of repair symbols.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "frame.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"

namespace streamkit::rudp {

class MessageReceiver {
public:
    struct Config {
        std::uint64_t max_message_bytes = 0;
        std::uint64_t buffer_bytes =
            0;  ///< of incomplete messages and FEC blocks: the oldest go first
    };
    struct Message {
        MessageId id = 0;
        std::uint8_t channel = 0;
        std::uint64_t sent_at_us = 0;
        SharedBuffer payload{};
        bool recovered = false;
    };
    struct Dropped {
        MessageId first = 0;
        MessageId last = 0;
    };

    explicit MessageReceiver(Config config);
    ~MessageReceiver();

    /// @return `Errc::message_too_long`, `Errc::invalid_message`, `Errc::invalid_fec`
    Result<void> receive(const MessageFrame& frame, TimePoint now);
    /// @return `Errc::invalid_fec`
    Result<void> receive(const FecFrame& frame, TimePoint now);
    /// @return `Errc::invalid_drop`
    Result<void> receive(const DropFrame& frame);

    [[nodiscard]] std::optional<Message> poll_message();
    [[nodiscard]] std::optional<Dropped> poll_dropped();
    /// To be sent to the peer: parts that need not be sent again.
    [[nodiscard]] std::optional<FecRecoveredFrame> poll_recovered();
    /// Forgets parts whose message can no longer be in time.
    void handle_timeout(TimePoint now);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;
    [[nodiscard]] std::size_t held_bytes() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace streamkit::rudp
