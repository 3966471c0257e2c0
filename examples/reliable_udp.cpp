// A question and its echo over reliable UDP, encrypted: server and client in one program.
#include <cstdio>
#include <tuple>

#include <streamkit/crypto/system_random.hpp>
#include <streamkit/service/rudp_endpoint.hpp>
#include <streamkit/service/runtime.hpp>

namespace sk = streamkit;
namespace rudp = streamkit::rudp;

struct Peer : sk::RudpApplication {
    explicit Peer(sk::Runtime& owner) : runtime(owner) {}
    void on_event(rudp::Endpoint& endpoint, rudp::Event event, sk::TimePoint now) override {
        if (auto* in = std::get_if<rudp::Incoming>(&event)) endpoint.accept(in->link, now).value();
        if (auto* up = std::get_if<rudp::Connected>(&event); up && up->server_key) {  // the client
            auto& link = *endpoint.find(up->link);
            const auto stream = link.open_stream(rudp::StreamKind::both_ways).value();
            link.write(stream, sk::SharedBuffer::copy_of(sk::as_bytes("hello"))).value();
        } else if (auto* data = std::get_if<rudp::StreamReadable>(&event)) {
            auto& link = *endpoint.find(data->link);
            const auto text = sk::SharedBuffer::copy_of(link.readable(data->stream));
            link.consume(data->stream, text.size());
            if (endpoint.public_key()) return link.write(data->stream, text).value();  // the server
            std::printf("%s\n", std::string(sk::as_text(text)).c_str());
            runtime.stop();
        }
    }
    sk::Runtime& runtime;
};

int main() {
    sk::Runtime runtime;
    sk::crypto::SystemRandom random;
    sk::RudpServerConfig config{.listen = "127.0.0.1:0", .endpoint = {}};
    config.endpoint.core.static_key = sk::crypto::X25519PrivateKey::generate(random);
    sk::RudpServer server{runtime, config, [&](auto) { return std::make_shared<Peer>(runtime); }};
    server.start().value();
    const auto peer = std::make_shared<Peer>(runtime);
    const auto client = sk::RudpEndpoint::open(runtime.shard(0).get_executor(), {}, {}, peer);
    client.value()->post([&](rudp::Endpoint& core, sk::TimePoint now) {
        std::ignore = core.connect({sk::IpAddress::v4(0x7f000001), server.port()}, {}, now);
    });
    return runtime.run_until_signal();
}
