#include "streamkit/net/timer.hpp"

#include <tuple>
#include <utility>

#include "streamkit/net/errc.hpp"

namespace streamkit::net {

struct Timer::State {
    explicit State(const asio::any_io_executor& executor) : timer(executor) {}

    asio::steady_timer timer;
    std::function<void()> callback;
    std::uint64_t generation = 0;  // a wait of an earlier one has nothing to say any more
};

Timer::Timer(const asio::any_io_executor& executor) : state_(std::make_shared<State>(executor)) {}

Timer::~Timer() { cancel(); }

void Timer::start(TimePoint at, std::function<void()> callback) {
    state_->callback = std::move(callback);
    const auto generation = ++state_->generation;
    state_->timer.expires_at(at);
    state_->timer.async_wait([state = state_, generation](const std::error_code&) {
        if (state->generation != generation) return;
        const auto due = std::exchange(state->callback, {});
        due();
    });
}

void Timer::cancel() {
    ++state_->generation;
    state_->callback = {};
    state_->timer.cancel();
}

Task<> sleep_until(TimePoint at) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, at);
    const auto waited = co_await timer.async_wait(as_tuple(asio::use_awaitable));
    if (std::get<0>(waited)) co_return Error{Errc::interrupted, "sleep"};
    co_return Result<void>{};
}

Notifier::Notifier(const asio::any_io_executor& executor) : timer_(executor) {}

Task<> Notifier::wait() { return wait_until(TimePoint::max()); }

Task<> Notifier::wait_until(TimePoint at) {
    notified_ = false;
    timer_.expires_at(at);
    const auto waited = co_await timer_.async_wait(as_tuple(asio::use_awaitable));
    if (notified_) co_return Result<void>{};
    if (std::get<0>(waited)) co_return Error{Errc::interrupted, "wait"};
    co_return Error{Errc::timed_out, "wait"};
}

void Notifier::notify() {
    notified_ = true;
    timer_.cancel();
}

}  // namespace streamkit::net
