// The RTMP server's protocol alone, for a program with sockets and an event loop of its own: it
// needs streamkit::core only. Here the "network" is two variables, and both ends are ours.
#include <cstdio>

#include <streamkit/crypto/system_random.hpp>
#include <streamkit/rtmp/client_session.hpp>
#include <streamkit/rtmp/server_session.hpp>

namespace sk = streamkit;

template <class From, class To>
void deliver(From& from, To& to, sk::TimePoint now) {  // stands for send() and recv()
    std::size_t sent = 0;
    for (const auto& slice : from.pending_output()) {
        to.handle_input(slice, now).value();
        sent += slice.size();
    }
    from.consume_output(sent);
}

int main() {
    const sk::TimePoint now{};  // a core reads no clock
    sk::crypto::SystemRandom random;
    auto config =
        sk::rtmp::ClientConfig::for_url("rtmp://h/live/key", sk::rtmp::ClientRole::publish);
    sk::rtmp::ClientSession client{config.value(), random, now};
    sk::rtmp::ServerSession server{{}, random, now};

    bool publishing = false;
    while (!publishing) {
        deliver(client, server, now);
        while (auto event = server.poll_event()) {
            if (auto* e = std::get_if<sk::rtmp::PublishRequested>(&*event)) server.accept(e->id);
        }
        deliver(server, client, now);
        while (auto event = client.poll_event()) {
            publishing |= std::holds_alternative<sk::rtmp::Publishing>(*event);
        }
    }
    std::puts("the server takes the stream");
}
