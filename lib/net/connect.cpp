#include "streamkit/net/connect.hpp"

#include <charconv>
#include <tuple>
#include <utility>
#include <vector>

#include "streamkit/net/errc.hpp"
#include "streamkit/net/timer.hpp"

namespace streamkit::net {
namespace {

Task<std::vector<tcp::endpoint>> resolve(std::string host, std::uint16_t port, TimePoint deadline) {
    std::error_code code;
    const auto address = asio::ip::make_address(host, code);
    if (!code) co_return std::vector<tcp::endpoint>(1, tcp::endpoint(address, port));

    const auto executor = co_await asio::this_coro::executor;
    tcp::resolver resolver(executor);
    bool too_late = false;
    Timer timer(executor);
    timer.start(deadline, [&] {
        too_late = true;
        resolver.cancel();
    });
    const auto service = std::to_string(port);
    const auto resolved =
        co_await resolver.async_resolve(host, service, as_tuple(asio::use_awaitable));
    if (too_late) co_return Error{Errc::timed_out, "resolve"};
    if (std::get<0>(resolved)) co_return to_error(std::get<0>(resolved), "resolve");

    std::vector<tcp::endpoint> endpoints;
    for (const auto& entry : std::get<1>(resolved))
        endpoints.push_back(entry.endpoint());
    co_return std::move(endpoints);
}

Task<tcp::socket> connect_to(tcp::endpoint endpoint, TimePoint deadline) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::socket socket(executor);
    bool too_late = false;
    Timer timer(executor);
    timer.start(deadline, [&] {
        too_late = true;
        std::error_code ignored;
        socket.close(ignored);
    });
    const auto connected = co_await socket.async_connect(endpoint, as_tuple(asio::use_awaitable));
    if (too_late) co_return Error{Errc::timed_out, "connect"};
    if (std::get<0>(connected)) co_return to_error(std::get<0>(connected), "connect");

    std::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    co_return std::move(socket);
}

}  // namespace

Task<tcp::socket> connect(std::string host, std::uint16_t port, std::chrono::milliseconds timeout) {
    const TimePoint deadline = now() + timeout;
    const auto endpoints = co_await resolve(std::move(host), port, deadline);
    if (!endpoints) co_return endpoints.error();

    Error last{Errc::unknown_host, "connect"};
    for (const auto& endpoint : *endpoints) {
        auto socket = co_await connect_to(endpoint, deadline);
        if (socket) co_return std::move(*socket);
        last = socket.error();
        if (last.code == Errc::timed_out || last.code == Errc::interrupted) break;
    }
    co_return last;
}

}  // namespace streamkit::net
