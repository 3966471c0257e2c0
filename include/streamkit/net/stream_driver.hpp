#pragma once

// Joins a `StreamHandler` to a TCP socket on one shard.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "streamkit/net/asio.hpp"
#include "streamkit/net/errc.hpp"
#include "streamkit/net/shard_driver.hpp"
#include "streamkit/net/stream_handler.hpp"

namespace streamkit::net {

struct StreamDriverConfig {
    /// Reading pauses while the handler holds more bytes than this.
    std::size_t max_held_bytes = 1 << 20;
    /// Bytes that the kernel may hold for a peer that does not read (SO_SNDBUF; it takes twice the
    /// figure for its own bookkeeping); 0: the system's default, which grows to megabytes. With less
    /// than 64 KB the sender waits for delayed acknowledgements, 40 ms each.
    int send_buffer_bytes = 0;
    /// Closed with `Errc::stalled` when there was output and the peer took none for so long;
    /// 0: never, the handler sees to that.
    std::chrono::milliseconds stall_timeout{30'000};
    /// How long the last output may take once the connection is closing.
    std::chrono::milliseconds drain_timeout{5'000};
    /// How long to go on reading, and throwing away, after our last byte. Closing a socket with
    /// unread input sends a reset, which makes the peer lose our last message.
    std::chrono::milliseconds linger_timeout{1'000};
};

/// Owns a socket. Created, used and released on its shard, but for `post_wake` and the counters.
///
/// It is shared because the operations that the event loop still knows of (a wait for the socket,
/// the timer, a posted wake) outlive any single owner. An open connection needs no other owner than
/// its shard, which lets go of it when the socket is closed; the driver then lets go of the handler,
/// so a handler may hold its driver.
class StreamDriver final : public ShardDriver, public std::enable_shared_from_this<StreamDriver> {
    struct Private {};  // only `create` makes drivers

public:
    /// Takes over a connected socket; nothing happens before `start`.
    [[nodiscard]] static std::shared_ptr<StreamDriver> create(tcp::socket socket,
                                                              StreamDriverConfig config = {});

    /// Sends what the handler has, and reads from now on. Call once, on the socket's shard.
    void start(std::shared_ptr<StreamHandler> handler);

    /// Calls `handle_wake` and sends. Call on the shard; from within a call of the handler's it is
    /// done right after that call.
    void wake();
    /// The same from any thread, soon; many calls before it happens count as one.
    void post_wake();

    /// Sends the output that is pending (at most for `drain_timeout`), then closes. Input is thrown
    /// away from now on. Call on the shard.
    void shut_down(Error reason);
    /// Closes at once; `on_closed` has been called when this returns, or right after the call of
    /// the handler's that it was made from. Call on the shard. No effect when closed already.
    void close(Error reason);

    /// The handler was told `on_closed`.
    [[nodiscard]] bool is_closed() const noexcept { return state_ >= State::lingering; }

    /// The peer's address, as it was at the start; IPv4 addresses always in their own form.
    [[nodiscard]] const tcp::endpoint& remote_endpoint() const noexcept { return remote_; }
    [[nodiscard]] const tcp::endpoint& local_endpoint() const noexcept { return local_; }
    [[nodiscard]] asio::any_io_executor executor() { return socket_.get_executor(); }

    /// From any thread.
    [[nodiscard]] std::uint64_t bytes_in() const noexcept { return bytes_in_.load(kRelaxed); }
    [[nodiscard]] std::uint64_t bytes_out() const noexcept { return bytes_out_.load(kRelaxed); }

    StreamDriver(Private, tcp::socket socket, StreamDriverConfig config);
    ~StreamDriver();
    StreamDriver(const StreamDriver&) = delete;
    StreamDriver& operator=(const StreamDriver&) = delete;

private:
    enum class State : std::uint8_t { idle, open, draining, lingering, closed };
    enum class Ending : std::uint8_t { orderly, abrupt };
    static constexpr auto kRelaxed = std::memory_order_relaxed;

    void on_posted_wake() override;
    void abandon() override;
    template <class F>
    auto call(F&& function);
    void settle(Result<void> result);

    void wait_readable();
    void on_readable();
    void read_input();
    [[nodiscard]] bool may_read() const;
    void read_the_rest();
    void discard_input();

    Result<void> write_output();
    void wait_writable();
    void on_writable();

    [[nodiscard]] std::optional<TimePoint> deadline() const;
    void update_timer();
    void on_timer();

    void begin_drain(Error reason);
    void finish(Error reason, Ending ending);
    void close_socket();

    StreamDriverConfig config_;
    tcp::socket socket_;
    asio::steady_timer timer_;
    ShardState& shard_;
    std::list<std::shared_ptr<ShardDriver>>::iterator position_;  // among the shard's, while open
    // Shared: a client program keeps its handler to see how it ended.
    std::shared_ptr<StreamHandler> handler_;
    tcp::endpoint remote_;
    tcp::endpoint local_;

    State state_ = State::idle;
    bool in_handler_ = false;   // a call of the handler's is on the stack
    bool wake_wanted_ = false;  // `wake` was called
    bool close_now_ = false;    // `close` was called from within the handler
    bool reading_ = false;      // a wait for readability is pending
    bool writing_ = false;      // a wait for writability is pending
    bool end_of_input_ = false;
    std::optional<Error> close_reason_;        // why we drain or close
    std::optional<TimePoint> timer_at_;        // what the timer is set to
    std::optional<TimePoint> stalled_since_;   // output waits for the peer since then
    std::optional<TimePoint> drain_deadline_;  // of State::draining, then of State::lingering

    std::atomic<bool> wake_posted_{false};
    std::atomic<std::uint64_t> bytes_in_{0};
    std::atomic<std::uint64_t> bytes_out_{0};
};

}  // namespace streamkit::net
