#pragma once

// A server connection with its clock, and what tests ask it.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "streamkit/http/server_connection.hpp"
#include "support/bytes.hpp"

namespace streamkit::http::test {

using namespace std::chrono_literals;

/// Sun, 06 Nov 1994 08:49:37 GMT
inline constexpr WallTime kWall{784111777s};

/// What came out of a connection, in words; body pieces in a row are joined, so that two ways of
/// cutting the input give the same text.
class Transcript {
public:
    void add(const ServerEvent& event);
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
    bool in_body_ = false;
};

inline void Transcript::add(const ServerEvent& event) {
    if (const auto* data = std::get_if<BodyData>(&event)) {
        if (!std::exchange(in_body_, true)) text_ += "body " + std::to_string(data->id) + ": ";
        text_ += as_text(data->bytes);
        return;
    }
    if (std::exchange(in_body_, false)) text_ += '\n';
    if (const auto* request = std::get_if<Request>(&event)) {
        text_ += "request " + std::to_string(request->id) + ": ";
        text_ += to_string(request->head.method);
        text_ += " " + request->head.target.path + " ?" + request->head.target.query + " 1." +
                 std::to_string(request->head.version_minor);
        for (const auto& field : request->head.headers) {
            text_ += " [" + field.name + "=" + field.value + "]";
        }
        text_ += '\n';
    } else if (const auto* complete = std::get_if<RequestComplete>(&event)) {
        text_ += "complete " + std::to_string(complete->id) + "\n";
    } else if (const auto* drained = std::get_if<BodyDrained>(&event)) {
        text_ += "drained " + std::to_string(drained->id) + "\n";
    } else if (const auto* aborted = std::get_if<RequestAborted>(&event)) {
        text_ +=
            "aborted " + std::to_string(aborted->id) + ": " + aborted->error.code.message() + "\n";
    }
}

/// A connection that was accepted at the time point 0 and is driven by hand.
struct Server {
    explicit Server(ServerConfig config = {}) : connection(std::move(config), now, kWall) {}

    Result<void> receive(std::string_view text) {
        return connection.handle_input(as_bytes(text), now);
    }
    /// All that waits to be sent, taken as sent.
    std::string sent() {
        std::string text;
        for (const auto& slice : connection.pending_output())
            text += as_text(slice);
        connection.consume_output(text.size());
        return text;
    }
    /// All events since the last call, in words.
    std::string events() {
        Transcript transcript;
        while (const auto event = connection.poll_event())
            transcript.add(*event);
        return transcript.text();
    }
    /// Lets the time pass, waking the connection whenever it asks for it.
    Result<void> wait(std::chrono::milliseconds time) {
        const auto end = now + time;
        while (const auto timeout = connection.next_timeout()) {
            if (*timeout > end) break;
            now = std::max(now, *timeout);
            if (auto result = connection.handle_timeout(now); !result) return result;
        }
        now = end;
        return {};
    }
    void respond(RequestId id, std::string_view body) {
        connection.respond(id, {200, {{"Content-Type", "text/plain"}}},
                           {SharedBuffer::copy_of(as_bytes(body))});
    }

    TimePoint now{};
    ServerConnection connection;
};

/// An answer as the server writes it.
inline std::string answer(std::string_view status, std::string_view fields, std::string_view body) {
    std::string text = "HTTP/1.1 ";
    text += status;
    text += "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    text += fields;
    text += "\r\n";
    text += body;
    return text;
}

/// The answer of `Server::respond`.
inline std::string plain_answer(std::string_view body, std::string_view connection = "") {
    return answer("200 OK",
                  "Content-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
                      "\r\n" + std::string{connection},
                  body);
}

}  // namespace streamkit::http::test
