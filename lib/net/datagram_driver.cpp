#include "streamkit/net/datagram_driver.hpp"

#include <algorithm>
#include <utility>

#include "shard_state.hpp"
#include "streamkit/base/assert.hpp"
#include "streamkit/net/timer.hpp"

namespace streamkit::net {
namespace {

// What one socket may do before the others of its shard have their turn.
constexpr int kReceivesPerTurn = 4;
constexpr std::size_t kBytesSentPerTurn = 1 << 20;
constexpr std::size_t kRoundCost = 4096;  // of calling the handler, counted as bytes

// While the kernel takes no output, a core that is due to send would be asked again and again.
constexpr std::chrono::milliseconds kBlockedPause{1};

// Datagrams of other shards that wait to be handled here; those above are lost, like any other.
constexpr std::size_t kMaxStrays = 1024;

// Each counter has one writer, or is not worth more.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
    counter.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace

template <class F>
auto DatagramDriver::call(F&& function) {
    struct Scope {
        explicit Scope(bool& flag) : in_handler(flag) { in_handler = true; }
        ~Scope() { in_handler = false; }
        bool& in_handler;
    };
    const Scope scope(in_handler_);
    return function();
}

std::shared_ptr<DatagramDriver> DatagramDriver::create(asio::any_io_executor executor,
                                                       DatagramSocket socket, LogSink log) {
    return std::make_shared<DatagramDriver>(Private{}, std::move(executor), std::move(socket),
                                            std::move(log));
}

DatagramDriver::DatagramDriver(Private, asio::any_io_executor executor, DatagramSocket socket,
                               LogSink log)
    : socket_(std::move(socket)),
      descriptor_(executor, socket_.native_handle()),
      timer_(executor),
      shard_(ShardState::of(executor)),
      local_(socket_.local_address()),
      log_(std::move(log), "datagram"),
      gso_(socket_.uses_gso()) {}

DatagramDriver::~DatagramDriver() {
    if (descriptor_.is_open()) descriptor_.release();
}

void DatagramDriver::share_port(std::span<const std::shared_ptr<DatagramDriver>> drivers) {
    for (std::size_t i = 0; i < drivers.size(); ++i) {
        STREAMKIT_ASSERT(drivers[i]->state_ == State::idle);
        drivers[i]->siblings_.assign(drivers.begin(), drivers.end());
        drivers[i]->index_ = i;
    }
}

void DatagramDriver::start(std::shared_ptr<DatagramHandler> handler) {
    STREAMKIT_ASSERT(state_ == State::idle);
    const auto self = shared_from_this();
    handler_ = std::move(handler);
    position_ = shard_.add(self);
    state_ = State::open;
    if (settle()) rest();
}

void DatagramDriver::wake() {
    if (state_ != State::open) return;
    wake_wanted_ = true;
    if (in_handler_) return;
    const auto self = shared_from_this();
    if (settle()) rest();
}

void DatagramDriver::post_wake() {
    wake_asked_.store(true);
    post();
}

void DatagramDriver::post() {
    if (posted_.exchange(true)) return;
    shard_.post_wake(descriptor_.get_executor(), shared_from_this());
}

void DatagramDriver::on_posted_wake() {
    posted_.exchange(false);  // before what follows: what comes after it is posted again
    std::vector<Stray> strays;
    {
        const std::lock_guard lock(strays_mutex_);
        strays.swap(strays_);
    }
    if (state_ != State::open) return;
    if (wake_asked_.exchange(false)) wake_wanted_ = true;
    const auto time = now();
    for (auto& stray : strays) {
        if (close_reason_) break;
        call([&] { handler_->handle_datagram(stray.info, stray.bytes, time); });
    }
    if (settle()) rest();
}

void DatagramDriver::close(Error reason) {
    if (state_ == State::idle) abandon();
    if (state_ != State::open) return;
    if (!close_reason_) close_reason_ = reason;
    if (in_handler_) return;
    const auto self = shared_from_this();
    settle();
}

void DatagramDriver::abandon() {
    state_ = State::closed;
    descriptor_.release();
    socket_.close();
    const auto handler = std::move(handler_);
}

// What follows each round of calls of the handler's

// False: closed.
bool DatagramDriver::settle() {
    std::size_t used = 0;
    bool more = true;
    while (more && used < kBytesSentPerTurn) {
        if (std::exchange(wake_wanted_, false)) call([&] { handler_->handle_wake(now()); });
        call([&] { handler_->deliver(now()); });
        const auto written = write_output(kBytesSentPerTurn - used);
        // What was written may have made room that the application waits for.
        more = written > 0 || wake_wanted_;
        used += std::max(written, kRoundCost);
    }
    unfinished_ = more;
    if (close_reason_) finish();
    return state_ == State::open;
}

void DatagramDriver::rest() {
    wait_readable();
    if (unfinished_) return continue_soon();
    update_timer();
}

void DatagramDriver::continue_soon() {
    if (continuing_) return;
    continuing_ = true;
    asio::post(descriptor_.get_executor(), [self = shared_from_this()] {
        self->continuing_ = false;
        if (self->state_ == State::open && self->settle()) self->rest();
    });
}

// Input

void DatagramDriver::wait_readable() {
    if (reading_) return;
    reading_ = true;
    descriptor_.async_wait(asio::posix::descriptor_base::wait_read,
                           [self = shared_from_this()](const std::error_code& code) {
                               self->reading_ = false;
                               if (!code) self->on_readable();
                           });
}

void DatagramDriver::on_readable() {
    if (state_ != State::open) return;
    for (int turn = 0; turn < kReceivesPerTurn; ++turn) {
        const auto arrivals = socket_.receive(shard_.datagram_buffer());
        if (!arrivals) {
            close_reason_ = arrivals.error();
            return finish();
        }
        add(counters_.receive_calls, 1);
        if (arrivals->empty() && socket_.drained()) break;
        const auto time = now();
        for (const auto& arrival : *arrivals)
            take(arrival, time);
        add(counters_.receive_batches, arrivals->size());
        counters_.overflowed.store(socket_.overflowed(), std::memory_order_relaxed);
        counters_.truncated.store(socket_.truncated(), std::memory_order_relaxed);
        if (!settle()) return;
        if (socket_.drained()) break;
    }
    rest();
}

void DatagramDriver::take(const Arrival& arrival, TimePoint time) {
    std::uint64_t count = 0;
    std::size_t at = 0;
    do {
        const auto bytes =
            arrival.bytes.subspan(at, std::min(arrival.segment_size, arrival.bytes.size() - at));
        at += arrival.segment_size;
        ++count;
        if (close_reason_) break;
        if (!siblings_.empty() && hand_over(arrival.info, bytes)) continue;
        call([&] { handler_->handle_datagram(arrival.info, bytes, time); });
    } while (at < arrival.bytes.size());
    add(counters_.datagrams_in, count);
    add(counters_.bytes_in, arrival.bytes.size());
}

bool DatagramDriver::hand_over(const rudp::DatagramInfo& info, BytesView bytes) {
    const auto shard = handler_->shard_of(bytes);
    if (!shard || *shard == index_ || *shard >= siblings_.size()) return false;
    const auto sibling = siblings_[*shard].lock();
    const bool taken = sibling && sibling->take_stray(info, bytes);
    add(taken ? counters_.handed_over : counters_.hand_over_dropped, 1);
    return true;
}

// On the thread of another shard.
bool DatagramDriver::take_stray(const rudp::DatagramInfo& info, BytesView bytes) {
    {
        const std::lock_guard lock(strays_mutex_);
        if (strays_.size() >= kMaxStrays) return false;
        strays_.push_back({info, Bytes(bytes.begin(), bytes.end())});
    }
    post();
    return true;
}

// Output

std::size_t DatagramDriver::write_output(std::size_t budget) {
    std::size_t written = 0;
    while (!writing_ && written < budget) {
        const auto time = now();
        const auto transmit = call([&] { return handler_->poll_transmit(time); });
        if (!transmit) break;
        add(counters_.send_batches, 1);
        written += transmit->bytes.size();
        send(*transmit, time);
    }
    return written;
}

void DatagramDriver::send(const rudp::Transmit& transmit, TimePoint time) {
    using Outcome = SendResult::Outcome;
    const auto result = socket_.send(transmit);
    add(counters_.send_calls, result.calls);
    add(counters_.datagrams_out, result.datagrams);
    add(counters_.bytes_out, result.bytes);
    if (gso_ && !socket_.uses_gso()) {
        gso_ = false;
        log_.info("no segmentation offload on this way: datagrams leave one by one");
    }
    switch (result.outcome) {
        case Outcome::sent:
            return;
        case Outcome::blocked: {
            add(counters_.send_blocked, 1);
            const auto left = transmit.bytes.subspan(result.bytes);
            Bytes copy(left.begin(), left.end());  // of these very bytes, maybe
            blocked_bytes_ = std::move(copy);
            blocked_ = transmit;
            blocked_.bytes = blocked_bytes_;
            return wait_writable();
        }
        case Outcome::too_large: {
            add(counters_.too_large, 1);
            const auto size = std::min(transmit.segment_size, transmit.bytes.size() - result.bytes);
            const auto path = transmit.path;
            return call([&] { handler_->handle_too_large(path, size, time); });
        }
        case Outcome::failed:
            add(counters_.send_failed, 1);
            return note_failure(result.error);
    }
}

// The core finds out by itself that nothing arrives; a person wants to know why.
void DatagramDriver::note_failure(const Error& error) {
    if (failure_logged_) return;
    failure_logged_ = true;
    log_.warn("cannot send", {{"error", error.message()}});
}

void DatagramDriver::wait_writable() {
    writing_ = true;
    descriptor_.async_wait(asio::posix::descriptor_base::wait_write,
                           [self = shared_from_this()](const std::error_code& code) {
                               self->writing_ = false;
                               if (!code) self->on_writable();
                           });
}

void DatagramDriver::on_writable() {
    if (state_ != State::open) return;
    if (!blocked_.bytes.empty()) {
        const auto left = std::exchange(blocked_, {});
        send(left, now());
    }
    if (settle()) rest();
}

// Time

// As in the stream driver, a timer that is due earlier than needed stays.
void DatagramDriver::update_timer() {
    auto at = handler_->next_timeout();
    if (!at) return;
    if (writing_) at = std::max(*at, now() + kBlockedPause);
    if (timer_at_ && *timer_at_ <= *at) return;
    timer_at_ = at;
    timer_.expires_at(*at);
    timer_.async_wait([self = shared_from_this()](const std::error_code& code) {
        if (!code) self->on_timer();
    });
}

void DatagramDriver::on_timer() {
    timer_at_.reset();
    if (state_ != State::open) return;
    const auto time = now();
    const auto due = handler_->next_timeout();
    if (!due || *due > time) return update_timer();
    call([&] { handler_->handle_timeout(time); });
    if (settle()) rest();
}

// The end

void DatagramDriver::finish() {
    state_ = State::closed;
    descriptor_.release();
    socket_.close();
    timer_.cancel();
    shard_.remove(position_);
    const auto handler = std::move(handler_);
    in_handler_ = true;  // nothing that it calls has an effect any more
    handler->on_closed(*close_reason_);
}

DatagramCounters DatagramDriver::counters() const noexcept {
    const auto get = [](const Counters::Counter& c) { return c.load(std::memory_order_relaxed); };
    const auto& c = counters_;
    return {.datagrams_in = get(c.datagrams_in),
            .bytes_in = get(c.bytes_in),
            .receive_calls = get(c.receive_calls),
            .receive_batches = get(c.receive_batches),
            .datagrams_out = get(c.datagrams_out),
            .bytes_out = get(c.bytes_out),
            .send_calls = get(c.send_calls),
            .send_batches = get(c.send_batches),
            .send_blocked = get(c.send_blocked),
            .too_large = get(c.too_large),
            .send_failed = get(c.send_failed),
            .handed_over = get(c.handed_over),
            .hand_over_dropped = get(c.hand_over_dropped),
            .overflowed = get(c.overflowed),
            .truncated = get(c.truncated)};
}

}  // namespace streamkit::net
