#pragma once

// The messages that are posted while the media is pushed.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "json_poster.hpp"
#include "streamkit/base/log.hpp"
#include "streamkit/net/timer.hpp"

namespace streamkit::push {

struct MessagesConfig {
    std::string stream;  ///< "app/key", named in each document
    std::chrono::milliseconds every{500};
    std::uint64_t count = 99;
    std::string text = "message {n}";  ///< `{n}` is the number, from 1
    Logger log = {};
};

/// `message 7` out of `message {n}`.
[[nodiscard]] std::string expand(std::string_view text, std::uint64_t number);

/// Posts message after message beside the coroutine that pushes. One that the server does not take
/// is posted again: it may not know the stream yet.
class Messages {
public:
    Messages(JsonPoster poster, MessagesConfig config, const asio::any_io_executor& executor);
    /// What is being posted is abandoned.
    ~Messages();
    Messages(const Messages&) = delete;
    Messages& operator=(const Messages&) = delete;

    /// Begins; the second and later calls do nothing.
    void start();
    /// Ends after the message that is being posted, for which it waits a little.
    net::Task<> stop();

    [[nodiscard]] std::uint64_t posted() const noexcept;

private:
    struct State;
    static net::Task<> run(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;  // shared with the coroutine that posts
};

}  // namespace streamkit::push
