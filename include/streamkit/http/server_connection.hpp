#pragma once

// The server's side of one HTTP/1.1 connection, without I/O.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/http/limits.hpp"
#include "streamkit/http/message.hpp"

namespace streamkit::http {

/// Names a request within its connection; they count up from 1.
using RequestId = std::uint64_t;

/// A head has come. Every request is answered with `respond`, or `respond_streaming` and `finish`,
/// or `abort`, at any time after this; the answers leave in the order of the requests.
struct Request {
    RequestId id = 0;
    RequestHead head;
};

/// A piece of a request's body. What comes after the end of the answer is dropped.
struct BodyData {
    RequestId id = 0;
    SharedBuffer bytes;
};

/// The request is here in full; also sent for a request without a body, but not after the end of
/// the answer.
struct RequestComplete {
    RequestId id = 0;
};

/// All that was appended to a streaming answer has left: time for more.
struct BodyDrained {
    RequestId id = 0;
};

/// The request will not be answered any more: its body was refused, or the connection is closed.
/// Calls that name it are ignored from now on.
struct RequestAborted {
    RequestId id = 0;
    Error error;
};

using ServerEvent = std::variant<Request, BodyData, RequestComplete, BodyDrained, RequestAborted>;

struct ServerConfig {
    Limits limits;
    /// Requests of one connection that may wait for their answers; input beyond is held back.
    std::size_t max_pipelined_requests = 16;
    /// For the whole head, from its first byte; answered with 408.
    std::chrono::milliseconds head_timeout = std::chrono::seconds{10};
    /// Between two pieces of a body; answered with 408.
    std::chrono::milliseconds body_timeout = std::chrono::seconds{30};
    /// Before the first request, and between requests, where it is found after one to two of
    /// these; the connection is closed without a word.
    std::chrono::milliseconds idle_timeout = std::chrono::seconds{60};
    /// For a peer that reads nothing of what waits for it; found after one to two of these.
    std::chrono::milliseconds send_timeout = std::chrono::seconds{30};
    /// Added to every answer, errors included, that has no field of the same name.
    Headers common_headers{};
};

/// Takes bytes of requests in, gives events out; takes answers in, gives bytes out.
///
/// Kept by the connection itself: the order of pipelined answers, keep-alive, the framing of
/// answers (Content-Length, chunked, or until close for HTTP/1.0), no body for HEAD, 1xx, 204 and
/// 304, `100 Continue`, and problem documents (RFC 9457) for requests that cannot be understood,
/// after which the connection is closed.
///
/// @see RFC 9112, and DESIGN.md 4 for the run-loop contract
class ServerConnection {
public:
    using Event = ServerEvent;

    /// @param now   when the connection was accepted
    /// @param wall  the same moment, for the Date of answers
    ServerConnection(ServerConfig config, TimePoint now, WallTime wall);
    ServerConnection(ServerConnection&&) noexcept;
    ServerConnection& operator=(ServerConnection&&) noexcept;
    ~ServerConnection();

    /// The time that answers are dated with; call it before input is handled or an answer given.
    void set_wall_time(WallTime wall) noexcept;

    /// @return why the connection is now closed: the answer that says so is in the output
    Result<void> handle_input(BytesView input, TimePoint now);
    /// The peer will send no more: what was asked is still answered, then the connection is closed.
    Result<void> handle_end_of_input(TimePoint now);
    Result<void> handle_timeout(TimePoint now);
    [[nodiscard]] std::optional<ServerEvent> poll_event();
    /// Valid until the next call that is not const.
    [[nodiscard]] std::span<const SharedBuffer> pending_output() const noexcept;
    void consume_output(std::size_t n);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;
    /// Input held back, bodies that were not polled, and answers that wait to be sent.
    [[nodiscard]] std::size_t held_bytes() const noexcept;
    /// Nothing more will come: close the socket once the output has left.
    [[nodiscard]] bool closed() const noexcept;

    /// Answers with a body whose length is known. For HEAD give what GET would get: the
    /// length is announced and the body is not sent.
    void respond(RequestId id, const ResponseHead& head, std::vector<SharedBuffer> body);
    void respond(RequestId id, Response response);

    /// Answers with a body that is appended bit by bit.
    ///
    /// @param content_length  the length of the body if it is known: sent without chunks then;
    ///                        an answer that ends short of it closes the connection
    /// @return whether a body is wanted. If not (HEAD, 204, 304, or the request is gone) the
    ///         answer is complete: `append` and `finish` have nothing to do
    bool respond_streaming(RequestId id, const ResponseHead& head,
                           std::optional<std::uint64_t> content_length = {});
    /// The bytes of one call make one chunk; empty ones are ignored. With a known length, the
    /// bytes beyond it are dropped.
    void append(RequestId id, SharedBuffer bytes);
    /// The clean end of a streaming answer.
    void finish(RequestId id);
    /// Ends an answer, and the connection, so that the peer sees it as incomplete.
    void abort(RequestId id);

    /// Bytes of this answer that have not left yet; 0 if there is no such answer.
    [[nodiscard]] std::size_t unsent_bytes(RequestId id) const noexcept;
    /// Takes no further request: answers those that are here, with `Connection: close`, then closes.
    void shut_down();

private:
    class Core;
    std::unique_ptr<Core> core_;
};

}  // namespace streamkit::http
