#pragma once

// One request and its answer.

#include <functional>
#include <memory>
#include <string>

#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/http/message.hpp"
#include "streamkit/net/asio.hpp"

namespace streamkit {

/// A request that has come in full, and the way to answer it: at once, later, or bit by bit, from
/// any thread. One that is dropped without an answer is answered with 500.
///
/// It is shared: the connection holds it as long as it lives, and so does whoever answers later.
class HttpExchange {
public:
    virtual ~HttpExchange() = default;

    [[nodiscard]] const http::RequestHead& head() const noexcept { return head_; }
    /// At most as long as the server's limit allows.
    [[nodiscard]] BytesView body() const noexcept { return body_; }
    /// The client's address and port, for logs.
    [[nodiscard]] const std::string& peer() const noexcept { return peer_; }
    /// Where the connection lives.
    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }

    /// Answers. For HEAD give what GET would get. A second answer is ignored.
    virtual void respond(http::Response response) = 0;

    /// Begins an answer whose body follows by `append`. These three take effect after the caller has
    /// returned, so they may be called with a lock held.
    virtual void begin_stream(http::ResponseHead head) = 0;
    virtual void append(SharedBuffer bytes) = 0;
    /// The clean end of the body.
    virtual void finish() = 0;
    /// Calls back on the connection's thread when the client has gone before the answer was
    /// complete; at once where it is gone already. Replaces an earlier callback.
    virtual void on_gone(std::function<void()> callback) = 0;

protected:
    HttpExchange(http::RequestHead head, std::string peer, asio::any_io_executor executor)
        : head_(std::move(head)), peer_(std::move(peer)), executor_(std::move(executor)) {}

    http::RequestHead head_;
    Bytes body_;

private:
    std::string peer_;
    asio::any_io_executor executor_;
};

}  // namespace streamkit
