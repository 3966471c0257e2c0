#include "streamkit/rtmp/client_session.hpp"

#include <utility>

#include "client_core.hpp"
#include "streamkit/base/uri.hpp"

namespace streamkit::rtmp {

Result<ClientConfig> ClientConfig::for_url(std::string_view url, ClientRole role) {
    const auto uri = Uri::parse(url);
    if (!uri) return uri.error();
    if (uri->scheme != "rtmp" && uri->scheme != "rtmps") return Error{Errc::invalid_url, "scheme"};
    const auto last_slash = uri->path.rfind('/');
    if (last_slash == std::string::npos || last_slash == 0) {
        return Error{Errc::invalid_url, "stream name"};
    }
    ClientConfig config;
    config.role = role;
    config.app = uri->path.substr(1, last_slash - 1);
    config.stream_name = uri->path.substr(last_slash + 1);
    config.tc_url = uri->scheme + "://" + uri->authority() + "/" + config.app;
    if (config.stream_name.empty()) return Error{Errc::invalid_url, "stream name"};
    if (!uri->query.empty()) config.stream_name += "?" + uri->query;
    return config;
}

ClientSession::ClientSession(ClientConfig config, RandomSource& random, TimePoint now)
    : core_(std::make_unique<Core>(std::move(config), random, now)) {}
ClientSession::ClientSession(ClientSession&&) noexcept = default;
ClientSession& ClientSession::operator=(ClientSession&&) noexcept = default;
ClientSession::~ClientSession() = default;

Result<void> ClientSession::handle_input(BytesView input, TimePoint now) {
    return core_->handle_input(input, now);
}
void ClientSession::handle_end_of_input() { core_->end(); }
Result<void> ClientSession::handle_timeout(TimePoint now) { return core_->handle_timeout(now); }
std::optional<ClientEvent> ClientSession::poll_event() { return core_->poll_event(); }
std::span<const SharedBuffer> ClientSession::pending_output() const noexcept {
    return core_->connection().output();
}
void ClientSession::consume_output(std::size_t n) { core_->consume_output(n); }
std::optional<TimePoint> ClientSession::next_timeout() const noexcept {
    return core_->next_timeout();
}
std::size_t ClientSession::held_bytes() const noexcept { return core_->connection().held_bytes(); }
std::size_t ClientSession::unsent_bytes() const noexcept {
    return core_->connection().output_bytes();
}
bool ClientSession::closed() const noexcept { return core_->closed(); }
Result<void> ClientSession::send(const MediaEvent& event) { return core_->send(event); }
void ClientSession::close() { core_->close(); }

}  // namespace streamkit::rtmp
