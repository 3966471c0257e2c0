// A client connection that gets an answer in pieces and at once.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "streamkit/http/client_connection.hpp"

namespace {

using namespace streamkit;

struct Client {
    http::ClientConnection connection{http::ClientConfig{.host = "a"}};
    std::string answers;
    bool failed = false;

    explicit Client(http::Method method) {
        if (!connection.request({.method = method}, TimePoint{})) std::abort();
        std::size_t bytes = 0;
        for (const auto& slice : connection.pending_output())
            bytes += slice.size();
        connection.consume_output(bytes);
    }
    void feed(BytesView bytes) {
        if (!connection.handle_input(bytes, TimePoint{})) failed = true;
        drain();
    }
    void drain() {
        while (const auto event = connection.poll_event()) {
            if (const auto* response = std::get_if<http::ResponseStarted>(&*event)) {
                answers += std::to_string(response->head.status) + '\n';
            } else if (const auto* body = std::get_if<http::ResponseData>(&*event)) {
                answers += as_text(body->bytes);
            } else {
                answers += "\nend\n";
            }
        }
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = data[0] % 16 + 1;
    const auto method = data[0] >= 128 ? http::Method::head : http::Method::get;
    const BytesView input{data + 1, size - 1};

    Client at_once{method};
    at_once.feed(input);
    Client in_pieces{method};
    for (std::size_t at = 0; at < input.size(); at += step) {
        in_pieces.feed(input.subspan(at, std::min(step, input.size() - at)));
    }
    // After an answer with `Connection: close` the rest is not looked at, in whole or in pieces.
    if (at_once.failed != in_pieces.failed) std::abort();
    if (!at_once.failed && at_once.answers != in_pieces.answers) std::abort();
    static_cast<void>(at_once.connection.handle_end_of_input(TimePoint{}));
    at_once.drain();
    return 0;
}
