#pragma once

// Time for callbacks and for coroutines.

#include <functional>
#include <memory>

#include "streamkit/base/time.hpp"
#include "streamkit/net/asio.hpp"

namespace streamkit::net {

/// The clock that every `TimePoint` handed to a core comes from.
[[nodiscard]] inline TimePoint now() noexcept { return TimePoint::clock::now(); }

/// Calls back once. Lives on one shard.
///
/// Unlike Asio's own timer, it never calls back after `cancel`, a new `start`, or its end.
class Timer {
public:
    explicit Timer(const asio::any_io_executor& executor);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Replaces what was set before.
    void start(TimePoint at, std::function<void()> callback);
    void cancel();

private:
    struct State;
    std::shared_ptr<State> state_;  // shared with the pending wait
};

/// Resumes the coroutine at that time, at once if it has passed.
///
/// @return `Errc::interrupted` if the coroutine was cancelled
[[nodiscard]] Task<> sleep_until(TimePoint at);

/// Lets one coroutine wait until a callback on the same shard says that something has changed.
///
/// Nothing is remembered: check, then wait, in a loop: `while (!ready) co_await changed.wait();`.
class Notifier {
public:
    explicit Notifier(const asio::any_io_executor& executor);

    /// The notifier must outlive the wait.
    ///
    /// @return `Errc::interrupted` if the coroutine was cancelled
    [[nodiscard]] Task<> wait();
    /// The same, but no longer than until `at`.
    ///
    /// @return `Errc::timed_out`, `Errc::interrupted`
    [[nodiscard]] Task<> wait_until(TimePoint at);
    void notify();

private:
    asio::steady_timer timer_;
    bool notified_ = false;
};

}  // namespace streamkit::net
