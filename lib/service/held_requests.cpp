#include "held_requests.hpp"

#include <utility>

namespace streamkit {

void HeldRequests::hold(const std::string& name, std::shared_ptr<HttpExchange> exchange,
                        std::chrono::milliseconds limit) {
    const auto* key = exchange.get();
    // The pending wait owns the timer, so that both go with the event loop.
    auto timer = std::make_shared<asio::steady_timer>(exchange->executor(), limit);
    const auto give_up_now = [self = weak_from_this(), name, key] {
        if (const auto alive = self.lock()) alive->give_up(name, key);
    };
    timer->async_wait([timer, give_up_now](const std::error_code& code) {
        if (!code) give_up_now();
    });
    exchange->on_gone([timer, give_up_now] {
        timer->cancel();
        give_up_now();
    });
    const std::lock_guard lock{mutex_};
    waiting_.emplace(name, std::move(exchange));
}

void HeldRequests::release(const std::string& name) {
    const std::lock_guard lock{mutex_};
    const auto [first, last] = waiting_.equal_range(name);
    for (auto it = first; it != last; ++it)
        post_answer(std::move(it->second), name);
    waiting_.erase(first, last);
}

void HeldRequests::release_all() {
    const std::lock_guard lock{mutex_};
    for (auto& [name, exchange] : waiting_)
        post_answer(std::move(exchange), name);
    waiting_.clear();
}

void HeldRequests::give_up(const std::string& name, const HttpExchange* exchange) {
    const std::lock_guard lock{mutex_};
    const auto [first, last] = waiting_.equal_range(name);
    for (auto it = first; it != last; ++it) {
        if (it->second.get() != exchange) continue;
        post_answer(std::move(it->second), name);
        waiting_.erase(it);
        return;
    }
}

void HeldRequests::post_answer(std::shared_ptr<HttpExchange> exchange, std::string name) const {
    auto executor = exchange->executor();
    asio::post(executor, [answer = answer_, exchange = std::move(exchange),
                          name = std::move(name)] { answer(exchange, name); });
}

}  // namespace streamkit
