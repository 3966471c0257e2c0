#pragma once

// Gives packets out at the pace of their own clock.

#include <optional>

#include "streamkit/base/timestamp.hpp"
#include "streamkit/net/asio.hpp"
#include "streamkit/net/timer.hpp"

namespace streamkit {

/// Waits until a media time is due. The first time it is asked for is due at once and sets the
/// start; a program that was held up catches up without waiting.
class Pacer {
public:
    /// Returns when `time` is due.
    ///
    /// @return `net::Errc::interrupted` if the coroutine was cancelled
    [[nodiscard]] net::Task<> until(Timestamp time);

    /// The next time is due at once again, after a pause or a reconnect.
    void restart() noexcept { start_.reset(); }

private:
    struct Start {
        TimePoint now;
        Timestamp media;
    };
    std::optional<Start> start_;
};

}  // namespace streamkit
