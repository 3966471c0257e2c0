#pragma once

// Requests for a file that is being made: held until it is there.

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "streamkit/service/http_exchange.hpp"

namespace streamkit {

/// Holds requests by the name of the file they wait for. From any thread; an answer that comes too
/// late for its client is dropped by the exchange.
class HeldRequests : public std::enable_shared_from_this<HeldRequests> {
public:
    /// Answers a request whose wait is over: the file is there, or will not come. Called on the
    /// request's thread, never from within a call of this class.
    using Answer =
        std::function<void(const std::shared_ptr<HttpExchange>& exchange, const std::string& name)>;

    explicit HeldRequests(Answer answer) : answer_(std::move(answer)) {}

    /// @param limit  how long at most
    void hold(const std::string& name, std::shared_ptr<HttpExchange> exchange,
              std::chrono::milliseconds limit);
    /// Ends the wait of all who wait for this file.
    void release(const std::string& name);
    /// Ends every wait.
    void release_all();

private:
    using Waiting = std::unordered_multimap<std::string, std::shared_ptr<HttpExchange>>;

    void give_up(const std::string& name, const HttpExchange* exchange);
    void post_answer(std::shared_ptr<HttpExchange> exchange, std::string name) const;

    const Answer answer_;
    std::mutex mutex_;
    Waiting waiting_;
};

}  // namespace streamkit
