#include "streamkit/service/pacer.hpp"

#include <chrono>

namespace streamkit {

net::Task<> Pacer::until(Timestamp time) {
    constexpr std::uint32_t kMicroseconds = 1'000'000;
    if (!start_) start_ = Start{net::now(), time};
    const auto elapsed = time.in(kMicroseconds).ticks - start_->media.in(kMicroseconds).ticks;
    const auto due = start_->now + std::chrono::microseconds{elapsed};
    if (due <= net::now()) co_return Result<void>{};
    co_return co_await net::sleep_until(due);
}

}  // namespace streamkit
