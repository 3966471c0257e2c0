#pragma once

// The threads of a program: one event loop each, and each connection pinned to one of them.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "streamkit/base/log.hpp"
#include "streamkit/base/registration.hpp"
#include "streamkit/net/asio.hpp"
#include "streamkit/net/errc.hpp"

namespace streamkit::net {

struct RuntimeConfig {
    /// Event loops, each on a thread of its own; 0: one per processor. With 1 everything happens on
    /// the thread that calls `run…`, in an order that depends on the input only.
    std::size_t threads = 1;
    /// How long stop hooks may keep the program running after the first signal.
    std::chrono::milliseconds drain_timeout{10'000};
    LogSink log = {};
};

/// Keeps a runtime that is stopping alive until the last copy is gone. Must not outlive the runtime.
///
/// A `shared_ptr` because it is just that: a count of those who are not done yet, on any thread.
using Drain = std::shared_ptr<const void>;

/// Called on shard 0 when the runtime is asked to stop: end what you own in order, and keep a copy
/// of `drain` (in each connection, say) until that is done.
using StopHook = std::function<void(Drain drain)>;

/// Owns the event loops ("shards"). Everything that lives on one must be gone, or idle, before the
/// runtime is destroyed; what is still pending then is dropped without being called.
class Runtime {
public:
    explicit Runtime(RuntimeConfig config = {});
    ~Runtime();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    [[nodiscard]] std::size_t shards() const noexcept { return shards_.size(); }
    /// @param index  below `shards()`
    [[nodiscard]] asio::io_context& shard(std::size_t index) noexcept;
    /// One after the other; from any thread.
    [[nodiscard]] asio::io_context& next_shard() noexcept;

    /// Registers what has to happen before the program ends; from any thread. A registration ends on
    /// shard 0, or while the runtime does not run, and does not outlive the runtime.
    [[nodiscard]] Registration on_stop(StopHook hook);
    /// Registers what SIGHUP does, on shard 0; from any thread.
    [[nodiscard]] Registration on_hangup(std::function<void()> hook);

    /// Runs all shards until SIGINT or SIGTERM (or `stop`) and then until the stop hooks are done.
    ///
    /// Signals have their default effect again afterwards. SIGHUP is taken only if there is a hook
    /// for it at the start.
    ///
    /// @return the exit code of the program: 0; 1 if the hooks were not done after `drain_timeout`;
    ///         130 if a second signal ended it at once
    [[nodiscard]] int run_until_signal();

    /// The same without touching signals: until `stop` or `stop_now`, from another thread.
    void run_until_stopped();

    /// Runs all shards until the coroutine, on shard 0, has ended. SIGINT and SIGTERM run the stop
    /// hooks, and cancel the coroutine once those are done; a second one ends at once.
    ///
    /// @return what the coroutine returned; `Errc::interrupted` if it did not get that far
    /// @throws what the coroutine throws
    template <class T>
    [[nodiscard]] Result<T> run(Task<T> task) {
        const auto result = std::make_shared<std::optional<Result<T>>>();
        run_coroutine(store(std::move(task), result));
        if (!*result) return Error{Errc::interrupted, "run"};
        return std::move(**result);
    }

    /// Asks to end in order, as a signal does; from any thread.
    void stop();
    /// Ends the run at once; from any thread.
    void stop_now();

private:
    class Shard;
    struct Signals;
    struct Hook {
        StopHook stop;
        std::function<void()> hangup;
    };

    // By value and shared: a coroutine that `stop_now` left behind may outlive its run.
    template <class T>
    static asio::awaitable<void> store(Task<T> task,
                                       std::shared_ptr<std::optional<Result<T>>> result) {
        auto outcome = co_await std::move(task);
        result->emplace(std::move(outcome));
    }

    Registration add_hook(Hook hook);
    template <class F>
    std::vector<F> hooks_of(F Hook::*kind);
    void run_coroutine(asio::awaitable<void> coroutine);
    void begin_run();
    void run_shards();
    void begin_stop();
    void on_drained();
    void hang_up();
    void end_run(int exit_code);

    RuntimeConfig config_;
    Logger log_;
    std::vector<std::unique_ptr<asio::cancellation_signal>> cancellations_;  // outlive the shards
    std::vector<std::unique_ptr<Shard>> shards_;
    std::atomic<std::size_t> next_shard_{0};

    std::mutex hooks_mutex_;  // hooks come and go on any thread
    std::list<Hook> hooks_;

    // Of one run; on shard 0 only.
    std::uint64_t run_ = 0;
    bool stopping_ = false;
    int exit_code_ = 0;
    std::function<void()> cancel_coroutine_;
    std::unique_ptr<asio::steady_timer> drain_timer_;
};

}  // namespace streamkit::net
