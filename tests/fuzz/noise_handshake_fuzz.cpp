// Handshake messages as both roles and patterns read them: the input itself, and a true message that
// the input changes, so that the fuzzer gets past the length checks and up to the tags.

#include <algorithm>
#include <cstdlib>

#include "streamkit/noise/handshake.hpp"

using namespace streamkit;
using namespace streamkit::noise;

namespace {

HandshakeConfig config_of(Pattern pattern, Role role) {
    HandshakeConfig config;
    config.pattern = pattern;
    config.role = role;
    if (role == Role::responder) {
        config.static_key = crypto::X25519PrivateKey::from(Bytes(32, 1)).value();
    }
    if (pattern == Pattern::nx_psk2) config.pre_shared_key = Key::copy_of(Bytes(32, 2)).value();
    return config;
}

/// A bad message must change nothing, a good one must be the last.
void read(Handshake& handshake, BytesView message) {
    const auto payload = handshake.read_message(message);
    if (payload && payload->size() > message.size()) std::abort();
    if (!payload && handshake.finished()) std::abort();
}

Bytes changed(Bytes message, BytesView input) {
    for (std::size_t i = 0; i < std::min(message.size(), input.size()); ++i)
        message[i] ^= input[i];
    return message;
}

void run(Pattern pattern, BytesView input) {
    SeededRandom random{1};
    auto initiator = Handshake::make(config_of(pattern, Role::initiator), random).value();
    auto responder = Handshake::make(config_of(pattern, Role::responder), random).value();
    const auto first =
        initiator.write_message(input.first(std::min<std::size_t>(input.size(), 64)));
    if (!first) std::abort();

    // A responder that takes whatever it can read, and answers it.
    auto victim = Handshake::make(config_of(pattern, Role::responder), random).value();
    read(victim, input);
    read(victim, changed(*first, input));
    static_cast<void>(victim.write_message(input.first(std::min<std::size_t>(input.size(), 64))));
    if (victim.finished() != victim.split().has_value()) std::abort();

    if (!responder.read_message(*first)) std::abort();
    const auto second = responder.write_message({});
    if (!second) std::abort();
    read(initiator, input);
    const auto answer = changed(*second, input);
    const bool same = answer == *second;
    read(initiator, answer);
    // Nobody without the keys makes an answer that is accepted.
    if (initiator.finished() != same) std::abort();
    if (!same && !initiator.read_message(*second)) std::abort();
    if (!(initiator.split().value().send == responder.split().value().receive)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    run(data[0] % 2 == 0 ? Pattern::nx : Pattern::nx_psk2, {data + 1, size - 1});
    return 0;
}
