#pragma once

// Messages that wait for room in the send buffer of a connection.

#include <deque>
#include <utility>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/rudp/connection.hpp"

namespace streamkit::file {

/// Keeps order. A write that is refused is tried again by `flush`, when the connection says that it
/// would take bytes again.
class Outgoing {
public:
    void send(rudp::Connection& connection, rudp::StreamId stream, Bytes message) {
        waiting_.push_back(SharedBuffer::take(std::move(message)));
        flush(connection, stream);
    }
    void flush(rudp::Connection& connection, rudp::StreamId stream) {
        while (!waiting_.empty() && connection.write(stream, waiting_.front()))
            waiting_.pop_front();
    }
    [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

private:
    std::deque<SharedBuffer> waiting_;
};

}  // namespace streamkit::file
