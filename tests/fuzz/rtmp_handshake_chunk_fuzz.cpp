// A server session fed with raw bytes, from the first one and behind a completed handshake, in pieces
// whose size the first byte gives. Every publisher and player is accepted.

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "streamkit/rtmp/handshake.hpp"
#include "streamkit/rtmp/server_session.hpp"

using namespace streamkit;

namespace {

constexpr TimePoint kNow = TimePoint{} + std::chrono::hours{1};

void drain(rtmp::ServerSession& session) {
    while (auto event = session.poll_event()) {
        if (const auto* publish = std::get_if<rtmp::PublishRequested>(&*event)) {
            session.accept(publish->id);
        } else if (const auto* play = std::get_if<rtmp::PlayRequested>(&*event)) {
            session.accept(play->id);
        }
    }
    std::size_t unsent = 0;
    for (const auto& slice : session.pending_output())
        unsent += slice.size();
    if (unsent != session.unsent_bytes()) std::abort();
    session.consume_output(unsent);
}

void feed(rtmp::ServerSession& session, BytesView input, std::size_t piece) {
    while (!input.empty() && !session.closed()) {
        const auto n = std::min(piece, input.size());
        if (!session.handle_input(input.first(n), kNow) && !session.closed()) std::abort();
        // Beside messages in progress there are the answers to this piece.
        if (session.held_bytes() > rtmp::ChunkLimits{}.max_held_bytes + (1U << 22)) std::abort();
        drain(session);
        input = input.subspan(n);
    }
    static_cast<void>(session.handle_timeout(kNow + std::chrono::hours{1}));
    drain(session);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = data[0] == 0 ? SIZE_MAX : data[0];
    const BytesView input{data + 1, size - 1};

    SeededRandom random{1};
    rtmp::ServerSession raw{{}, random, kNow};
    feed(raw, input, piece);

    Bytes handshake(1 + 2 * rtmp::kHandshakeBytes, 0);
    handshake[0] = 3;
    rtmp::ServerSession behind_handshake{{}, random, kNow};
    if (!behind_handshake.handle_input(handshake, kNow)) std::abort();
    drain(behind_handshake);
    feed(behind_handshake, input, piece);
    return 0;
}
