#include "streamkit/rudp/connection.hpp"

#include <utility>

#include "connection_core.hpp"

namespace streamkit::rudp {
namespace {

Error not_connected() { return Error{Errc::not_connected, "connection"}; }

/// Does something with the streams, and lets the endpoint send what came of it.
template <class F>
auto with_streams(const std::unique_ptr<ConnectionCore>& core, F&& f)
    -> decltype(f(core->streams())) {
    if (core == nullptr || !core->is_open()) return not_connected();
    auto result = f(core->streams());
    if (result) core->wake();
    return result;
}

}  // namespace

Connection::Connection(const Path& path) noexcept : path_(path) {}
Connection::~Connection() = default;

Result<StreamId> Connection::open_stream(StreamKind kind) {
    return with_streams(core_, [&](StreamSet& streams) { return streams.open(kind); });
}
std::uint64_t Connection::writable(StreamId stream) const {
    return core_ == nullptr || !core_->is_open() ? 0 : core_->streams().writable(stream);
}
Result<void> Connection::write(StreamId stream, SharedBuffer bytes) {
    return with_streams(
        core_, [&](StreamSet& streams) { return streams.write(stream, std::move(bytes)); });
}
Result<void> Connection::finish(StreamId stream) {
    return with_streams(core_, [&](StreamSet& streams) { return streams.finish(stream); });
}
Result<void> Connection::reset(StreamId stream, std::uint64_t code) {
    return with_streams(core_, [&](StreamSet& streams) { return streams.reset(stream, code); });
}
Result<void> Connection::stop(StreamId stream, std::uint64_t code) {
    return with_streams(core_, [&](StreamSet& streams) { return streams.stop(stream, code); });
}
Result<void> Connection::set_priority(StreamId stream, std::uint8_t priority) {
    return with_streams(core_,
                        [&](StreamSet& streams) { return streams.set_priority(stream, priority); });
}

BytesView Connection::readable(StreamId stream) const {
    return core_ == nullptr ? BytesView{} : core_->streams().readable(stream);
}
void Connection::consume(StreamId stream, std::size_t n) {
    if (core_ == nullptr) return;
    core_->streams().consume(stream, n);
    if (core_->streams().has_control()) core_->wake();
}
bool Connection::at_end(StreamId stream) const {
    return core_ != nullptr && core_->streams().at_end(stream);
}

Result<MessageId> Connection::send(OutgoingMessage message, TimePoint now) {
    if (core_ == nullptr) return not_connected();
    return core_->send(std::move(message), now);
}

void Connection::set_buffer_level(std::chrono::milliseconds level) {
    if (core_ != nullptr) core_->set_buffer_level(level);
}
void Connection::set_max_rate(congestion::Bandwidth rate) {
    if (core_ != nullptr) core_->set_max_rate(rate);
}
void Connection::set_congestion(congestion::Algorithm algorithm) {
    if (core_ != nullptr) core_->set_congestion(algorithm);
}
std::optional<std::chrono::microseconds> Connection::clock_offset() const {
    if (core_ == nullptr) return std::nullopt;
    return core_->clock_offset();
}
ConnectionStats Connection::stats() const {
    if (core_ != nullptr) return core_->stats();
    ConnectionStats out;
    out.path = path_;
    return out;
}
bool Connection::connected() const noexcept {
    return core_ != nullptr && core_->is_open() && core_->is_confirmed();
}
const Path& Connection::path() const noexcept { return core_ == nullptr ? path_ : core_->path(); }
std::size_t Connection::held_bytes() const noexcept {
    return core_ == nullptr ? 0 : core_->held_bytes();
}

}  // namespace streamkit::rudp
