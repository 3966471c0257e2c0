#pragma once

// Joins a `DatagramHandler` to a UDP socket on one shard.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "streamkit/base/log.hpp"
#include "streamkit/net/asio.hpp"
#include "streamkit/net/datagram_handler.hpp"
#include "streamkit/net/datagram_socket.hpp"
#include "streamkit/net/errc.hpp"
#include "streamkit/net/shard_driver.hpp"

namespace streamkit::net {

/// What a driver has done so far.
struct DatagramCounters {
    std::uint64_t datagrams_in = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t receive_calls = 0;    ///< system calls
    std::uint64_t receive_batches = 0;  ///< runs of datagrams as the kernel handed them over
    std::uint64_t datagrams_out = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t send_calls = 0;
    std::uint64_t send_batches = 0;       ///< `Transmit`s
    std::uint64_t send_blocked = 0;       ///< times that the kernel took no more
    std::uint64_t too_large = 0;          ///< transmits that no datagram of left for its size
    std::uint64_t send_failed = 0;        ///< transmits that could not leave for another reason
    std::uint64_t handed_over = 0;        ///< datagrams given to another shard
    std::uint64_t hand_over_dropped = 0;  ///< whose queue was full
    std::uint64_t overflowed = 0;         ///< datagrams that found the kernel's receive buffer full
    std::uint64_t truncated = 0;          ///< datagrams longer than we take
};

/// Owns a socket. Created, used and released on its shard, but for `post_wake`, `counters`, and
/// what the drivers of one port hand each other.
///
/// It is shared because the operations that the event loop still knows of (a wait for the socket,
/// the timer, a posted wake) outlive any single owner. An open driver needs no other owner than its
/// shard; it lets go of the handler when it is closed, so a handler may hold its driver.
class DatagramDriver final : public ShardDriver,
                             public std::enable_shared_from_this<DatagramDriver> {
    struct Private {};  // only `create` makes drivers

public:
    /// Nothing happens before `start`.
    [[nodiscard]] static std::shared_ptr<DatagramDriver> create(asio::any_io_executor executor,
                                                                DatagramSocket socket,
                                                                LogSink log = {});
    /// Tells drivers of one port of each other, so that a datagram which the kernel gave to the
    /// wrong one (its sender has moved) reaches the driver that `shard_of` names. Before `start`.
    ///
    /// @param drivers  the one at index i serves shard i
    static void share_port(std::span<const std::shared_ptr<DatagramDriver>> drivers);

    /// Receives and sends from now on. Call once, on the shard.
    void start(std::shared_ptr<DatagramHandler> handler);

    /// Calls `handle_wake`, and sends. Call on the shard; from within a call of the handler's it is
    /// done right after that call.
    void wake();
    /// The same from any thread, soon; many calls before it happens count as one.
    void post_wake();

    /// Sends what the handler has, as far as the kernel takes it at once, and closes. `on_closed`
    /// has been called when this returns, or right after the call of the handler's that it was made
    /// from. Call on the shard. No effect when closed already; one that was not started is closed
    /// without a word.
    void close(Error reason);

    [[nodiscard]] bool is_closed() const noexcept { return state_ == State::closed; }
    /// Stays after `close`.
    [[nodiscard]] const SocketAddress& local_address() const noexcept { return local_; }
    [[nodiscard]] asio::any_io_executor executor() { return descriptor_.get_executor(); }
    /// From any thread; each figure is true, though not all of the same moment.
    [[nodiscard]] DatagramCounters counters() const noexcept;

    DatagramDriver(Private, asio::any_io_executor executor, DatagramSocket socket, LogSink log);
    ~DatagramDriver();
    DatagramDriver(const DatagramDriver&) = delete;
    DatagramDriver& operator=(const DatagramDriver&) = delete;

private:
    enum class State : std::uint8_t { idle, open, closed };
    struct Counters {
        using Counter = std::atomic<std::uint64_t>;
        Counter datagrams_in{0}, bytes_in{0}, receive_calls{0}, receive_batches{0};
        Counter datagrams_out{0}, bytes_out{0}, send_calls{0}, send_batches{0};
        Counter send_blocked{0}, too_large{0}, send_failed{0};
        Counter handed_over{0}, hand_over_dropped{0}, overflowed{0}, truncated{0};
    };
    /// A datagram on its way from another shard.
    struct Stray {
        rudp::DatagramInfo info{};
        Bytes bytes{};
    };

    void on_posted_wake() override;
    void abandon() override;
    void post();
    template <class F>
    auto call(F&& function);
    bool settle();
    void rest();

    void wait_readable();
    void on_readable();
    void take(const Arrival& arrival, TimePoint time);
    bool hand_over(const rudp::DatagramInfo& info, BytesView bytes);
    bool take_stray(const rudp::DatagramInfo& info, BytesView bytes);

    std::size_t write_output(std::size_t budget);
    void send(const rudp::Transmit& transmit, TimePoint time);
    void note_failure(const Error& error);
    void wait_writable();
    void on_writable();

    void update_timer();
    void on_timer();
    void continue_soon();
    void finish();

    DatagramSocket socket_;
    asio::posix::stream_descriptor descriptor_;  // waits for the socket; does not own it
    asio::steady_timer timer_;
    ShardState& shard_;
    std::list<std::shared_ptr<ShardDriver>>::iterator position_;  // among the shard's, while open
    // Shared: a program keeps its handler to see how it ended.
    std::shared_ptr<DatagramHandler> handler_;
    SocketAddress local_;
    Logger log_;

    std::vector<std::weak_ptr<DatagramDriver>> siblings_;  // of this port, this one included
    std::size_t index_ = 0;                                // among them

    State state_ = State::idle;
    bool in_handler_ = false;   // a call of the handler's is on the stack
    bool wake_wanted_ = false;  // `wake` was called
    bool reading_ = false;      // a wait for readability is pending
    bool writing_ = false;      // a wait for writability is pending
    bool continuing_ = false;   // another turn is posted
    bool unfinished_ = false;   // the last turn ended with its share used up
    bool failure_logged_ = false;
    bool gso_ = false;  // as it was when last looked at
    std::optional<Error> close_reason_;
    std::optional<TimePoint> timer_at_;  // what the timer is set to
    rudp::Transmit blocked_;             // what the kernel did not take yet, in blocked_bytes_
    Bytes blocked_bytes_;

    std::atomic<bool> posted_{false};
    std::atomic<bool> wake_asked_{false};
    std::mutex strays_mutex_;  // guards strays_ alone
    std::vector<Stray> strays_;
    Counters counters_;
};

}  // namespace streamkit::net
