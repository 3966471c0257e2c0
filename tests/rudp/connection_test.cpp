#include "streamkit/rudp/connection.hpp"

#include "pair.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp::test {
namespace {

TEST_CASE("a connection carries a stream from end to end", "[rudp][connection]") {
    Pair pair;
    REQUIRE(pair.establish());
    const auto data = pattern(3'000'000);
    auto& client = pair.at_client();
    const auto stream = client.open_stream(StreamKind::both_ways).value();
    REQUIRE(client.write(stream, SharedBuffer::copy_of(data)));
    REQUIRE(client.finish(stream));
    REQUIRE(pair.run_until_true([&] { return pair.client_has<StreamDelivered>(); }));
    CHECK(pair.received[{true, stream}] == data);
    CHECK(pair.at_server().at_end(stream));
    CHECK(Pair::count<StreamOpened>(pair.server_events) == 1);
    const auto stats = client.stats();
    CHECK(stats.packets_lost == 0);
    CHECK(stats.stream_bytes_sent == data.size());
    CHECK(stats.stream_bytes_resent == 0);
    CHECK(pair.at_server().stats().stream_bytes_received == data.size());
}

}  // namespace
}  // namespace streamkit::rudp::test
