#include "streamkit/rtmp/server_session.hpp"

#include <utility>

#include "server_core.hpp"

namespace streamkit::rtmp {

ServerSession::ServerSession(ServerConfig config, RandomSource& random, TimePoint now)
    : core_(std::make_unique<Core>(std::move(config), random, now)) {}
ServerSession::ServerSession(ServerSession&&) noexcept = default;
ServerSession& ServerSession::operator=(ServerSession&&) noexcept = default;
ServerSession::~ServerSession() = default;

Result<void> ServerSession::handle_input(BytesView input, TimePoint now) {
    return core_->handle_input(input, now);
}
void ServerSession::handle_end_of_input() { core_->close(); }
Result<void> ServerSession::handle_timeout(TimePoint now) { return core_->handle_timeout(now); }
std::optional<ServerEvent> ServerSession::poll_event() { return core_->poll_event(); }
std::span<const SharedBuffer> ServerSession::pending_output() const noexcept {
    return core_->connection().output();
}
void ServerSession::consume_output(std::size_t n) { core_->consume_output(n); }
std::optional<TimePoint> ServerSession::next_timeout() const noexcept {
    return core_->next_timeout();
}
std::size_t ServerSession::held_bytes() const noexcept { return core_->connection().held_bytes(); }
std::size_t ServerSession::unsent_bytes() const noexcept {
    return core_->connection().output_bytes();
}
bool ServerSession::closed() const noexcept { return core_->closed(); }

void ServerSession::accept(RequestId id) { core_->accept(id); }
void ServerSession::reject(RequestId id, std::string_view why) { core_->reject(id, why); }
void ServerSession::send(RequestId play, const EncodedMessage& message) {
    core_->send(play, message);
}
void ServerSession::end_play(RequestId id, std::string_view why) { core_->end_play(id, why); }
void ServerSession::end_publish(RequestId id, std::string_view why) { core_->end_publish(id, why); }
void ServerSession::close() { core_->close(); }
const ServerStats& ServerSession::stats() const noexcept { return core_->stats(); }

}  // namespace streamkit::rtmp
