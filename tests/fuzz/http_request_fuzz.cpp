// A server connection that is fed in pieces, answers in several ways, and must come to the same
// requests as one that gets all bytes at once.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "streamkit/http/server_connection.hpp"

namespace {

using namespace streamkit;

struct Server {
    http::ServerConnection connection{http::ServerConfig{}, TimePoint{}, WallTime{}};
    std::string requests;
    std::uint8_t version_minor = 1;
    bool failed = false;

    void feed(BytesView bytes) {
        if (!connection.handle_input(bytes, TimePoint{})) failed = true;
        drain();
    }
    void drain() {
        do {
            while (const auto event = connection.poll_event())
                note(*event);
            send();
        } while (resume());
    }
    void note(const http::ServerEvent& event) {
        if (const auto* request = std::get_if<http::Request>(&event)) {
            requests += request->head.target.path + '\n';
            version_minor = request->head.version_minor;
        } else if (const auto* body = std::get_if<http::BodyData>(&event)) {
            requests += as_text(body->bytes);
        } else if (const auto* complete = std::get_if<http::RequestComplete>(&event)) {
            requests += "\nend\n";
            answer(complete->id);
        }
    }
    /// Lets the connection read on where it had held input back.
    bool resume() {
        if (failed || connection.next_timeout() != TimePoint{}) return false;
        if (!connection.handle_timeout(TimePoint{})) failed = true;
        return true;
    }
    void answer(http::RequestId id) {
        // A stream to HTTP/1.0 ends the connection, and with it requests that were read already.
        if (id % 2 == 0 || version_minor == 0) {
            connection.respond(id, {200, {}}, {SharedBuffer::copy_of(as_bytes("hello"))});
        } else if (connection.respond_streaming(id, {200, {}})) {
            connection.append(id, SharedBuffer::copy_of(as_bytes("hello")));
            connection.finish(id);
        }
    }
    void send() {
        std::size_t bytes = 0;
        for (const auto& slice : connection.pending_output())
            bytes += slice.size();
        connection.consume_output(bytes);
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = data[0] % 16 + 1;
    const BytesView input{data + 1, size - 1};

    Server at_once;
    at_once.feed(input);
    Server in_pieces;
    for (std::size_t at = 0; at < input.size(); at += step) {
        in_pieces.feed(input.subspan(at, std::min(step, input.size() - at)));
    }
    // Where the input fails, how much of a last body came before that depends on the pieces.
    if (at_once.failed != in_pieces.failed) std::abort();
    if (!at_once.failed && at_once.requests != in_pieces.requests) std::abort();
    static_cast<void>(at_once.connection.handle_end_of_input(TimePoint{}));
    at_once.drain();
    return 0;
}
