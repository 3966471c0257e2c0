#pragma once

// The client's side of one HTTP/1.1 connection, without I/O.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/http/limits.hpp"
#include "streamkit/http/message.hpp"

namespace streamkit::http {

/// A request as a client writes it.
struct ClientRequest {
    Method method = Method::get;
    std::string target = "/";  ///< origin form, percent-encoded: "/metadata?stream=live%2Fapp"
    Headers headers{};         ///< `Host` and `Content-Length` are added where they are missing
    std::vector<SharedBuffer> body{};
};

/// The head of the answer; 1xx answers are dropped.
struct ResponseStarted {
    ResponseHead head;
};

/// A piece of the answer's body, without the chunks' framing.
struct ResponseData {
    SharedBuffer bytes;
};

/// The answer is here in full; the next request may follow unless the connection is closed.
struct ResponseComplete {};

using ClientEvent = std::variant<ResponseStarted, ResponseData, ResponseComplete>;

struct ClientConfig {
    std::string host{};  ///< for the Host field: "example.org" or "localhost:8080"
    Limits limits{.max_body_bytes = 64 * 1024 * 1024};
    /// From the request to the head of its answer, and between two pieces of the body.
    std::chrono::milliseconds response_timeout = std::chrono::seconds{30};
};

/// One request at a time; keeps the connection open between them where the server does.
///
/// @see RFC 9112, and DESIGN.md 4 for the run-loop contract
class ClientConnection {
public:
    using Event = ClientEvent;

    explicit ClientConnection(ClientConfig config);
    ClientConnection(ClientConnection&&) noexcept;
    ClientConnection& operator=(ClientConnection&&) noexcept;
    ~ClientConnection();

    /// @return `Errc::busy` while the answer to the request before is not complete,
    ///         `Errc::aborted` if the connection is closed,
    ///         `Errc::malformed_head` for a line break or a control character in target or fields
    Result<void> request(ClientRequest request, TimePoint now);
    /// May `request` be called?
    [[nodiscard]] bool idle() const noexcept;

    Result<void> handle_input(BytesView input, TimePoint now);
    /// The server will send no more: an answer that runs until close is complete now.
    Result<void> handle_end_of_input(TimePoint now);
    Result<void> handle_timeout(TimePoint now);
    [[nodiscard]] std::optional<ClientEvent> poll_event();
    /// Valid until the next call that is not const.
    [[nodiscard]] std::span<const SharedBuffer> pending_output() const noexcept;
    void consume_output(std::size_t n);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;
    /// Heads in progress, bodies that were not polled, and requests that wait to be sent.
    [[nodiscard]] std::size_t held_bytes() const noexcept;
    [[nodiscard]] bool closed() const noexcept;

private:
    class Core;
    std::unique_ptr<Core> core_;
};

}  // namespace streamkit::http
