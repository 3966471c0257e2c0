#include "streamkit/net/stream_driver.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "endpoint.hpp"
#include "shard_state.hpp"
#include "streamkit/net/timer.hpp"

namespace streamkit::net {
namespace {

// What one connection may do before the others of its shard have their turn.
constexpr int kReadsPerTurn = 4;
constexpr std::size_t kBytesWrittenPerTurn = 4 << 20;

constexpr std::size_t kMaxVectors = 1024;  // IOV_MAX of Linux

Error system_error(const char* what) {
    return to_error(std::error_code(errno, std::system_category()), what);
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

std::shared_ptr<StreamDriver> StreamDriver::create(tcp::socket socket, StreamDriverConfig config) {
    return std::make_shared<StreamDriver>(Private{}, std::move(socket), config);
}

StreamDriver::StreamDriver(Private, tcp::socket socket, StreamDriverConfig config)
    : config_(config),
      socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      shard_(ShardState::of(socket_.get_executor())) {
    std::error_code ignored;  // a socket that is broken already fails at its first read
    remote_ = unmapped(socket_.remote_endpoint(ignored));
    local_ = unmapped(socket_.local_endpoint(ignored));
    // Our messages are complete when they are written; Nagle would wait for the peer's delayed ACK.
    socket_.set_option(tcp::no_delay(true), ignored);
    if (config_.send_buffer_bytes > 0) {
        socket_.set_option(tcp::socket::send_buffer_size(config_.send_buffer_bytes), ignored);
    }
}

StreamDriver::~StreamDriver() = default;

void StreamDriver::start(std::shared_ptr<StreamHandler> handler) {
    STREAMKIT_ASSERT(state_ == State::idle);
    const auto self = shared_from_this();
    handler_ = std::move(handler);
    position_ = shard_.add(self);
    state_ = State::open;
    settle({});
}

void StreamDriver::wake() {
    if (state_ != State::open) return;
    wake_wanted_ = true;
    if (in_handler_) return;
    const auto self = shared_from_this();
    settle({});
}

void StreamDriver::post_wake() {
    if (wake_posted_.exchange(true)) return;
    shard_.post_wake(socket_.get_executor(), shared_from_this());
}

void StreamDriver::on_posted_wake() {
    wake_posted_.exchange(false);  // before the wake: what comes after it is posted again
    wake();
}

void StreamDriver::shut_down(Error reason) {
    if (state_ != State::open) return;
    begin_drain(reason);
    if (in_handler_) return;
    const auto self = shared_from_this();
    settle({});
}

void StreamDriver::close(Error reason) {
    if (state_ == State::idle || state_ == State::closed) return;
    if (in_handler_) {
        close_now_ = true;
        if (!close_reason_) close_reason_ = reason;
        return;
    }
    const auto self = shared_from_this();
    if (state_ == State::lingering) return close_socket();
    finish(reason, Ending::abrupt);
}

void StreamDriver::abandon() {
    state_ = State::closed;
    const auto handler = std::move(handler_);
}

// What follows each call of the handler's

template <class F>
auto StreamDriver::call(F&& function) {
    struct Scope {
        explicit Scope(bool& flag) : in_handler(flag) { in_handler = true; }
        ~Scope() { in_handler = false; }
        bool& in_handler;
    };
    const Scope scope(in_handler_);
    return function();
}

void StreamDriver::settle(Result<void> result) {
    for (;;) {
        if (close_now_) return finish(*close_reason_, Ending::abrupt);
        if (!result && state_ == State::open) begin_drain(result.error());
        if (state_ == State::open && wake_wanted_) {
            wake_wanted_ = false;
            result = call([&] { return handler_->handle_wake(now()); });
            continue;
        }
        if (const auto written = write_output(); !written) {
            if (state_ == State::open) read_the_rest();
            return finish(written.error(), Ending::abrupt);
        }
        if (!close_now_ && !(state_ == State::open && wake_wanted_)) break;
    }
    if (state_ == State::open && handler_->closed()) {
        begin_drain({Errc::closed_here, "connection"});
    }
    if (state_ == State::draining && !writing_) return finish(*close_reason_, Ending::orderly);
    if (state_ == State::draining || may_read()) wait_readable();
    update_timer();
}

// Input

void StreamDriver::wait_readable() {
    if (reading_ || end_of_input_) return;
    reading_ = true;
    socket_.async_wait(tcp::socket::wait_read,
                       [self = shared_from_this()](const std::error_code& code) {
                           self->reading_ = false;
                           if (!code) self->on_readable();
                       });
}

void StreamDriver::on_readable() {
    switch (state_) {
        case State::open:
            return read_input();
        case State::draining:
        case State::lingering:
            return discard_input();
        case State::idle:
        case State::closed:
            return;
    }
}

void StreamDriver::read_input() {
    Result<void> result;
    const auto buffer = shard_.receive_buffer();
    for (int turn = 0; turn < kReadsPerTurn && may_read(); ++turn) {
        const auto n = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (n < 0) {
            if (errno == EINTR) continue;
            if (would_block()) break;
            return finish(system_error("recv"), Ending::abrupt);
        }
        if (n == 0) {
            end_of_input_ = true;
            const auto wish = call([&] { return handler_->handle_end_of_input(now()); });
            if (wish == EndOfInput::close) {
                return finish({Errc::peer_closed, "recv"}, Ending::abrupt);
            }
            break;
        }
        const auto size = static_cast<std::size_t>(n);
        bytes_in_.fetch_add(size, kRelaxed);
        result = call([&] { return handler_->handle_input(buffer.first(size), now()); });
        if (!result || size < buffer.size()) break;
    }
    settle(result);
}

// A peer that sends its last bytes and closes at once, without reading ours, makes our next write
// fail while those bytes still wait here.
void StreamDriver::read_the_rest() {
    const auto buffer = shard_.receive_buffer();
    while (may_read()) {
        const auto n = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        const auto size = static_cast<std::size_t>(n);
        bytes_in_.fetch_add(size, kRelaxed);
        if (!call([&] { return handler_->handle_input(buffer.first(size), now()); })) return;
    }
}

bool StreamDriver::may_read() const {
    return state_ == State::open && !close_now_ && !end_of_input_ && !handler_->closed() &&
           handler_->held_bytes() <= config_.max_held_bytes;
}

void StreamDriver::discard_input() {
    const auto buffer = shard_.receive_buffer();
    for (int turn = 0; turn < kReadsPerTurn; ++turn) {
        const auto n = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (n > 0) {
            bytes_in_.fetch_add(static_cast<std::size_t>(n), kRelaxed);
            continue;
        }
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && would_block()) break;
        end_of_input_ = true;  // or an error, which the next write meets as well
        if (state_ == State::lingering) return close_socket();
        break;
    }
    wait_readable();
}

// Output

Result<void> StreamDriver::write_output() {
    std::size_t written = 0;
    while (!writing_) {
        const auto output = handler_->pending_output();
        std::array<iovec, kMaxVectors> vectors;
        std::size_t count = 0;
        std::size_t total = 0;
        for (const SharedBuffer& slice : output) {
            if (slice.empty()) continue;
            if (count == kMaxVectors) break;
            // sendmsg does not write to it; iovec serves reading as well.
            vectors[count++] = {const_cast<std::uint8_t*>(slice.data()), slice.size()};
            total += slice.size();
        }
        if (total == 0) {
            stalled_since_.reset();
            return {};
        }
        msghdr message{};
        message.msg_iov = vectors.data();
        message.msg_iovlen = count;
        const auto n = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && !would_block()) return system_error("sendmsg");

        const auto sent = n < 0 ? 0 : static_cast<std::size_t>(n);
        if (sent > 0) {
            bytes_out_.fetch_add(sent, kRelaxed);
            stalled_since_.reset();
            call([&] { handler_->consume_output(sent); });
        }
        written += sent;
        const bool full = sent < total;
        if (full && !stalled_since_) stalled_since_ = now();
        if (full || written >= kBytesWrittenPerTurn) wait_writable();
    }
    return {};
}

void StreamDriver::wait_writable() {
    writing_ = true;
    socket_.async_wait(tcp::socket::wait_write,
                       [self = shared_from_this()](const std::error_code& code) {
                           self->writing_ = false;
                           if (!code) self->on_writable();
                       });
}

void StreamDriver::on_writable() {
    if (state_ == State::open || state_ == State::draining) settle({});
}

// Time

std::optional<TimePoint> StreamDriver::deadline() const {
    if (state_ != State::open) return drain_deadline_;
    auto at = handler_->next_timeout();
    if (stalled_since_ && config_.stall_timeout.count() > 0) {
        const auto stall = *stalled_since_ + config_.stall_timeout;
        at = at ? std::min(*at, stall) : stall;
    }
    return at;
}

// A timer that is due earlier than needed stays: most deadlines only ever move away (an idle timeout
// does with every input), and looking again when it fires costs less than setting it each time.
void StreamDriver::update_timer() {
    const auto at = deadline();
    if (!at || (timer_at_ && *timer_at_ <= *at)) return;
    timer_at_ = at;
    timer_.expires_at(*at);
    timer_.async_wait([self = shared_from_this()](const std::error_code& code) {
        if (!code) self->on_timer();
    });
}

void StreamDriver::on_timer() {
    timer_at_.reset();
    if (state_ == State::closed) return;
    const auto time = now();
    const auto due = deadline();
    if (!due || *due > time) return update_timer();
    if (state_ == State::lingering) return close_socket();
    if (state_ == State::draining) return finish(*close_reason_, Ending::abrupt);
    if (stalled_since_ && config_.stall_timeout.count() > 0 &&
        *stalled_since_ + config_.stall_timeout <= time) {
        return finish({Errc::stalled, "sendmsg"}, Ending::abrupt);
    }
    settle(call([&] { return handler_->handle_timeout(time); }));
}

// The end

void StreamDriver::begin_drain(Error reason) {
    state_ = State::draining;
    close_reason_ = reason;
    drain_deadline_ = now() + config_.drain_timeout;
}

void StreamDriver::finish(Error reason, Ending ending) {
    state_ = State::lingering;
    call([&] { handler_->on_closed(close_reason_.value_or(reason)); });

    std::error_code failed;
    if (ending == Ending::orderly) socket_.shutdown(tcp::socket::shutdown_send, failed);
    if (ending == Ending::abrupt || failed || end_of_input_ || close_now_) return close_socket();
    drain_deadline_ = now() + config_.linger_timeout;
    wait_readable();
    update_timer();
}

void StreamDriver::close_socket() {
    const auto self = shared_from_this();  // the handler may hold the last other reference
    state_ = State::closed;
    std::error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
    shard_.remove(position_);
    const auto handler = std::move(handler_);
    handler->on_released();
}

}  // namespace streamkit::net
