#pragma once

#include <thread>

#include "streamkit/net/runtime.hpp"

namespace streamkit::test {

/// Runs a runtime on a thread of its own until the end of the scope; then it ends in order.
class RunningRuntime {
public:
    explicit RunningRuntime(net::Runtime& runtime)
        : runtime_(runtime), thread_([&runtime] { runtime.run_until_stopped(); }) {}
    ~RunningRuntime() { stop(); }
    RunningRuntime(const RunningRuntime&) = delete;
    RunningRuntime& operator=(const RunningRuntime&) = delete;

    void stop() {
        if (!thread_.joinable()) return;
        runtime_.stop();
        thread_.join();
    }

private:
    net::Runtime& runtime_;
    std::thread thread_;
};

}  // namespace streamkit::test
