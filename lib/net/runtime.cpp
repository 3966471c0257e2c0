#include "streamkit/net/runtime.hpp"

#include <algorithm>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <thread>

namespace streamkit::net {

class Runtime::Shard : public asio::io_context {
public:
    Shard() : asio::io_context(1) {}  // one thread runs it; others only post

    /// Destroys what is pending. Done for all shards before the first one is destroyed, as what is
    /// pending on one may own sockets and timers of another.
    void drop_pending() { shutdown(); }
};

struct Runtime::Signals {
    Signals(Runtime& runtime, bool hangup) : runtime_(runtime), set_(*runtime.shards_[0]) {
        set_.add(SIGINT);
        set_.add(SIGTERM);
        if (hangup) set_.add(SIGHUP);
        wait();
    }

    void wait() {
        set_.async_wait([this](const std::error_code& code, int signal) {
            if (code) return;
            on_signal(signal);
            wait();
        });
    }

    void on_signal(int signal) {
        if (signal == SIGHUP) return runtime_.hang_up();
        if (!runtime_.stopping_) return runtime_.begin_stop();
        runtime_.log_.warn("second signal: ending at once");
        runtime_.end_run(130);
    }

    Runtime& runtime_;
    asio::signal_set set_;
};

Runtime::Runtime(RuntimeConfig config) : config_(std::move(config)), log_(config_.log, "runtime") {
    const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t threads = config_.threads == 0 ? processors : config_.threads;
    for (std::size_t i = 0; i < threads; ++i)
        shards_.push_back(std::make_unique<Shard>());
}

Runtime::~Runtime() {
    for (const auto& shard : shards_)
        shard->drop_pending();
}

asio::io_context& Runtime::shard(std::size_t index) noexcept { return *shards_[index]; }

asio::io_context& Runtime::next_shard() noexcept {
    return shard(next_shard_.fetch_add(1, std::memory_order_relaxed) % shards_.size());
}

Registration Runtime::on_stop(StopHook hook) { return add_hook({std::move(hook), {}}); }

Registration Runtime::on_hangup(std::function<void()> hook) {
    return add_hook({{}, std::move(hook)});
}

Registration Runtime::add_hook(Hook hook) {
    const std::lock_guard lock(hooks_mutex_);
    const auto position = hooks_.insert(hooks_.end(), std::move(hook));
    return Registration([this, position] {
        const std::lock_guard remove_lock(hooks_mutex_);
        hooks_.erase(position);
    });
}

int Runtime::run_until_signal() {
    begin_run();
    const Signals signals(*this, !hooks_of(&Hook::hangup).empty());
    run_shards();
    return exit_code_;
}

void Runtime::run_until_stopped() {
    begin_run();
    run_shards();
}

void Runtime::run_coroutine(asio::awaitable<void> coroutine) {
    begin_run();
    const Signals signals(*this, !hooks_of(&Hook::hangup).empty());

    auto& cancellation = cancellations_.emplace_back(std::make_unique<asio::cancellation_signal>());
    cancel_coroutine_ = [signal = cancellation.get()] {
        signal->emit(asio::cancellation_type::terminal);
    };
    // Shared, as a coroutine that was left behind by `stop_now` may end in a later run.
    const auto failure = std::make_shared<std::exception_ptr>();
    asio::co_spawn(
        *shards_[0], std::move(coroutine),
        asio::bind_cancellation_slot(cancellation->slot(),
                                     [this, failure, run = run_](std::exception_ptr thrown) {
                                         *failure = std::move(thrown);
                                         if (run == run_) end_run(0);
                                     }));
    run_shards();
    cancel_coroutine_ = {};
    if (*failure && !stopping_) std::rethrow_exception(*failure);
}

void Runtime::begin_run() {
    ++run_;
    stopping_ = false;
    exit_code_ = 0;
    for (const auto& shard : shards_)
        shard->restart();
}

void Runtime::run_shards() {
    std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards;
    for (const auto& shard : shards_)
        guards.push_back(asio::make_work_guard(*shard));

    std::vector<std::jthread> threads;  // joined last
    struct StopAll {
        Runtime& runtime;
        ~StopAll() {
            runtime.drain_timer_.reset();
            for (const auto& shard : runtime.shards_)
                shard->stop();
        }
    } const stop_all{*this};  // also when a callback on shard 0 throws
    for (std::size_t i = 1; i < shards_.size(); ++i) {
        threads.emplace_back([shard = shards_[i].get()] { shard->run(); });
    }
    shards_[0]->run();
}

void Runtime::stop() {
    asio::post(*shards_[0], [this] { begin_stop(); });
}

void Runtime::stop_now() {
    asio::post(*shards_[0], [this] { end_run(0); });
}

void Runtime::begin_stop() {
    if (stopping_) return;
    stopping_ = true;
    const auto hooks = hooks_of(&Hook::stop);
    log_.info("stopping", {{"hooks", hooks.size()}});

    drain_timer_ = std::make_unique<asio::steady_timer>(*shards_[0], config_.drain_timeout);
    drain_timer_->async_wait([this](const std::error_code& code) {
        if (code) return;
        log_.warn("not everything ended within the drain timeout");
        end_run(1);
    });

    // The last copy may go on any thread, in a run that comes later even.
    const Drain drain(this, [this, run = run_](const void*) {
        asio::post(*shards_[0], [this, run] {
            if (run == run_) on_drained();
        });
    });
    for (const auto& hook : hooks)
        hook(drain);
}

void Runtime::on_drained() {
    if (cancel_coroutine_) return cancel_coroutine_();
    end_run(0);
}

void Runtime::hang_up() {
    for (const auto& hook : hooks_of(&Hook::hangup))
        hook();
}

void Runtime::end_run(int exit_code) {
    exit_code_ = exit_code;
    for (const auto& shard : shards_)
        shard->stop();
}

template <class F>
std::vector<F> Runtime::hooks_of(F Hook::*kind) {
    const std::lock_guard lock(hooks_mutex_);
    std::vector<F> hooks;
    for (const auto& hook : hooks_) {
        if (hook.*kind) hooks.push_back(hook.*kind);
    }
    return hooks;
}

}  // namespace streamkit::net
