#include "streamkit/net/connect.hpp"

#include "loopback.hpp"
#include "streamkit/net/errc.hpp"
#include "support/catch.hpp"

namespace streamkit::net {

using namespace std::chrono_literals;

TEST_CASE("connect reaches a listener by address and by name", "[net][connect]") {
    Runtime runtime;
    tcp::acceptor acceptor(runtime.shard(0), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto port = acceptor.local_endpoint().port();
    for (const std::string host : {"127.0.0.1", "localhost"}) {
        CAPTURE(host);
        auto socket = runtime.run(connect(host, port, test::kGenerous));
        REQUIRE(socket);
        CHECK(socket->remote_endpoint().port() == port);
        tcp::no_delay no_delay;
        socket->get_option(no_delay);
        CHECK(no_delay.value());
    }
}

TEST_CASE("connect says why it failed", "[net][connect]") {
    Runtime runtime;
    std::uint16_t free_port = 0;
    {
        tcp::acceptor acceptor(runtime.shard(0),
                               tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        free_port = acceptor.local_endpoint().port();
    }
    auto refused = runtime.run(connect("127.0.0.1", free_port, test::kGenerous));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::connection_refused);

    auto unknown = runtime.run(connect("no such host", 1, test::kGenerous));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == Errc::unknown_host);
}

TEST_CASE("connect gives up after its timeout", "[net][connect]") {
    // A listener whose queue is full answers no more: Linux drops the SYN.
    Runtime runtime;
    tcp::acceptor acceptor(runtime.shard(0));
    acceptor.open(tcp::v4());
    acceptor.bind(tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    acceptor.listen(0);
    std::vector<tcp::socket> filling;
    for (int i = 0; i < 4; ++i) {
        filling.emplace_back(runtime.shard(0));
        filling.back().async_connect(acceptor.local_endpoint(), [](const std::error_code&) {});
    }
    auto late = runtime.run(connect("127.0.0.1", acceptor.local_endpoint().port(), 10ms));
    REQUIRE_FALSE(late);
    CHECK(late.error().code == Errc::timed_out);
}

}  // namespace streamkit::net
